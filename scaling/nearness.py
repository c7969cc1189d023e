"""When two sizes or token counts count as one: a table writes 1.0M where a model has 1,003,520 parameters."""

from __future__ import annotations

import math

SAME = 0.01  # sizes and token counts that differ by less than this (relative) are the same one


def same(a: float, b: float) -> bool:
    """Whether two sizes or token counts count as one."""
    return abs(math.log(a / b)) <= math.log1p(SAME)
