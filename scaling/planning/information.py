"""What runs tell of a law's parameters, to first order: no refitting, so that a thousand possible runs cost nothing.

A fit is least squares over rows. The rows of a run share some luck, and the runs of one cell (size and ratio), whatever
their seed, share what the law misses there. So with J the derivatives of a cell's rows to the parameters, residuals have
the covariance V = own + luck (1 1' within runs) + miss (1 1'), and the parameters the covariance A^-1 B A^-1 with
A = sum J'J and B = sum J'V J over cells (the sandwich of what is really fitted, not of the best possible weights).
Without the miss, forty seeds of one cheap run would seem to be a good design.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scaling.planning.noise_parts import NoiseParts

Array = NDArray[np.float64]
Index = NDArray[np.integer[Any]]
_RIDGE = 1e-9  # of the largest information on a parameter: directions that nothing tells stay finite


@dataclass(frozen=True, eq=False)
class Blocks:
    """R runs at K places: squares J'J (K, R, p, p) and sums J'1 (K, R, p) over the rows of each; its cell (R,)."""

    squares: Array
    sums: Array
    cell: Index


def blocks(slopes: Array, run: Index, cell: Index) -> Blocks:
    """The blocks of R runs from the derivatives (K, p, n) of their rows; run (n,) is 0..R-1, cell is (R,)."""
    parts = [slopes[:, :, run == place] for place in range(len(cell))]
    squares = np.stack([part @ np.swapaxes(part, -1, -2) for part in parts], axis=1)
    return Blocks(squares, np.stack([part.sum(axis=-1) for part in parts], axis=1), cell)


@dataclass(frozen=True, eq=False)
class Design:
    """The bread A and the meat B (K, p, p) of what is trained so far, and the sums J'1 of its cells, shared (K, cells, p)."""

    noise: NoiseParts
    bread: Array
    meat: Array
    shared: Array

    def variance(self, slope: Array) -> Array:
        """Variance (K,) of an answer with derivatives slope (K, p)."""
        return _sandwich(self.bread[:, None], self.meat[:, None], slope)[:, 0]

    def variances(self, slope: Array, runs: Blocks) -> Array:
        """Variances (K, R) with each of the runs added on its own."""
        return _sandwich(self.bread[:, None] + runs.squares, self.meat[:, None] + self._meat(runs), slope)

    def plus(self, runs: Blocks, place: int) -> Design:
        """The design with one of the runs added."""
        one = Blocks(runs.squares[:, [place]], runs.sums[:, [place]], runs.cell[[place]])
        shared = self.shared.copy()
        shared[:, one.cell[0]] += one.sums[:, 0]
        return replace(
            self, bread=self.bread + one.squares[:, 0], meat=self.meat + self._meat(one)[:, 0], shared=shared
        )

    def _meat(self, runs: Blocks) -> Array:
        """What each run adds to the meat (K, R, p, p)."""
        noise, there = self.noise, self.shared[:, runs.cell]
        crossed = _outer(there, runs.sums)
        common = (noise.luck + noise.miss) * _outer(runs.sums, runs.sums)
        return np.asarray(noise.own * runs.squares + common + noise.miss * (crossed + np.swapaxes(crossed, -1, -2)))


def start(runs: Blocks, noise: NoiseParts, prior: Array, cells: int) -> Design:
    """The design of the runs that are there, of `cells` cells in all; prior (K, p): precisions that parameters have anyhow,
    as if from rows on their own of the noise of a typical row."""
    weak = prior[..., None] * np.eye(prior.shape[-1])
    shared = np.zeros((len(prior), cells, prior.shape[-1]))
    design = Design(noise, weak, noise.row * weak, shared)
    for place in range(len(runs.cell)):
        design = design.plus(runs, place)
    return design


def _outer(left: Array, right: Array) -> Array:
    return np.asarray(left[..., :, None] * right[..., None, :])


def _sandwich(bread: Array, meat: Array, slope: Array) -> Array:
    """slope' A^-1 B A^-1 slope: (K, R) for matrices (K, R, p, p) and slope (K, p)."""
    ridge = _RIDGE * np.eye(slope.shape[-1]) * bread.max(axis=(-2, -1), keepdims=True)
    wide = np.broadcast_to(slope[:, None, :, None], (*bread.shape[:-1], 1))
    influence = np.linalg.solve(bread + ridge, wide)
    return np.asarray((np.swapaxes(influence, -1, -2) @ meat @ influence)[..., 0, 0])
