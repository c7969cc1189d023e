"""The rise of the general loss over the base loss at a target, as a function of the ratio, for the fit and its draws.

A law of losses gives the loss, from which a base loss is taken; a law of differences gives the rise itself, and needs a
base loss only to say what the loss will be, or where the tolerance is a share of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from scaling.arrays import Array
from scaling.errors import InputError
from scaling.fitting import Estimate, Fit
from scaling.fitting.intervals.interval import interval
from scaling.laws import get_law
from scaling.notes import note
from scaling.planning.base_loss import BaseLoss, additive_in_size, carried, given
from scaling.planning.curve import Curve
from scaling.planning.result import UNKNOWN
from scaling.planning.target import NotIdentified, Target


@dataclass(frozen=True, eq=False)
class Rise:
    """B = 1 + draws curves; `base` is NaN where it is not known. differences: whether the curve is the rise itself."""

    curve: Curve
    base: BaseLoss
    differences: bool

    def __call__(self, ratio: Array) -> Array:
        """Rises (B, n) at ratios (1, n) or (B, n), nats per token."""
        values = self.curve.losses(ratio)
        return values if self.differences else values - self.base.draws[:, None]

    def losses(self, ratio: Array) -> Array:
        """Losses (B, n) at ratios (1, n) or (B, n), nats per token; NaN where the base loss is not known."""
        values = self.curve.losses(ratio)
        return values + self.base.draws[:, None] if self.differences else values

    def loss_at(self, ratio: float) -> Estimate[float]:
        """The loss at one ratio with its interval."""
        values = self.losses(np.array([[ratio]]))[:, 0]
        return interval(values[0], values[1:], self.curve.question.level)

    def base_loss(self) -> Estimate[float]:
        """The base loss with its interval."""
        draws = self.base.draws
        return interval(draws[0], draws[1:], self.curve.question.level) if math.isfinite(draws[0]) else UNKNOWN

    def miss(self, ratio: float) -> float:
        """By how much the law misses finished runs at the probed ratios on either side, nats per token; 0 if unknown."""
        fit = self.curve.fit
        if len(fit.misses) != len(fit.ratios) or not fit.misses:
            return 0.0
        above = int(np.clip(np.searchsorted(fit.ratios, ratio), 1, max(len(fit.ratios) - 1, 1)))
        near = np.array(fit.misses[above - 1 : above + 1])
        known = near[np.isfinite(near)]
        return float(np.sqrt(np.mean(known**2))) if known.size else 0.0

    @property
    def allowed(self) -> float:
        """The rise that the question allows, nats per token."""
        return self.curve.question.allowed(float(self.base.draws[0]))


def general_rise(fit: Fit, question: Target) -> Rise:
    """The rise that a fit with a general corpus predicts. Raises `NotIdentified` where the table cannot carry it,
    `InputError` for base tokens that have no use."""
    assert fit.general is not None
    measured, base_tokens = question.base_general_loss, question.base_tokens
    seen = fit.general.base_tokens
    if base_tokens is not None and (seen is None or not seen.known):
        raise InputError(note("base_tokens_without_use"))
    curve = Curve(fit.general, question)
    differences = get_law(fit.general.law).target == "delta"
    if measured is not None:
        return Rise(curve, given(measured, curve.count), differences)
    records = fit.base.get("general", [])
    if not differences:
        additive = additive_in_size(get_law(fit.general.law)) and "params" not in fit.general.held
        sizes = curve.sizes if additive else None
        return Rise(curve, carried(records, question.params, curve.count, sizes), False)
    try:
        return Rise(curve, carried(records, question.params, curve.count, None), True)
    except NotIdentified as reason:
        if question.relative:
            raise
        blank = BaseLoss(np.full(curve.count, math.nan), (note("loss_unknown", reason=str(reason)),))
        return Rise(curve, blank, True)
