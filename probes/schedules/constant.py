"""Warm-up, then constant: the schedule of the CMR paper (arXiv 2407.17467)."""

from probes.schedules import Course, linear_warmup

CONSTANT_FROM = 0.0


def scale(step: int, course: Course) -> float:
    """Linear warm-up, then 1 to the end: every checkpoint is as finished as the last."""
    return linear_warmup(step, course)
