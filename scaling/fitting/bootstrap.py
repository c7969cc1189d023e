"""Resampled fits. The unit is the run: checkpoints of a run share its luck, so rows are never resampled on their own.

"runs": runs are resampled within each model size, as weights of one table. The weights are Rubin's (1981, The Bayesian
Bootstrap): exponential instead of drawing with replacement, the same variance, but no run is ever lost altogether. A
sweep has few runs at the ends of the ratio range, and a draw without them would say nothing about what happens there.
"wild": runs keep their place, their residuals are flipped and stretched by Webb's six-point weights; for tables with
too few runs to draw from. Both corpora use the same draws, so that draw b of one belongs to draw b of the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from scaling.laws.base import Array, Index

Method = Literal["runs", "wild"]
WEBB = np.array([-np.sqrt(1.5), -1.0, -np.sqrt(0.5), np.sqrt(0.5), 1.0, np.sqrt(1.5)])
RUNS_PER_PARAMETER = 2.0


@dataclass(frozen=True)
class Resampling:
    """draws (B, G): the weights of G runs ("runs") or the multipliers of their residuals ("wild")."""

    method: Method
    draws: Array


def choose_method(asked: str, runs: int, parameters: int) -> Method:
    """The method to use: "runs" asked for gives "wild" where there are fewer than two runs a free parameter."""
    if asked not in ("runs", "wild"):
        raise ValueError(f"resample is {asked!r}, but it must be 'runs' or 'wild'")
    return "wild" if asked == "wild" or runs < RUNS_PER_PARAMETER * parameters else "runs"


def resample(method: Method, strata: Index, draws: int, seed: int) -> Resampling:
    """draws resamplings of the runs, whose strata (G,) are the indices of their model sizes."""
    rng = np.random.default_rng(seed)
    if method == "wild":
        return Resampling(method, rng.choice(WEBB, size=(draws, len(strata))))
    weights = np.zeros((draws, len(strata)))
    for stratum in np.unique(strata):
        members = np.flatnonzero(strata == stratum)
        weights[:, members] = rng.dirichlet(np.ones(len(members)), size=draws) * len(members)
    return Resampling(method, weights)
