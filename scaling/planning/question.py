"""What a plan is asked, checked once."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scaling.errors import InputError
from scaling.units import format_count


class NotIdentified(Exception):
    """The table cannot carry the answer; the text says why. Caught in planning and turned into a status."""


class NoBaseLoss(NotIdentified):
    """There is no base loss at the target, and none to carry there."""


@dataclass(frozen=True)
class Question:
    """A target model and budget, and how much the general loss may rise.

    `params` and `tokens` are counts; `tolerance` is in nats per token, or a share of the base loss where `relative`;
    `level` is that of the interval. `far`: a target more than 1,000 times beyond the probes is meant.
    """

    params: float
    tokens: float
    tolerance: float
    relative: bool
    level: float
    far: bool = False

    def __post_init__(self) -> None:
        """Raise `InputError` for a target that makes no sense."""
        for name in ("params", "tokens"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise InputError(f"{name} must be above 0, not {value:g}")
        if not (math.isfinite(self.tolerance) and self.tolerance >= 0):
            raise InputError(f"tolerance must not be negative, and is {self.tolerance:g}")
        if not 0 < self.level < 1:
            raise InputError(f"level must lie between 0 and 1, not {self.level:g}")

    def allowed(self, base: float) -> float:
        """The rise over the base loss that is allowed, in nats per token."""
        return self.tolerance * base if self.relative else self.tolerance

    def text(self) -> str:
        """The question in words."""
        rise = f"{100 * self.tolerance:g} %" if self.relative else f"{self.tolerance:g} nats"
        return (
            f"{format_count(self.params)} params, {format_count(self.tokens)} tokens, general loss up by at most {rise}"
        )
