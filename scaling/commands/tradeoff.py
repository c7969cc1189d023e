"""`scaling tradeoff`: both losses over ratios."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tyro.conf import Positional

from scaling.commands.options import AUTO, Count, LawOption, MaybeCount, StageOption, print_json, read_fit


@dataclass(frozen=True)
class Tradeoff:
    """Tabulate general and domain loss over ratios, with the critical ratio and the Pareto front."""

    source: Positional[Path]
    """A fit written by `scaling fit --out`, or a run table, which is fitted first."""
    params: Count
    """Parameters of the model to train, counted as in the run table; 7e9 or 7B."""
    tokens: Count
    """CPT tokens it will see; 20e9 or 20B."""
    tolerance: float = 0.05
    """How much the general loss may rise over the base loss: nats per token, or a share with --relative."""
    relative: bool = False
    """The tolerance is a share of the base loss: 0.03 allows 3 %."""
    base_general_loss: float | None = None
    """General loss of the model before training; by default carried from the rows at tokens 0."""
    base_tokens: MaybeCount = None
    """Tokens that the model's base saw; by default what the run table says of that size, or leads to."""
    points: int = 21
    """Even ratios from 0 to 1; the critical ratio is added."""
    level: float = 0.9
    """Level of the intervals."""
    law: LawOption = AUTO
    domain: str | None = None
    """The domain to plan for: only its rows of a run table, unless the law is fitted to several domains at once."""
    stage: StageOption = "auto"
    json: bool = False
    """Print one JSON object instead of text."""

    def __call__(self) -> None:
        """Tabulate and print."""
        from scaling.planning import tradeoff_table

        fitted, _ = read_fit(self.source, self.law, self.domain, self.stage)
        answer = tradeoff_table(
            fitted,
            self.params,
            self.tokens,
            self.tolerance,
            relative=self.relative,
            base_general_loss=self.base_general_loss,
            base_tokens=self.base_tokens,
            level=self.level,
            points=self.points,
        )
        if self.json:
            print_json(answer.to_json_dict())
        else:
            print(answer.summary())
