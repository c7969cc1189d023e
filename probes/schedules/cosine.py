"""Warm-up, then a cosine to a tenth of the peak."""

import math

from probes.schedules import linear_warmup

FLOOR = 0.1


def scale(step: int, steps: int, warmup: int) -> float:
    """Linear warm-up, then half a cosine from 1 down to FLOOR at the last step."""
    if step < warmup:
        return linear_warmup(step, warmup)
    done = (step - warmup) / max(1, steps - 1 - warmup)
    return FLOOR + (1 - FLOOR) * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
