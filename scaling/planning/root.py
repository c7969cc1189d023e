"""The largest ratio that stays under a limit, found in all draws at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from scaling.arrays import Array

Losses = Callable[[Array], Array]

# Even steps, and even steps in log(1 - ratio) towards pure domain text, where the general loss turns a cliff.
GRID: Array = np.unique(np.concatenate([np.linspace(0.0, 1.0, 201), 1.0 - np.logspace(-9.0, -2.0, 71)]))
_HALVINGS = 48  # from a grid step of 0.005 to below one part in 1e16


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
