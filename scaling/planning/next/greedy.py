"""Choosing runs one by one, each that of the largest fall of the answer's variance of those that the budget still pays for.

The cost decides only what is paid for. By the fall per FLOP many small runs are taken: to first order they tell most for
their cost, but what the law misses of larger models they do not tell, and in the worlds on which both were tried plans from
them erred more (benchmarks/results/next_probes.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd

from scaling.arrays import Array
from scaling.planning.next.information import Design
from scaling.planning.next.sensitivity import Sensitivity

MOST = 40  # runs: beyond that first-order widths mean little, and a fit to what was trained tells more
WORTH = 0.02  # of the width: the last runs that bring no more than this together are not asked for


@dataclass(frozen=True)
class Choice:
    """places: the rows of the possible runs, in the order chosen; flops and widths (to first order, after it) of each. before:
    the width without any; full: whether it ended at MOST runs."""

    places: list[int]
    flops: list[float]
    widths: list[float]
    before: float
    full: bool


def choose(
    present: Design,
    possible: pd.DataFrame,
    budget: float,
    found: Sensitivity,
    slope: Array,
    level: float,
) -> Choice:
    """Add possible runs to the design until none fits in the budget or helps; slope (K, p): the answer's."""
    fixed = found.floor / found.steepness**2
    places, flops, variances = _greedy(present, possible, budget, fixed, slope)
    widths = 2 * NormalDist().inv_cdf(0.5 + level / 2) * np.sqrt(variances)
    enough = int(np.argmax(widths <= (1 + WORTH) * widths[-1]))
    return Choice(places[:enough], flops[:enough], widths[1 : enough + 1].tolist(), float(widths[0]), enough == MOST)


def _greedy(
    present: Design,
    possible: pd.DataFrame,
    budget: float,
    fixed: Array,
    slope: Array,
) -> tuple[list[int], list[float], list[float]]:
    """The places, the cost of each, and the variances before and after each."""
    sizes, run = possible["params"].to_numpy(float), possible["flops"].to_numpy(float)
    base = possible["base_flops"].to_numpy(float).copy()
    places: list[int] = []
    flops: list[float] = []
    variances = [float(_typical(present.variance(slope) + fixed))]
    while len(places) < MOST:
        cost, left = run + base, budget - sum(flops)
        fall = variances[-1] - _typical(present.variances(slope) + fixed[:, None])
        paid = np.where(cost <= left * (1 + 1e-9), fall, -np.inf)
        best = int(np.argmax(paid))
        if not paid[best] > 0:
            break
        present = present.plus(best)
        places.append(best)
        flops.append(float(cost[best]))
        variances.append(variances[-1] - float(fall[best]))
        base[sizes == sizes[best]] = 0.0
    return places, flops, variances


def _typical(variances: Array) -> Array:
    """The geometric mean over the K places: one at which the rise is next to flat must not outweigh the others."""
    return np.asarray(np.exp(np.mean(np.log(variances), axis=0)))
