"""What a fit minimises: a sum over rows of a robust or squared loss of log or plain residuals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from scaling.arrays import Array
from scaling.errors import InputError
from scaling.laws.base import Law

# Huber's loss has no curvature in the rows beyond delta; a little is lent to them, so that a step stays bounded where
# most rows lie beyond it. Too much would slow the last steps down, which are Newton's otherwise.
OUTER_CURVATURE = 0.02
MOST_DELTA = 1e6  # beyond any residual, where Huber's loss is squares


@dataclass(frozen=True)
class Objective:
    """sum over rows of weight * loss(residual).

    residual: "log" is log(law) - log(observed), "raw" is law - observed. loss: "huber" is r^2/2 within delta and
    delta (|r| - delta/2) beyond it, "squared" is r^2/2. The D-CPT paper's choice is the default: the SUM of Huber on
    log residuals, delta 1e-3.
    """

    residual: Literal["log", "raw"] = "log"
    loss: Literal["huber", "squared"] = "huber"
    delta: float = 1e-3

    def __post_init__(self) -> None:
        if self.residual not in ("log", "raw"):
            raise ValueError(f"residual is {self.residual!r}, but it must be 'log' or 'raw'")
        if self.loss not in ("huber", "squared"):
            raise ValueError(f"loss is {self.loss!r}, but it must be 'huber' or 'squared'")
        if not self.delta > 0:
            raise ValueError(f"delta is {self.delta}, but it must be above 0")

    @classmethod
    def of(cls, law: Law, loss: str | None = None, residual: str | None = None, delta: float = 1e-3) -> Objective:
        """The objective of a law: log residuals of losses, plain ones of differences, which may be negative, and of them
        what the law asks for; `loss` and `residual` ask for something else. Raises InputError."""
        plain = law.target != "loss"
        kind = loss or law.loss
        if kind not in ("huber", "squared"):
            raise InputError(f"loss is {kind!r}, but it must be 'huber' or 'squared'")
        scale = residual or ("raw" if plain else "log")
        if scale not in ("log", "raw"):
            raise InputError(f"residual is {scale!r}, but it must be 'log' or 'raw'")
        if plain and scale == "log":
            what = f"gives a {law.target}, which may be negative"
            raise InputError(f"the law {law.name} {what}, so its residual must be 'raw'")
        if not 0 < delta <= MOST_DELTA:
            raise InputError(f"delta is {delta:g}, but it must be above 0 and at most {MOST_DELTA:g}")
        return cls("raw" if scale == "raw" else "log", "squared" if kind == "squared" else "huber", delta)

    def text(self) -> str:
        """What is minimised, in words."""
        scale = "log residuals" if self.residual == "log" else "plain residuals"
        return f"squared {scale}" if self.loss == "squared" else f"Huber of {scale}, delta {self.delta:g}"

    def target(self, observed: Array) -> Array:
        """What predictions, after `link`, are compared with."""
        return np.log(observed) if self.residual == "log" else np.asarray(observed, float)

    def link(self, predicted: Array) -> Array:
        """Predictions on the scale of the target; NaN where a law went below zero."""
        if self.residual == "raw":
            return predicted
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log(predicted)

    def influence(self, residual: Array) -> Array:
        """Derivative of the loss: the residual, clipped to delta for Huber's loss."""
        if self.loss == "squared":
            return residual
        clipped: Array = np.clip(residual, -self.delta, self.delta)
        return clipped

    def curvature(self, residual: Array, influence: Array) -> Array:
        """Weights of the Gauss-Newton matrix: the loss's second derivative, and a little beyond delta."""
        if self.loss == "squared":
            return np.ones_like(residual)
        return np.where(influence == residual, 1.0, OUTER_CURVATURE)

    def trust(self, residual: Array) -> Array:
        """The row weights with which squared residuals have the objective's gradient: 1 within delta, less beyond."""
        if self.loss == "squared":
            return np.ones_like(residual)
        return np.asarray(self.delta / np.maximum(np.abs(residual), self.delta))

    def total(self, residual: Array, influence: Array, weights: Array | float = 1.0) -> Array:
        """The objective, summed over the last axis."""
        rows: Array = (weights * influence) * (residual - 0.5 * influence)
        return np.asarray(rows.sum(axis=-1))
