"""`scaling allocate`: model size and tokens for a compute budget."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tyro.conf import Positional

from scaling.commands.options import AUTO, Count, LawOption, StageOption, print_json, read_fit


@dataclass(frozen=True)
class Allocate:
    """Split a compute budget between model size and CPT tokens, 6 FLOPs a parameter and token."""

    source: Positional[Path]
    """A fit written by `scaling fit --out`, or a run table, which is fitted first."""
    flops: Count
    """FLOPs of CPT, 6 * params * tokens; 1e21."""
    ratio: float
    """Share of domain tokens, 0 to 1."""
    corpus: Literal["domain", "general"] = "domain"
    """Whose loss is to be least."""
    level: float = 0.9
    """Level of the intervals."""
    law: LawOption = AUTO
    domain: str | None = None
    """The domain to plan for: only its rows of a run table, unless the law is fitted to several domains at once."""
    stage: StageOption = "auto"
    json: bool = False
    """Print one JSON object instead of text."""

    def __call__(self) -> None:
        """Split and print."""
        from scaling.planning import allocate_compute
        from scaling.readers import is_table

        # The default law has no general loss of its own, only its rise; either fit has D-CPT for the domain loss.
        law = "dcpt" if self.law == AUTO and self.corpus == "general" and is_table(self.source) else self.law
        fitted, _ = read_fit(self.source, law, self.domain, self.stage)
        answer = allocate_compute(fitted, self.flops, self.ratio, corpus=self.corpus, level=self.level)
        if self.json:
            print_json(answer.to_json_dict())
        else:
            print(answer.summary())
