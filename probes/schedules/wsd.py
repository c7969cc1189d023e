"""Warm-up, stable, decay: constant with a linear anneal at the end (arXiv 2404.06395)."""

from probes.schedules import Course, linear_anneal, linear_warmup

CONSTANT_FROM = 0.0


def scale(step: int, course: Course) -> float:
    """Linear warm-up, constant 1, then linear to (nearly) zero over the anneal."""
    return min(linear_warmup(step, course), linear_anneal(step, course))
