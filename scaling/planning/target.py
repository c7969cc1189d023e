"""What a plan is asked: one object, checked once."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from scaling.errors import InputError
from scaling.notes import note
from scaling.units import format_count


class NotIdentified(Exception):
    """The table cannot carry the answer; the text says why. Caught in planning and turned into a status."""


class NoBaseLoss(NotIdentified):
    """There is no base loss at the target, and none to carry there."""


@dataclass(frozen=True)
class Target:
    """A model and a token budget, how much the general loss may rise, and what is known of the base.

    `params` and `tokens` are counts; `tolerance` is in nats per token, or a share of the base loss where `relative`.
    `base_general_loss` (nats per token) and `base_tokens` (a count) are those of the model before training; None takes what
    the table says of that size, or leads to. `level` is that of the interval. `far`: a target more than 1,000 times beyond
    the probes is meant. Raises `InputError` for a value that makes no sense.

    >>> Target(7e9, 20e9).text()
    '7B params, 20B tokens, general loss up by at most 0.05 nats'
    >>> Target(7e9, 0)
    Traceback (most recent call last):
    ...
    scaling.errors.InputError: tokens must be above 0, not 0
    """

    params: float
    tokens: float
    tolerance: float = 0.05
    relative: bool = False
    base_general_loss: float | None = None
    base_tokens: float | None = None
    level: float = 0.9
    far: bool = False

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        for name in ("params", "tokens", "base_general_loss", "base_tokens"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value > 0):
                raise InputError(note("not_positive", name=name.replace("_", " "), given=value))
        if not (math.isfinite(self.tolerance) and self.tolerance >= 0):
            raise InputError(note("tolerance_negative", given=self.tolerance))
        if not 0 < self.level < 1:
            raise InputError(f"level must lie between 0 and 1, not {self.level:g}")

    @classmethod
    def of(cls, target: Target | float | None, *counts: float, **asked: Any) -> Target:
        """The target that is given, with the fields in `asked` replaced; or one made of them.

        target: a Target, or the params, followed by tokens and tolerance where they are not in `asked`.
        """
        if isinstance(target, Target):
            if counts:
                raise TypeError("a Target has its tokens and tolerance; give changes by name")
            return replace(target, **asked) if asked else target
        first = () if target is None else (target,)
        given = dict(zip(("params", "tokens", "tolerance"), (*first, *counts), strict=False)) | asked
        floats = ("params", "tokens", "tolerance", "level", "base_general_loss", "base_tokens")
        fields: dict[str, Any] = {k: float(v) if k in floats and v is not None else v for k, v in given.items()}
        return cls(**fields)

    def at(self, params: float, tokens: float) -> Target:
        """The same question of another size and token count, whose base is what the table says."""
        return replace(self, params=params, tokens=tokens, base_general_loss=None, base_tokens=None)

    def allowed(self, base: float) -> float:
        """The rise over the base loss that is allowed, in nats per token."""
        return self.tolerance * base if self.relative else self.tolerance

    def text(self) -> str:
        """The question in words."""
        rise = f"{100 * self.tolerance:g} %" if self.relative else f"{self.tolerance:g} nats"
        return (
            f"{format_count(self.params)} params, {format_count(self.tokens)} tokens, general loss up by at most {rise}"
        )
