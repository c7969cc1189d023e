"""Warm-up, then constant: the schedule of the CMR paper (arXiv 2407.17467)."""

from probes.schedules import linear_warmup


def scale(step: int, steps: int, warmup: int) -> float:
    """Linear warm-up, then 1 to the end: every checkpoint is as finished as the last."""
    return linear_warmup(step, warmup)
