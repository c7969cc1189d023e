"""Infinite: warm-up, cooldown to a constant, constant, anneal (Ibrahim et al. 2024, arXiv 2403.08763).

The constant part may be as long as one likes; ours anneals linearly, theirs exponentially.
"""

from probes.schedules import Course, half_cosine, linear_anneal, linear_warmup

COOLED_AT = 0.3  # of the steps
CONSTANT = 0.4  # of the peak rate
CONSTANT_FROM = COOLED_AT


def scale(step: int, course: Course) -> float:
    """Linear warm-up, half a cosine from 1 to CONSTANT, constant, then linear to (nearly) zero over the anneal."""
    if step < course.warmup:
        return linear_warmup(step, course)
    cooled = half_cosine((step - course.warmup) / max(1.0, COOLED_AT * course.steps - course.warmup), 1.0, CONSTANT)
    return cooled * linear_anneal(step, course)
