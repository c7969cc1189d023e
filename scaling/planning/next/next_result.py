"""Which runs to train next, and what they are expected to bring."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from scaling.fitting import Estimate
from scaling.notes import coded
from scaling.planning.target import Target
from scaling.show.text import INFEASIBLE, span
from scaling.units import finite_or_none, format_count

NextStatus = Literal["ok", "nothing_helps", "not_identified"]
COLUMNS = ("params", "ratio", "tokens", "seed", "flops", "width_after")


@dataclass(frozen=True, eq=False)
class NextProbes:
    """The runs that shrink the interval of the critical ratio most for their compute.

    runs: in the order in which they were chosen, columns params, ratio, tokens, seed, flops (6 N D, and that of the base
    where it is the first run of a size without one) and width_after, the width expected once it is trained. width_before is
    that of the plan's interval (critical_ratio, of the table as it is; with few runs a first-order one if that is wider),
    from which the others fall in proportion to first order: they are for comparing designs, and the plan of the larger
    table tells the real ones. status: "nothing_helps" where no run within the budget narrows it by more than a little,
    "not_identified" where the table cannot say what would help (a warning says why).
    """

    runs: pd.DataFrame
    width_before: float
    width_after: float
    flops: float
    budget: float
    critical_ratio: Estimate[float]
    status: NextStatus
    warnings: tuple[str, ...]
    target: Target
    law: str

    def to_json_dict(self) -> dict[str, Any]:
        """The contract of `scaling next --json`; NaN becomes None."""
        return {
            "runs": [{**row, "seed": int(row["seed"])} for row in self.runs.astype(float).to_dict("records")],
            "width_before": finite_or_none(self.width_before),
            "width_after": finite_or_none(self.width_after),
            "flops": self.flops,
            "budget": self.budget,
            "critical_ratio": self.critical_ratio.to_json_dict(),
            "status": self.status,
            "law": self.law,
            "level": self.target.level,
            "warnings": list(self.warnings),
            "notes": coded(self.warnings),
        }

    def summary(self) -> str:
        """The answer in plain words."""
        lines = [f"For {self.target.text()}:", f"  critical ratio now  {self._now()}"]
        if self.status != "not_identified":
            used = f"{self.flops:.3g} of {self.budget:.3g} FLOPs"
            lines.append(f"  expected width      {self.width_before:.3f} -> {self.width_after:.3f} with {used}")
            lines += [f"  {line}" for line in self._table()]
        return "\n".join(lines + [f"  note: {warning}" for warning in self.warnings])

    def _now(self) -> str:
        if not math.isfinite(self.critical_ratio.value):
            return "not identified" if self.status == "not_identified" else INFEASIBLE
        return span(self.critical_ratio, ".3f")

    def _table(self) -> list[str]:
        if self.runs.empty:
            return ["no run within the budget narrows it by more than a little"]
        heads = f"{'params':>8} {'ratio':>6} {'tokens':>8} {'seed':>4} {'FLOPs':>9} {'width after':>11}"
        return [heads] + [
            f"{format_count(params):>8} {ratio:>6.3g} {format_count(tokens):>8} {seed:>4.0f} {flops:>9.3g} {width:>11.3f}"
            for params, ratio, tokens, seed, flops, width in self.runs[list(COLUMNS)].to_numpy(float)
        ]
