"""The table of a trade-off, with the plan that belongs to it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from scaling.fitting import Estimate
from scaling.planning.result import Plan
from scaling.planning.text import span


@dataclass(frozen=True, eq=False)
class Tradeoff:
    """The table over ratios, and the plan whose critical ratio is one of its rows.

    Columns of `table`: ratio; general_loss, domain_loss, rise (of the general loss over the base loss), each with its _low
    and _high, nats per token, NaN where not known; within (the tolerance; NA where the rise is not known); pareto (no
    other row between the probed ratios has both losses as low and one lower); critical (the critical ratio's row); outside
    (of the ratios that were probed).
    `warnings` are the plan's and the domain's.
    """

    table: pd.DataFrame
    plan: Plan
    warnings: tuple[str, ...]

    def to_json_dict(self) -> dict[str, Any]:
        """The object that `scaling tradeoff --json` prints; NaN and NA become None."""
        plan = self.plan.to_json_dict()
        kept = ("critical_ratio", "status", "law", "base_general_loss", "level", "extrapolation")
        return {
            **{name: plan[name] for name in kept},
            "rows": [_json_row(row) for row in self.table.to_dict("records")],
            "warnings": list(self.warnings),
        }

    def summary(self) -> str:
        """The table as text: * marks the Pareto front, < the critical ratio, ? a ratio outside of those that were probed."""
        heads = f"{'ratio':>7} {'general loss':>25} {'rise':>8} {'within':>6} {'domain loss':>25}  front"
        lines = [f"For {self.plan.question.text()}:", heads]
        lines += [_text_row(row) for row in self.table.to_dict("records")]
        return "\n".join(lines + [f"  note: {warning}" for warning in self.warnings])


def _json_row(row: dict[Any, Any]) -> dict[str, Any]:
    within = None if pd.isna(row["within"]) else bool(row["within"])
    return {
        "ratio": float(row["ratio"]),
        **{name: _estimate(row, name).to_json_dict() for name in ("general_loss", "domain_loss", "rise")},
        "within": within,
        "pareto": bool(row["pareto"]),
        "critical": bool(row["critical"]),
        "outside": bool(row["outside"]),
    }


def _text_row(row: dict[Any, Any]) -> str:
    general, domain = (
        span(loss, ".4f") if math.isfinite(loss.value) else "-"
        for loss in (_estimate(row, name) for name in ("general_loss", "domain_loss"))
    )
    rise = f"{row['rise']:+.4f}" if math.isfinite(row["rise"]) else "-"
    within = "-" if pd.isna(row["within"]) else "yes" if row["within"] else "no"
    marks = ("*" if row["pareto"] else "?" if row["outside"] else "") + (" < critical ratio" if row["critical"] else "")
    return f"{row['ratio']:>7.3f} {general:>25} {rise:>8} {within:>6} {domain:>25}  {marks}".rstrip()


def _estimate(row: dict[Any, Any], name: str) -> Estimate[float]:
    return Estimate(*(float(row[f"{name}{end}"]) for end in ("", "_low", "_high")))
