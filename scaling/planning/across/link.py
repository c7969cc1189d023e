"""The critical ratio across model sizes: -log(1 - R*) as a power law in N.

In the CMR paper's table the four sizes' ratios lie on such a law (exponent 0.33); it keeps the ratio below 1 at every
size, and its left-hand side is how many e-folds the general corpus may be thinned.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from scaling.planning.noise import scattered
from scaling.planning.question import NotIdentified, Question
from scaling.planning.result import Status
from scaling.units import format_count

Array = NDArray[np.float64]
BySize = Mapping[float, Array]  # size -> critical ratios (B,), the point estimate first, NaN where none passes
_LEAST = 1e-4  # a ratio of 0 has no logarithm; ratios are carried between here and its mirror image


def carry(sizes: Array, ratios: Array, target: float) -> Array:
    """Carry critical ratios (B, k) at sizes (k,) to one target size: (B,), by least squares in log N, k >= 2.

    The first is the point estimate. With two sizes the law goes through both; with more the draws have the scatter of the
    sizes about the law in them, as Student's t. Ratios are clipped to 0.0001..0.9999 first.
    """
    assert len(np.unique(sizes)) == len(sizes) >= 2
    folds = np.log(-np.log1p(-np.clip(ratios, _LEAST, 1 - _LEAST)))
    x = np.log(sizes) - np.log(sizes).mean()
    distance = np.log(target) - np.log(sizes).mean()
    slope = folds @ x / (x @ x)
    level = folds.mean(axis=1)
    freedom = len(sizes) - 2
    noise = np.zeros(len(folds))
    if freedom:
        misses = folds[0] - level[0] - slope[0] * x
        leverage = 1 + 1 / len(sizes) + distance**2 / (x @ x)
        noise = scattered(len(folds), float(np.sqrt(misses @ misses / freedom * leverage)), freedom, seed=1)
    return -np.expm1(-np.exp(level + slope * distance + noise))


def linked(answers: BySize, question: Question) -> tuple[Array, list[str]]:
    """The critical ratios (B,) at the question's size from those of the probed sizes, and what to know about them.

    Sizes at which no ratio passes, or every one, are left out, which is said. Draws of sizes are unrelated, so they are
    cut to as many as the size with the fewest has; one without draws leaves the answer without an interval. Raises
    `NotIdentified` where fewer than two sizes are left, unless all agree that every ratio passes, or that none does.
    """
    sizes = np.array(sorted(answers))
    count = min(len(found) for found in answers.values())
    table = np.stack([answers[size][:count] for size in sizes], axis=1)
    listed = ", ".join(
        f"{format_count(n)}: {ratio:.3f}".replace("nan", "none") for n, ratio in zip(sizes, table[0], strict=True)
    )
    notes = [f"critical ratio by size: {listed}"]
    bare = [format_count(size) for size in sizes if len(answers[size]) == 1]
    if bare and len(bare) < len(sizes):
        notes.append(f"no interval: the runs at {', '.join(bare)} params are too few for one")
    inside = np.isfinite(table[0]) & (table[0] < 1)
    if np.isnan(table[0]).all() or (table[0] == 1).all():
        every = "exceeds" if np.isnan(table[0]).any() else "is within"
        return table[:, -1], [f"every size's general loss {every} the tolerance at any ratio", *notes]
    if inside.sum() < 2:
        target = format_count(question.params)
        raise NotIdentified(f"to carry the critical ratio to {target} params takes two or more sizes ({listed})")
    if not inside.all():
        notes.append("sizes at which no ratio passes, or every one, are not in the link")
    own = "" if inside.sum() > 2 else "; the error of that link is not in the interval"
    notes.append(f"-log(1 - ratio) is carried as a power law in params{own}")
    return carry(sizes[inside], np.nan_to_num(table[:, inside], nan=0.0), question.params), notes


def status_of(value: float) -> Status:
    """The status of a plan whose critical ratio is known and nothing else: NaN where none passes."""
    if math.isnan(value):
        return "infeasible"
    return "unconstrained" if value == 1.0 else "ok"
