"""When two counts are one: a table writes 1.0M where a model has 1,003,520 parameters, or a run stops a batch later.

The one rule is SAME, 1 %, for model sizes, final token counts, tokens of a base, and CPT over base tokens. It is never for
ratios and rates (replay of 1 % and of none are worlds apart), nor for the checkpoints of one run.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

SAME = 0.01  # counts that differ by less than this (relative) are the same one
_ROUNDED = 1e-6  # of two numbers that differ by less (relative), one was written with fewer digits


def same(a: float, b: float) -> bool:
    """Whether two sizes or token counts count as one."""
    return abs(math.log(a / b)) <= math.log1p(SAME)


def groups(values: ArrayLike, span: float = SAME) -> NDArray[np.intp]:
    """The group (n,) of each value (n,), from 0 up in rising order.

    A group reaches from its smallest value to at most `span` (relative) above it, so that values never chain.
    """
    import numpy as np

    distinct, place = np.unique(np.asarray(values, float), return_inverse=True)
    number, limit, found = -1, -math.inf, np.empty(len(distinct), np.intp)
    for k, value in enumerate(distinct):
        if value > limit:
            number, limit = number + 1, value + span * abs(value)
        found[k] = number
    return found[place.reshape(-1)]


def distinct(values: ArrayLike) -> int:
    """How many different values there are, but for rounding: what counts ratios and rates."""
    return int(groups(values, _ROUNDED).max(initial=-1)) + 1


def distinct_counts(counts: ArrayLike, runs: ArrayLike) -> int:
    """How many different counts (n,) rows of `runs` (n,) have: by the rule of SAME, but no fewer than one run has.

    So ends of runs that differ by a batch are one, and checkpoints of a run that lie close together are not.
    """
    import numpy as np

    values = np.asarray(counts, float)
    fine, run = groups(values, _ROUNDED), np.unique(np.asarray(runs), return_inverse=True)[1].reshape(-1)
    pairs = np.unique(np.stack([run, fine]), axis=1)
    most = int(np.bincount(pairs[0]).max(initial=0))
    return max(int(groups(values).max(initial=-1)) + 1, most)
