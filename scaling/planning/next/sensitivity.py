"""How the critical ratio moves with the parameters of the law, by implicit differentiation at the root.

rise(theta, R*) = allowed gives dR*/dtheta = -(d rise/d theta) / (d rise/d R).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scaling.arrays import Array
from scaling.fitting import Fit
from scaling.notes import note
from scaling.planning.base_loss import middle_ratio
from scaling.planning.rise import Rise, largest_ratio
from scaling.planning.target import NotIdentified

POINTS = 25  # parameters at which the derivatives are taken: the fit's, and draws spread over their critical ratios
_STEP = 1e-4  # of the distance to the nearer end of the ratios


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """At K parameter vectors theta (K, p) with critical ratios inside (0, 1): ratio (K,), its derivatives slope (K, p), and
    how steeply the rise grows there, steepness (K,), nats per unit of ratio. floor: variance of the rise, nats squared,
    that no run shrinks: what the law misses, and a carried base loss."""

    theta: Array
    ratio: Array
    slope: Array
    steepness: Array
    floor: float


def sensitivity(fit: Fit, rise: Rise, points: int = POINTS) -> Sensitivity:
    """The derivatives at the fit and at draws. Raises `NotIdentified` where no critical ratio lies between 0 and 1."""
    thetas = rise.fit.thetas
    found = largest_ratio(rise, np.full(len(thetas), rise.allowed))
    inside = (found > 1e-6) & (found < 1 - 1e-6)
    steep = _steepness(rise, np.where(inside, found, 0.5))
    inside &= steep > 0
    if not inside.any():
        raise NotIdentified(note("no_crossing"))
    chosen = _spread(found, inside, points)
    theta, ratio = thetas[chosen], found[chosen]
    slope = -(_gradient(rise, theta, ratio) - _base_gradient(fit, rise, theta)) / steep[chosen, None]
    miss = rise.miss(float(ratio[0]))
    return Sensitivity(theta, ratio, slope, steep[chosen], miss**2 + _base_variance(rise))


def _spread(found: Array, inside: NDArray[np.bool_], points: int) -> NDArray[np.intp]:
    """The fit where it can be used, and draws evenly spaced by their critical ratio."""
    order = np.flatnonzero(inside)
    order = order[np.argsort(found[order], kind="stable")]
    count = min(points, len(order))
    places = order[np.round((np.arange(count) + 0.5) / count * len(order) - 0.5).astype(int)]
    return np.unique(np.append(places[1:] if inside[0] and count > 1 else places, 0 if inside[0] else places[0]))


def _steepness(rise: Rise, ratio: Array) -> Array:
    step = (_STEP * np.minimum(ratio, 1 - ratio))[:, None]
    return np.asarray(((rise(ratio[:, None] + step) - rise(ratio[:, None] - step)) / (2 * step))[:, 0])


def _gradient(rise: Rise, theta: Array, ratio: Array, params: float | None = None) -> Array:
    """Derivatives (K, p) of the law at ratios (K,), the target's tokens and size (or another one)."""
    at, size = rise.target, rise.target.params if params is None else params
    return rise.fit.gradient(theta, size, at.tokens, ratio[:, None], at.base_tokens)[..., 0]


def _carried_sizes(fit: Fit, rise: Rise) -> list[float]:
    """The sizes whose base losses are carried to the target by the law's own size term; none where they are not."""
    return list(fit.base_losses("general").params) if rise.base.origin == "size term" else []


def _base_gradient(fit: Fit, rise: Rise, theta: Array) -> Array:
    """Derivatives (K, p) of the base loss: base = term(N) + mean of (measured base - term) over the probed sizes."""
    sizes = _carried_sizes(fit, rise)
    if not sizes:
        return np.zeros_like(theta)
    middle = np.full(len(theta), middle_ratio(rise.fit))
    there = np.stack([_gradient(rise, theta, middle, size) for size in sizes])
    return _gradient(rise, theta, middle) - np.asarray(there.mean(axis=0))


def _base_variance(rise: Rise) -> float:
    """What the offsets of the base losses from the size term scatter by, nats squared; of another carried base loss all."""
    base = rise.base
    if rise.differences or base.origin in ("given", "measured", "unknown"):
        return 0.0
    if base.origin == "power law":
        return float(np.var(base.draws[1:]))
    return float(np.var(base.offsets, ddof=1)) * (1 + 1 / len(base.sizes)) if len(base.sizes) > 1 else 0.0
