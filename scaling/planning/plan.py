"""The answer: one immutable `Plan`, whatever its status."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scaling.fitting import Estimate, Provenance
from scaling.notes import coded
from scaling.planning.rise import UNKNOWN, Status
from scaling.planning.target import Target
from scaling.show.text import INFEASIBLE, NOT_IDENTIFIED, UNCONSTRAINED, brackets, extrapolation_text
from scaling.storage import write_text
from scaling.units import finite_or_none

FORMAT, VERSION = "scaling-plan", 1  # of plan.json
ESTIMATES = ("critical_ratio", "general_loss", "domain_loss", "base_general_loss")


@dataclass(frozen=True)
class Plan:
    """The critical mixture ratio for one target.

    `status` is "ok"; "unconstrained" (every ratio passes, the value is 1); "infeasible" (none does: the value is NaN
    and a warning names the least rise there is); or "not_identified" (the table cannot carry the answer, a warning says
    why). Losses are nats per token at the critical ratio, or at the ratio of the least rise where none passes.
    `extrapolation` holds factors over the probed sizes and token counts (1 inside their range), the distance of the
    critical ratio from the probed ratios (0 inside), and where both are known the factor over the tokens per parameter
    of the probes' bases. `law` is the general loss'; `route` is how the answer got to the target's size: by the "law", or
    by a "link" of one answer a size. `draws` are the ratios of the draws, NaN where none passes; `provenance` is what was
    fitted.

    >>> import scaling
    >>> fit = scaling.fit(scaling.load_runs("data/runs/prose-code.parquet"), law="forgetting", draws=0)
    >>> plan = scaling.critical_ratio(fit, params=10.6e6, tokens=262144, tolerance=0.05)
    >>> print(plan.summary())
    For 10.6M params, 262K tokens, general loss up by at most 0.05 nats:
      critical ratio     0.23... domain share
      general loss       3.55... nats/token
      base general loss  3.50... nats/token
      domain loss        3.7... nats/token
      extrapolation      3.99x in params, 1x in tokens, inside the probed ratios, ...
    """

    critical_ratio: Estimate[float]
    status: Status
    general_loss: Estimate[float]
    domain_loss: Estimate[float]
    base_general_loss: Estimate[float]
    extrapolation: dict[str, float]
    warnings: tuple[str, ...]
    target: Target
    definition: str = "tolerance"
    law: str = ""
    route: str = "law"
    draws: tuple[float, ...] = field(default=(), compare=False, repr=False)
    provenance: Provenance | None = field(default=None, compare=False, repr=False)

    @property
    def value(self) -> float:
        """The critical ratio; NaN where infeasible or not identified."""
        return self.critical_ratio.value

    @property
    def interval(self) -> tuple[float, float]:
        """Its interval at the question's level; draws in which no ratio passes count as 0."""
        return self.critical_ratio.low, self.critical_ratio.high

    def save(self, path: str | Path) -> None:
        """Write plan.json atomically: question, answer, draws of the ratio, notes, and what it was fitted from
        (`scaling.load_plan` reads it; docs/plan.schema.json). Raises InputError if it cannot be written."""
        content = {
            "format": FORMAT,
            "version": VERSION,
            "target": vars(self.target),
            **{name: getattr(self, name).to_json_dict() for name in ESTIMATES},
            "draws": [finite_or_none(draw) for draw in self.draws],
            **{name: getattr(self, name) for name in ("status", "definition", "law", "route")},
            "extrapolation": {name: finite_or_none(value) for name, value in self.extrapolation.items()},
            "notes": coded(self.warnings),
            "fitted_from": None if self.provenance is None else vars(self.provenance),
        }
        write_text(path, json.dumps(content, indent=1, allow_nan=False) + "\n")

    def to_json_dict(self) -> dict[str, Any]:
        """The contract of `scaling plan --json`; NaN becomes None."""
        numbers = {name: getattr(self, name).to_json_dict() for name in ESTIMATES}
        return {
            **numbers,
            "status": self.status,
            "definition": self.definition,
            "law": self.law,
            "route": self.route,
            "level": self.target.level,
            "extrapolation": {name: finite_or_none(value) for name, value in self.extrapolation.items()},
            "warnings": list(self.warnings),
            "notes": coded(self.warnings),
        }

    def summary(self) -> str:
        """The answer in plain words."""
        lines = [f"For {self.target.text()}:", f"  critical ratio     {self._answer()}"]
        for title, estimate in (
            ("general loss", self.general_loss),
            ("base general loss", self.base_general_loss),
            ("domain loss", self.domain_loss),
        ):
            if math.isfinite(estimate.value):
                lines.append(f"  {title:<18} {estimate.value:.4f}{brackets(estimate, '.4f')} nats/token")
        lines += [f"  extrapolation      {extrapolation_text(self.extrapolation)}"]
        return "\n".join(lines + [f"  note: {warning}" for warning in self.warnings])

    def _repr_html_(self) -> str:
        from scaling.show.html import plan_html

        return plan_html(self)

    def _answer(self) -> str:
        if self.status == "not_identified":
            return NOT_IDENTIFIED
        if self.status == "infeasible":
            return f"none: {INFEASIBLE}{brackets(self.critical_ratio, '.3f')}"
        every = f", {UNCONSTRAINED}" if self.status == "unconstrained" else ""
        level = f" ({100 * self.target.level:g} % interval)" if brackets(self.critical_ratio, ".3f") else ""
        return f"{self.value:.3f}{brackets(self.critical_ratio, '.3f')}{level} domain share{every}"


def not_identified(
    question: Target,
    reason: str,
    extrapolation: dict[str, float],
    *,
    definition: str = "tolerance",
    law: str = "",
    route: str = "law",
) -> Plan:
    """The plan that the table cannot carry, and why."""
    return Plan(
        critical_ratio=UNKNOWN,
        status="not_identified",
        general_loss=UNKNOWN,
        domain_loss=UNKNOWN,
        base_general_loss=UNKNOWN,
        extrapolation=extrapolation,
        warnings=(reason,),
        target=question,
        definition=definition,
        law=law,
        route=route,
    )


def is_plan(path: str | Path) -> bool:
    """Whether the file says of itself that it is a plan."""
    try:
        with Path(path).open(encoding="utf-8") as file:
            return f'"{FORMAT}"' in file.read(200)
    except (OSError, UnicodeDecodeError):
        return False
