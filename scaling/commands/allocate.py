"""`scaling allocate`: model size and tokens for a compute budget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from scaling.commands.options import AUTO, Count, read_fit
from scaling.commands.target import Source


@dataclass(frozen=True, kw_only=True)
class Allocate(Source):
    """Split a compute budget between model size and CPT tokens, 6 FLOPs per parameter and token."""

    flops: Count
    """FLOPs of CPT, 6 * params * tokens; 1e21."""
    ratio: float
    """Share of domain tokens, 0 to 1."""
    corpus: Literal["domain", "general"] = "domain"
    """The corpus whose loss is minimised."""

    def __call__(self) -> None:
        """Split and print."""
        from scaling.planning import allocate_compute
        from scaling.readers import is_table

        # The default law has no general loss of its own, only its rise; either fit has D-CPT for the domain loss.
        law = "dcpt" if self.law == AUTO and self.corpus == "general" and is_table(self.source) else self.law
        fitted, _ = read_fit(self.source, law, self.domain, self.stage)
        self.show(allocate_compute(fitted, self.flops, self.ratio, corpus=self.corpus, level=self.level))
