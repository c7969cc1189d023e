"""When two counts are one: a table writes 1.0M where a model has 1,003,520 parameters, or a run stops a batch later.

The one rule is SAME, 1 %, for model sizes, final token counts, tokens of a base, and CPT over base tokens. It is never for
ratios and rates (replay of 1 % and of none are worlds apart), nor for the checkpoints of one run.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

SAME = 0.01  # counts that differ by less than this (relative) are the same one
_LONG = 10_000  # values: beyond it, hashing them is quicker than sorting
_ROUNDED = 1e-6  # of two numbers that differ by less (relative), one was written with fewer digits


def same(a: float, b: float) -> bool:
    """Whether two sizes or token counts count as one."""
    return abs(math.log(a / b)) <= math.log1p(SAME)


def groups(values: ArrayLike, span: float = SAME) -> NDArray[np.intp]:
    """The group (n,) of each value (n,), from 0 up in rising order.

    A group reaches from its smallest value to at most `span` (relative) above it, so that values never chain.
    """
    import numpy as np

    distinct, place = _codes(np.asarray(values, float))
    number, limit, found = -1, -math.inf, np.empty(len(distinct), np.intp)
    for k, value in enumerate(distinct):
        if value > limit:
            number, limit = number + 1, value + span * abs(value)
        found[k] = number
    return found[place]


def _codes(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """The distinct values (k,) in rising order, and the place (n,) among them of each; a long array is hashed, not sorted."""
    import numpy as np

    if len(values) <= _LONG:
        distinct, place = np.unique(values, return_inverse=True)
        return distinct, place.reshape(-1)
    import pandas as pd

    codes, found = pd.factorize(values, use_na_sentinel=False)
    order = np.argsort(found)
    rank = np.empty(len(order), np.intp)
    rank[order] = np.arange(len(order))
    return np.asarray(found)[order], rank[codes]


def distinct(values: ArrayLike) -> int:
    """How many different values there are, but for rounding: what counts ratios and rates."""
    return int(groups(values, _ROUNDED).max(initial=-1)) + 1


def distinct_counts(counts: ArrayLike, runs: ArrayLike) -> int:
    """How many different counts (n,) rows of `runs` (n,) have: by the rule of SAME, but no fewer than one run has.

    So ends of runs that differ by a batch are one, and checkpoints of a run that lie close together are not.
    """
    import numpy as np

    values = np.asarray(counts, float)
    fine, run = groups(values, _ROUNDED), _codes(np.asarray(runs))[1]
    pairs = _codes(run * (int(fine.max(initial=0)) + 1) + fine)[0] // (int(fine.max(initial=0)) + 1)
    most = int(np.bincount(pairs).max(initial=0))
    return max(int(groups(values).max(initial=-1)) + 1, most)
