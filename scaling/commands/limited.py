"""`scaling limited`: the ratio for a limited amount of domain text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tyro.conf import Positional

from scaling.commands.options import AUTO, Count, LawOption, MaybeCount, StageOption, print_json, read_fit


@dataclass(frozen=True)
class Limited:
    """Find the domain share that makes most of a limited amount of domain text."""

    source: Positional[Path]
    """A fit written by `scaling fit --out`, or a run table, which is fitted first."""
    params: Count
    """Parameters of the model to train, counted as in the run table; 7e9 or 7B."""
    domain_tokens: Count
    """Unique domain tokens there are; 5e9 or 5B."""
    tokens: MaybeCount = None
    """CPT tokens in all, by which domain tokens may repeat; by default each is seen once: domain tokens / ratio."""
    max_epochs: float = 4.0
    """How often the domain tokens may be seen, with --tokens."""
    level: float = 0.9
    """Level of the intervals."""
    law: LawOption = AUTO
    domain: str | None = None
    """The domain to plan for: only its rows of a run table, unless the law is fitted to several domains at once."""
    stage: StageOption = "auto"
    json: bool = False
    """Print one JSON object instead of text."""

    def __call__(self) -> None:
        """Plan and print."""
        from scaling.planning import limited_data

        fitted, runs = read_fit(self.source, self.law, self.domain, self.stage)
        answer = limited_data(
            fitted,
            self.params,
            self.domain_tokens,
            self.tokens,
            max_epochs=self.max_epochs,
            level=self.level,
            runs=runs,
        )
        if self.json:
            print_json(answer.to_json_dict())
        else:
            print(answer.summary())
