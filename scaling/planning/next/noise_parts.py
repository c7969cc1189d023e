"""What a fit's residuals are made of: what the law misses, the luck of runs, and that of single rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scaling.arrays import Array

Index = NDArray[np.integer[Any]]
_LEAST_LEFT = (
    1 / 3
)  # of what is common to runs: parameters have followed the rest; with less left an estimate is a guess
_LEAST_REPEATS = 3  # repeats with other seeds from which the runs' luck is told
_COMMON = (
    0.5  # of the residuals' variance, at least: what a law misses goes on from row to row, and cancels in a run's mean
)
_LUCK = 0.5  # of the variance common to a run, at most and where no repeats tell: the law always misses something


@dataclass(frozen=True)
class NoiseParts:
    """Variances, nats squared: of the law's `miss` of a cell (size and ratio), of a run's `luck`, of each row's `own`; `row`:
    what a row on its own is worth, as one of many of a run."""

    miss: float
    luck: float
    own: float
    row: float


def noise_parts(residual: Array, run: Index, cell: Index, slopes: Array) -> NoiseParts:
    """The noise that a fit's residuals (n,) show, corrected for what the parameters, of derivatives (p, n), have followed.

    run (n,) is 0..R-1, cell (R,). The runs' mean residuals have the variance miss + luck + own / rows. Of what is common to
    a run the fit leaves the share 1 - sum |Z'Q|^2 / n, with Q an orthonormal basis of the derivatives and Z the rows of
    each run. Runs of one cell differ by their luck alone.
    """
    rows = np.bincount(run)
    columns, means = _orthonormal(slopes), np.bincount(run, residual) / rows
    within = residual - means[run]
    freedom = max(len(residual) - len(rows) - columns.shape[1] / 2, len(residual) / 4)
    own = max(float(within @ within) / freedom, 1e-18)
    followed = sum(float((np.bincount(run, column) ** 2).sum()) for column in columns.T) / len(residual)
    single = own * float(np.mean(1 / rows))
    shown = float(np.mean(means**2)) / max(1.0 - followed, _LEAST_LEFT) - single
    whole = float(residual @ residual) / max(len(residual) - columns.shape[1], len(residual) / 4)
    common = max(shown, _COMMON * whole)
    luck = min(_luck(means, cell, single, common), _LUCK * common)
    return NoiseParts(common - luck, luck, own, own + float(np.mean(rows)) * common)


def _luck(means: Array, cell: Index, single: float, common: float) -> float:
    cells, place, runs = np.unique(cell, return_inverse=True, return_counts=True)
    repeats = len(cell) - len(cells)
    if repeats < _LEAST_REPEATS:
        return common
    away = means - (np.bincount(place, means) / runs)[place]
    return max(float(away @ away) / repeats - single, 0.0)


def _orthonormal(slopes: Array) -> Array:
    """An orthonormal basis (n, k) of the rows of slopes (p, n)."""
    stacked = slopes.T / np.maximum(np.linalg.norm(slopes, axis=1), 1e-300)
    left, values, _ = np.linalg.svd(stacked, full_matrices=False)
    return np.asarray(left[:, values > 1e-7 * values[0]])
