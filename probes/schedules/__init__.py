"""Learning-rate schedules, one file each, found by their file name.

A schedule module has one function

    scale(step, steps, warmup) -> float

the factor on the peak learning rate at `step` (0-based, of `steps` in all, the first `warmup` of
them warming up). Adding a schedule is adding a file here.
"""

import importlib
import pkgutil
from collections.abc import Callable

Schedule = Callable[[int, int, int], float]


def names() -> list[str]:
    """Names of all schedules, in alphabetical order."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def get(name: str) -> Schedule:
    """The function `scale` of the schedule `name`; KeyError where there is none."""
    if name not in names():
        raise KeyError(name)
    schedule: Schedule = importlib.import_module(f"{__name__}.{name}").scale
    return schedule


def linear_warmup(step: int, warmup: int) -> float:
    """Rises linearly to 1 over the first `warmup` steps; the first step is not zero."""
    return min(1.0, (step + 1) / warmup) if warmup > 0 else 1.0
