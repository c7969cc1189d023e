"""Warm-up, then a cosine to a tenth of the peak: re-warming and re-decaying in CPT (arXiv 2403.08763)."""

from probes.schedules import Course, half_cosine, linear_warmup

FLOOR = 0.1


def scale(step: int, course: Course) -> float:
    """Linear warm-up, then half a cosine from 1 down to FLOOR at the last step."""
    if step < course.warmup:
        return linear_warmup(step, course)
    return half_cosine((step - course.warmup) / max(1, course.steps - 1 - course.warmup), 1.0, FLOOR)
