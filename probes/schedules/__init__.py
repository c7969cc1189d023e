"""Learning-rate schedules, one module each, found by its name.

A schedule module has one function

    scale(step, course) -> float

the factor on the peak learning rate at `step` (0-based) of a `Course`. One whose rate becomes constant, so that
branches can leave it, also has `CONSTANT_FROM`: the share of the steps after the warm-up after which it is. Adding a
schedule is adding a file here.
"""

import importlib
import math
import pkgutil
from dataclasses import dataclass
from types import ModuleType


@dataclass(frozen=True)
class Course:
    """A run as a schedule sees it: `steps` in all, `warmup` of them at the beginning, `anneal` at the end (0: none)."""

    steps: int
    warmup: int = 0
    anneal: float = 0.0


def names() -> list[str]:
    """Names of all schedules, in alphabetical order."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def scale(name: str, step: int, course: Course) -> float:
    """The factor on the peak learning rate at `step` by the schedule `name`; KeyError where there is none.

    >>> [scale("wsd", step, Course(steps=10, warmup=2, anneal=4)) for step in range(10)]
    [0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.75, 0.5, 0.25]
    """
    return float(_module(name).scale(step, course))


def has_trunk(name: str) -> bool:
    """Whether the schedule has a constant part that branches can leave."""
    return hasattr(_module(name), "CONSTANT_FROM")


def constant_from(name: str, warmup: float) -> float:
    """The share of a run after which its rate is constant; `warmup` is the share that warms up."""
    return float(_module(name).CONSTANT_FROM) + warmup


def _module(name: str) -> ModuleType:
    if name not in names():
        raise KeyError(name)
    return importlib.import_module(f"{__name__}.{name}")


def linear_warmup(step: int, course: Course) -> float:
    """Rises linearly to 1 over the warm-up; the first step is not zero."""
    return min(1.0, (step + 1) / course.warmup) if course.warmup > 0 else 1.0


def linear_anneal(step: int, course: Course) -> float:
    """1, then falls linearly to (nearly) zero over the anneal at the end."""
    return min(1.0, (course.steps - step) / course.anneal) if course.anneal > 0 else 1.0


def half_cosine(done: float, start: float, end: float) -> float:
    """Half a cosine from `start` to `end` as `done` goes from 0 to 1."""
    return end + (start - end) * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
