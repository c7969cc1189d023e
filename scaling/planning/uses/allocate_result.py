"""What an allocation of compute is asked, and its answer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from scaling.errors import InputError
from scaling.fitting import Estimate
from scaling.planning.text import brackets, extrapolation_text, span
from scaling.runs import CORPORA
from scaling.units import finite_or_none


@dataclass(frozen=True)
class AllocationQuestion:
    """A compute budget in FLOPs, the ratio, and the corpus whose loss is to be least."""

    flops: float
    ratio: float
    corpus: str
    level: float

    def __post_init__(self) -> None:
        """Raise `InputError` for a question that makes no sense."""
        if not (math.isfinite(self.flops) and self.flops > 0):
            raise InputError(f"flops must be above 0, not {self.flops:g}")
        if not 0 <= self.ratio <= 1:
            raise InputError(f"ratio must lie in 0..1, not {self.ratio:g}; write 0.25 for 25 %")
        if self.corpus not in CORPORA:
            raise InputError(f"corpus {self.corpus!r} is unknown; the corpora are {' and '.join(CORPORA)}")
        if not 0 < self.level < 1:
            raise InputError(f"level must lie between 0 and 1, not {self.level:g}")


@dataclass(frozen=True)
class Allocation:
    """The model size and CPT tokens with the least loss for a compute budget.

    `status` is "ok" or "not_identified" (the table does not tell the split, a warning says why; numbers are NaN). `loss`
    is that of the question's corpus at the point estimate's split, nats per token; its interval is the law's there.
    `extrapolation` as in `Plan`.
    """

    params: Estimate[float]
    tokens: Estimate[float]
    tokens_per_param: Estimate[float]
    loss: Estimate[float]
    status: Literal["ok", "not_identified"]
    extrapolation: dict[str, float]
    warnings: tuple[str, ...]
    question: AllocationQuestion

    def to_json_dict(self) -> dict[str, Any]:
        """The object that `scaling allocate --json` prints; NaN becomes None."""
        names = ("params", "tokens", "tokens_per_param", "loss")
        return {
            **{name: getattr(self, name).to_json_dict() for name in names},
            **{name: getattr(self.question, name) for name in ("corpus", "flops", "ratio", "level")},
            "status": self.status,
            "extrapolation": {name: finite_or_none(value) for name, value in self.extrapolation.items()},
            "warnings": list(self.warnings),
        }

    def summary(self) -> str:
        """The answer in plain words."""
        asked = self.question
        lines = [f"For {asked.flops:.3g} FLOPs at ratio {asked.ratio:g}, least {asked.corpus} loss:"]
        if self.status == "not_identified":
            lines.append("  params             not identified by this table")
        else:
            title = f"{asked.corpus} loss"
            level = f" ({100 * asked.level:g} % interval)" if brackets(self.params, "count") else ""
            lines += [
                f"  params             {span(self.params, 'count')}{level}",
                f"  tokens             {span(self.tokens, 'count')}",
                f"  tokens per param   {span(self.tokens_per_param, '.3g')}",
                f"  {title:<18} {span(self.loss, '.4f')} nats/token",
                f"  extrapolation      {extrapolation_text(self.extrapolation)}",
            ]
        return "\n".join(lines + [f"  note: {warning}" for warning in self.warnings])
