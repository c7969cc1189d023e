"""What the planning commands are asked: a fit or a table, and a target. Each adds options of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tyro.conf import Positional

from scaling.commands.options import AUTO, Count, LawOption, MaybeCount, StageOption, print_json

if TYPE_CHECKING:
    import scaling.planning


class Answer(Protocol):
    """What a planning command prints."""

    def to_json_dict(self) -> dict[str, Any]:
        """The contract's object."""

    def summary(self) -> str:
        """The same in plain words."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where the answer comes from and how it is printed."""

    source: Positional[Path]
    """A fit written by `scaling fit --out`, or a run table, which is fitted first."""
    law: LawOption = AUTO
    domain: str | None = None
    """The domain to plan for: only its rows of a run table, unless the law is fitted to several domains at once."""
    stage: StageOption = "auto"
    level: float = 0.9
    """Level of the intervals."""
    json: bool = False
    """Print one JSON object instead of text."""

    def show(self, answer: Answer) -> None:
        """Print the answer."""
        if self.json:
            print_json(answer.to_json_dict())
        else:
            print(answer.summary())


@dataclass(frozen=True, kw_only=True)
class Limits(Source):
    """How much the general loss may rise, over a base of which this is known."""

    tolerance: float = 0.05
    """How much the general loss may rise over the base loss: nats per token, or a share with --relative."""
    relative: bool = False
    """The tolerance is a share of the base loss: 0.03 allows 3 %."""
    base_general_loss: float | None = None
    """General loss of the model before training; by default carried from the rows at tokens 0."""
    base_tokens: MaybeCount = None
    """Tokens that model was pre-trained on; by default the trend of the column base_tokens."""
    far: bool = False
    """Answer even for a target more than 1,000 times beyond the probes."""

    @property
    def limits(self) -> dict[str, Any]:
        """The fields of a `scaling.Target` beside its size and tokens."""
        names = ("tolerance", "relative", "base_general_loss", "base_tokens", "level", "far")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, kw_only=True)
class Target(Limits):
    """A model and a budget, and how much the general loss may rise."""

    params: Count
    """Parameters of the model to train, counted as in the run table; 7e9 or 7B."""
    tokens: Count
    """CPT tokens it will see; 20e9 or 20B."""

    @property
    def target(self) -> scaling.planning.Target:
        """What is asked."""
        from scaling.planning import Target as Asked

        return Asked(self.params, self.tokens, **self.limits)
