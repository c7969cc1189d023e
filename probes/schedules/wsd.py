"""Warm-up, stable, decay: constant with a linear anneal over the last fifth."""

from probes.schedules import linear_warmup

DECAY = 0.2


def scale(step: int, steps: int, warmup: int) -> float:
    """Linear warm-up, constant 1, then linear to (nearly) zero over the last DECAY of the steps."""
    left = (steps - step) / max(1.0, DECAY * steps)
    return min(linear_warmup(step, warmup), left, 1.0)
