"""A fitted loss at the target as a function of the ratio, for the fit and its draws at once."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from scaling.arrays import Array
from scaling.fitting import CorpusFit, Estimate
from scaling.fitting.intervals.interval import interval
from scaling.laws import get_law
from scaling.nearness import same
from scaling.notes import note
from scaling.planning.extrapolation import refuse_farther
from scaling.planning.target import NotIdentified, Target
from scaling.runs import share


@dataclass(frozen=True)
class Curve:
    """What a fit says of one corpus (losses, or changes of them) at the question's params and tokens; B = 1 + draws, the
    fit itself first.

    Raises `NotIdentified` where the fit cannot answer at this target: it has one size only and the target is another,
    or one ratio only, or the target is so far away that a unit must be wrong.
    """

    fit: CorpusFit
    question: Target

    def __post_init__(self) -> None:
        """Refuse what the fit cannot answer."""
        seen = self.fit.base_tokens
        known = seen is not None and seen.known and self.base_tokens is not None
        bases = {"base_tokens": (min(seen.tokens), max(seen.tokens))} if seen is not None and known else {}
        refuse_farther({**self.fit.ranges, **bases}, self.question, self.base_tokens or math.nan)
        # Parameters that a table does not tell apart (a fit's own status) can still give one and the same curve.
        looks_at = get_law(self.fit.law).variables
        if "share" not in looks_at:
            raise NotIdentified(note("law_blind_to_ratio", law=self.fit.law))
        for variable in ("params", "tokens"):
            if variable not in looks_at and not same(*self.fit.ranges[variable]):
                raise NotIdentified(note("law_blind", law=self.fit.law, name=variable))
        for variable, only in self.fit.held.items():
            if variable in ("ratio", "share"):
                raise NotIdentified(note("one_ratio", only=only))
            target = getattr(self.question, variable)
            if not same(target, only):
                raise NotIdentified(note("one_value", only=only, name=variable, asked=target))

    @property
    def base_tokens(self) -> float | None:
        """What the target's base saw, where that is given; else it is what the table says of that size."""
        return self.question.base_tokens

    @property
    def count(self) -> int:
        """B."""
        return 1 + len(self.fit.draws)

    def losses(self, ratio: Array) -> Array:
        """Values (B, n) at ratios (1, n) or (B, n), nats per token."""
        return self._at(self.question.params, ratio)

    def sizes(self, params: Array) -> Array:
        """Values (B, k) at sizes (k,), for one ratio inside the probed range."""
        return self._at(params, np.full((1, len(params)), float(np.mean(self.fit.ranges["ratio"]))))

    def at(self, ratio: float) -> Estimate[float]:
        """The value at one ratio with its interval."""
        values = self.losses(np.array([[ratio]]))[:, 0]
        return interval(values[0], values[1:], self.question.level)

    def _at(self, params: float | Array, ratio: Array) -> Array:
        thetas = np.concatenate([self.fit.theta[None, :], self.fit.draws])
        sizes = np.broadcast_to(np.asarray(params, dtype=np.float64), ratio.shape[-1:])
        tokens = np.full(ratio.shape[-1:], self.question.tokens)
        seen = None if self.base_tokens is None else np.full(ratio.shape[-1:], self.base_tokens)
        x = self.fit.variables(sizes, tokens, share(self.fit.corpus, ratio), seen)
        # A law may be infinite at share 0, which is an answer here: no tolerance reaches it.
        return np.asarray(get_law(self.fit.law).value(thetas, x))
