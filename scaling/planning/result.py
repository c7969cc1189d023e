"""The answer: one immutable `Plan`, whatever its status."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from scaling.fitting import Estimate
from scaling.planning.question import Question
from scaling.planning.text import brackets, extrapolation_text
from scaling.units import finite_or_none

Status = Literal["ok", "unconstrained", "infeasible", "not_identified"]
UNKNOWN: Estimate[float] = Estimate(math.nan, math.nan, math.nan)


@dataclass(frozen=True)
class Plan:
    """The critical mixture ratio for one target.

    `status` is "ok"; "unconstrained" (every ratio passes, the value is 1); "infeasible" (none does: the value is NaN
    and a warning names the least rise there is); or "not_identified" (the table cannot carry the answer, a warning says
    why). Losses are nats per token at the critical ratio, or at the ratio of the least rise where none passes.
    `extrapolation` holds factors over the probed sizes and token counts (1 inside their range), the distance of the
    critical ratio from the probed ratios (0 inside), and where both are known the factor over the tokens per parameter
    of the probes' bases. `law` is the general loss'; `route` is how the answer got to the target's size: by the "law", or
    by a "link" of one answer a size.

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
    question: Question
    definition: str = "tolerance"
    law: str = ""
    route: str = "law"

    @property
    def value(self) -> float:
        """The critical ratio; NaN where infeasible or not identified."""
        return self.critical_ratio.value

    @property
    def interval(self) -> tuple[float, float]:
        """Its interval at the question's level; draws in which no ratio passes count as 0."""
        return self.critical_ratio.low, self.critical_ratio.high

    def losses(self) -> dict[str, float]:
        """The losses that the answer comes with, nats per token, NaN where not known."""
        named = {"general loss": self.general_loss, "domain loss": self.domain_loss}
        return {name: one.value for name, one in (*named.items(), ("base general loss", self.base_general_loss))}

    def to_json_dict(self) -> dict[str, Any]:
        """The contract of `scaling plan --json`; NaN becomes None."""
        names = ("critical_ratio", "general_loss", "domain_loss", "base_general_loss")
        numbers = {name: getattr(self, name).to_json_dict() for name in names}
        return {
            **numbers,
            "status": self.status,
            "definition": self.definition,
            "law": self.law,
            "route": self.route,
            "level": self.question.level,
            "extrapolation": {name: finite_or_none(value) for name, value in self.extrapolation.items()},
            "warnings": list(self.warnings),
        }

    def summary(self) -> str:
        """The answer in plain words."""
        lines = [f"For {self.question.text()}:", f"  critical ratio     {self._answer()}"]
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
        from scaling.planning.notebook import plan_html

        return plan_html(self)

    def _answer(self) -> str:
        if self.status == "not_identified":
            return "not identified by this table"
        if self.status == "infeasible":
            return f"none: no ratio stays within the tolerance{brackets(self.critical_ratio, '.3f')}"
        every = ", every ratio stays within the tolerance" if self.status == "unconstrained" else ""
        level = f" ({100 * self.question.level:g} % interval)" if brackets(self.critical_ratio, ".3f") else ""
        return f"{self.value:.3f}{brackets(self.critical_ratio, '.3f')}{level} domain share{every}"


def not_identified(
    question: Question,
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
        question=question,
        definition=definition,
        law=law,
        route=route,
    )
