"""What runs tell of a law's parameters, to first order: no refitting, so that a thousand possible runs cost nothing.

A fit is least squares over rows. The rows of a run share some luck, and what the law misses goes on from a run to those of
a like size and ratio, whatever their seed. So with J the derivatives of the rows to the parameters, residuals have the
covariance V = own + luck (1 1' within runs) + miss * kinship of the runs, and the parameters the covariance A^-1 B A^-1 with
A = J'J and B = J'V J (the sandwich of what is really fitted, not of the best possible weights). Without the miss, forty
seeds of one cheap run would seem to be a good design; without kinship, ten ratios of the smallest size.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scaling.arrays import Array
from scaling.planning.next.noise_parts import NoiseParts

Index = NDArray[np.integer[Any]]
_RIDGE = 1e-9  # of the largest information on a parameter: directions that nothing tells stay finite
SIZE_REACH, RATIO_REACH = 1.0, 0.25  # how far the law's misses go on: an e-fold of size, a quarter of the ratios


def kinship(one: Array, other: Array) -> Array:
    """How much of the law's miss runs share, (R, S) for places (R, 2) and (S, 2) of log params and ratio: 1 for the same
    size and ratio, less by a factor e for each reach."""
    apart = np.abs(one[:, None, :] - other[None, :, :]) / (SIZE_REACH, RATIO_REACH)
    return np.asarray(np.exp(-apart.sum(axis=-1)))


@dataclass(frozen=True, eq=False)
class Blocks:
    """R runs at K points: squares J'J (K, R, p, p) and sums J'1 (K, R, p) over the rows of each; place (R, 2): their log
    params and ratio."""

    squares: Array
    sums: Array
    place: Array


def blocks(slopes: Array, run: Index, place: Array) -> Blocks:
    """The blocks of R runs from the derivatives (K, p, n) of their rows; run (n,) is 0..R-1, place is (R, 2)."""
    parts = [slopes[:, :, run == one] for one in range(len(place))]
    squares = np.stack([part @ np.swapaxes(part, -1, -2) for part in parts], axis=1)
    return Blocks(squares, np.stack([part.sum(axis=-1) for part in parts], axis=1), place)


@dataclass(frozen=True, eq=False)
class Design:
    """The bread A and the meat B (K, p, p) of what is trained so far, and the R runs that could be added; kin (K, R, p): the
    trained runs' sums J'1, each times its kinship to the possible run."""

    noise: NoiseParts
    options: Blocks
    bread: Array
    meat: Array
    kin: Array

    def variance(self, slope: Array) -> Array:
        """Variance (K,) of an answer with derivatives slope (K, p)."""
        return _sandwich(self.bread[:, None], self.meat[:, None], slope)[:, 0]

    def variances(self, slope: Array) -> Array:
        """Variances (K, R) with each of the possible runs added on its own."""
        return _sandwich(self.bread[:, None] + self.options.squares, self.meat[:, None] + self._meat(), slope)

    def plus(self, run: int) -> Design:
        """The design with one of the possible runs added."""
        options = self.options
        near = kinship(options.place, options.place[[run]])[:, 0]
        return replace(
            self,
            bread=self.bread + options.squares[:, run],
            meat=self.meat + self._meat()[:, run],
            kin=self.kin + near[:, None] * options.sums[:, [run]],
        )

    def _meat(self) -> Array:
        """What each possible run adds to the meat (K, R, p, p)."""
        noise, sums = self.noise, self.options.sums
        crossed = _outer(self.kin, sums)
        own = noise.own * self.options.squares + (noise.luck + noise.miss) * _outer(sums, sums)
        return np.asarray(own + noise.miss * (crossed + np.swapaxes(crossed, -1, -2)))


def start(trained: Blocks, options: Blocks, noise: NoiseParts, prior: Array) -> Design:
    """The design of the trained runs; prior (K, p): precisions that parameters have anyhow, as if from rows on their own of
    the noise of a typical row."""
    weak = prior[..., None] * np.eye(prior.shape[-1])
    squares, sums = trained.squares.sum(axis=1), trained.sums
    near = noise.miss * kinship(trained.place, trained.place) + noise.luck * np.eye(len(trained.place))
    meat = noise.own * squares + np.swapaxes(sums, -1, -2) @ near @ sums
    kin = kinship(options.place, trained.place) @ sums
    return Design(noise, options, squares + weak, meat + noise.row * weak, kin)


def _outer(left: Array, right: Array) -> Array:
    return np.asarray(left[..., :, None] * right[..., None, :])


def _sandwich(bread: Array, meat: Array, slope: Array) -> Array:
    """slope' A^-1 B A^-1 slope: (K, R) for matrices (K, R, p, p) and slope (K, p)."""
    ridge = _RIDGE * np.eye(slope.shape[-1]) * bread.max(axis=(-2, -1), keepdims=True)
    wide = np.broadcast_to(slope[:, None, :, None], (*bread.shape[:-1], 1))
    influence = np.linalg.solve(bread + ridge, wide)
    return np.asarray((np.swapaxes(influence, -1, -2) @ meat @ influence)[..., 0, 0])
