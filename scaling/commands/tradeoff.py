"""`scaling tradeoff`: both losses over ratios."""

from __future__ import annotations

from dataclasses import dataclass

from scaling.commands.options import read_fit
from scaling.commands.target import Target


@dataclass(frozen=True, kw_only=True)
class Tradeoff(Target):
    """Tabulate general and domain loss over ratios, with the critical ratio and the Pareto front."""

    points: int = 21
    """Even ratios from 0 to 1; the critical ratio is added."""

    def __call__(self) -> None:
        """Tabulate and print."""
        from scaling.planning import tradeoff_table

        fitted, _ = read_fit(self.source, self.law, self.domain, self.stage)
        self.show(tradeoff_table(fitted, self.target, points=self.points))
