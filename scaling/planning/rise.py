"""The rise of the general loss over the base loss at a target, and the ratio up to which it stays within the tolerance.

A law of losses gives the loss, from which a base loss is taken; a law of differences gives the rise itself, and needs a
base loss only to say what the loss will be, or where the tolerance is a share of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from scaling.arrays import Array
from scaling.errors import InputError
from scaling.fitting import CorpusFit, Estimate, Fit
from scaling.fitting.intervals.interval import interval, scattered
from scaling.notes import note
from scaling.planning.base_loss import BaseLoss, base_loss
from scaling.planning.extrapolation import refuse_unknown
from scaling.planning.target import Target

Losses = Callable[[Array], Array]
Status = Literal["ok", "unconstrained", "infeasible", "not_identified"]
UNKNOWN: Estimate[float] = Estimate(math.nan, math.nan, math.nan)

# Even steps, and even steps in log(1 - ratio) towards pure domain text, where the general loss turns a cliff.
GRID: Array = np.unique(np.concatenate([np.linspace(0.0, 1.0, 201), 1.0 - np.logspace(-9.0, -2.0, 71)]))
_HALVINGS = 48  # from a grid step of 0.005 to below one part in 1e16
MISS_SEED = 2  # of what the law misses in each draw, apart from the noise of a base loss


@dataclass(frozen=True, eq=False)
class Answer:
    """The numbers of an answer. ratios (B,): critical ratios, the fit's first, NaN where none passes. shown: the
    ratio of the losses, which is that of the least rise where none passes. first: the smallest ratio that passes.
    least: the least rise; allowed: the rise that the target allows; miss: what the law misses near there, nats per token."""

    ratios: Array
    status: Status
    critical_ratio: Estimate[float]
    shown: float
    first: float
    least: float
    allowed: float
    miss: float
    general_loss: Estimate[float]
    base_loss: Estimate[float]


@dataclass(frozen=True, eq=False)
class Rise:
    """The general fit and its draws at one target, B = 1 + draws curves, the fit first; `base` is NaN where not known."""

    fit: CorpusFit
    target: Target
    base: BaseLoss

    @property
    def differences(self) -> bool:
        """Whether the law gives the rise itself."""
        return self.fit.law.target == "delta"

    def __call__(self, ratio: Array) -> Array:
        """Rises (B, n) at ratios (n,), (1, n) or (B, n), nats per token."""
        values = self._law(ratio)
        return values if self.differences else values - self.base.draws[:, None]

    def losses(self, ratio: Array) -> Array:
        """Losses (B, n) at ratios (n,), (1, n) or (B, n), nats per token; NaN where the base loss is not known."""
        values = self._law(ratio)
        return values + self.base.draws[:, None] if self.differences else values

    def loss_at(self, ratio: float) -> Estimate[float]:
        """The loss at one ratio with its interval."""
        values = self.losses(np.array([ratio]))[:, 0]
        return interval(values[0], values[1:], self.target.level)

    def base_loss(self) -> Estimate[float]:
        """The base loss with its interval."""
        draws = self.base.draws
        return interval(draws[0], draws[1:], self.target.level) if math.isfinite(draws[0]) else UNKNOWN

    def miss(self, ratio: float) -> float:
        """By how much the law misses finished runs at the probed ratios on either side, nats per token; 0 if unknown."""
        fit = self.fit
        if len(fit.misses) != len(fit.ratios) or not fit.misses:
            return 0.0
        above = int(np.clip(np.searchsorted(fit.ratios, ratio), 1, max(len(fit.ratios) - 1, 1)))
        near = np.array(fit.misses[above - 1 : above + 1])
        known = near[np.isfinite(near)]
        return float(np.sqrt(np.mean(known**2))) if known.size else 0.0

    @cached_property
    def allowed(self) -> float:
        """The rise that the target allows, nats per token."""
        return self.target.allowed(float(self.base.draws[0]))

    def crossings(self, seed: int = MISS_SEED) -> Array:
        """The largest ratios within the tolerance (B,), the point estimate first, NaN where there is none.

        A draw is of the law's curve and of what the law misses: the rise allowed differs from draw to draw by as much as
        finished runs near the answer lie off the law. seed: of that, and of nothing else in a plan.
        """
        count = len(self.base.draws)
        point = largest_ratio(self, np.full(count, self.allowed))
        if count < 2:
            return point
        miss = self.miss(float(np.nan_to_num(point[0], nan=0.0)))
        return largest_ratio(self, self.allowed + scattered(count, miss, seed=seed)) if miss else point

    def answer(self) -> Answer:
        """Every number of the answer."""
        ratios, allowed = self.crossings(), self.allowed
        shown, first, least = float(ratios[0]), math.nan, math.nan
        status: Status = "ok"
        if math.isnan(shown):
            status = "infeasible"
            shown, least = least_loss(self)
        else:
            first = first_feasible(self, allowed)
            status = "unconstrained" if shown == 1.0 and first == 0 else "ok"
        return Answer(
            ratios=ratios,
            status=status,
            critical_ratio=ratio_interval(ratios, self.target.level),
            shown=shown,
            first=first,
            least=least,
            allowed=allowed,
            miss=self.miss(shown),
            general_loss=self.loss_at(shown),
            base_loss=self.base_loss(),
        )

    def _law(self, ratio: Array) -> Array:
        at = self.target
        return self.fit.values(at.params, at.tokens, ratio, base_tokens=at.base_tokens)


def general_rise(fit: Fit, target: Target) -> Rise:
    """The rise that a fit with a general corpus predicts. Raises `NotIdentified` where the table cannot carry it,
    `InputError` for base tokens that have no use."""
    general = fit.general
    assert general is not None
    seen = general.base_tokens
    if target.base_tokens is not None and (seen is None or not seen.known):
        raise InputError(note("base_tokens_without_use"))
    refuse_unknown(general, target)
    return Rise(general, target, base_loss(fit, target))


def ratio_interval(found: Array, level: float) -> Estimate[float]:
    """The answer of critical ratios (B,), the point estimate first: NaN stays NaN there, and counts as 0 in the draws."""
    known = np.nan_to_num(found, nan=0.0)
    answer = interval(known[0], known[1:], level)
    return Estimate(float(found[0]), answer.low, answer.high)


def largest_ratio(losses: Losses, limit: Array) -> Array:
    """Return the largest ratio in [0, 1] with losses <= limit, for each of B curves; NaN where there is none.

    `losses` takes ratios (1, G) or (B, 1) and gives (B, G) or (B, 1), nats per token; `limit` is (B,). Where the
    loss is not monotone the last crossing counts, and the feasible ratios need not begin at 0. A feasible stretch
    narrower than a grid step (0.005) is not seen. A law may jump at pure domain text alone (r^eta, 1 at any share and 0 at
    share 0 where eta is next to 0), which no run would show: ratio 1 passes only where the ratio before it does.
    """
    passes = losses(GRID[None, :]) <= limit[:, None]
    passes[:, -1] &= passes[:, -2]
    count = len(GRID)
    last = count - 1 - np.argmax(passes[:, ::-1], axis=1)
    low = GRID[last][:, None]
    high = GRID[np.minimum(last + 1, count - 1)][:, None]
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        under = losses(middle) <= limit[:, None]
        low, high = np.where(under, middle, low), np.where(under, high, middle)
    return np.where(passes.any(axis=1), low[:, 0], np.nan)


def least_loss(losses: Losses) -> tuple[float, float]:
    """Return (ratio, loss) where the first of the curves is least on the grid; the smallest such ratio."""
    values = losses(GRID[None, :])[0][:-1]  # a jump at ratio 1 alone is none (see largest_ratio)
    at = int(np.argmin(values))
    return float(GRID[at]), float(values[at])


def first_feasible(losses: Losses, limit: float) -> float:
    """Return the smallest grid ratio at which the first curve passes; NaN where none does."""
    passes = losses(GRID[None, :])[0] <= limit
    passes[-1] &= passes[-2]
    return float(GRID[np.argmax(passes)]) if passes.any() else np.nan
