"""Infinite: warm-up, cooldown to a constant, constant, anneal (Ibrahim et al. 2024, arXiv 2403.08763).

The constant part may be as long as one likes; ours anneals linearly, theirs exponentially.
"""

from probes.schedules import Course, half_cosine, linear_anneal, linear_warmup

COOLING = 0.3  # of the steps
CONSTANT = 0.4  # of the peak rate
CONSTANT_FROM = COOLING


def scale(step: int, course: Course) -> float:
    """Linear warm-up, half a cosine from 1 to CONSTANT, constant, then linear to (nearly) zero over the anneal."""
    if step < course.warmup:
        return linear_warmup(step, course)
    cooled = half_cosine((step - course.warmup) / max(1.0, COOLING * course.steps), 1.0, CONSTANT)
    return cooled * linear_anneal(step, course)
