"""`scaling limited`: the ratio for a limited amount of domain text."""

from __future__ import annotations

from dataclasses import dataclass

from scaling.commands.options import Count, MaybeCount, read_fit
from scaling.commands.target import Source


@dataclass(frozen=True, kw_only=True)
class Limited(Source):
    """Find the domain share that makes most of a limited amount of domain text."""

    params: Count
    """Parameters of the model to train, counted as in the run table; 7e9 or 7B."""
    domain_tokens: Count
    """Unique domain tokens there are; 5e9 or 5B."""
    tokens: MaybeCount = None
    """CPT tokens in all, by which domain tokens may repeat; by default each is seen once: domain tokens / ratio."""
    max_epochs: float = 4.0
    """How often the domain tokens may be seen, with --tokens."""
    far: bool = False
    """Answer even for a target more than 1,000 times beyond the probes."""

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
            far=self.far,
        )
        self.show(answer)
