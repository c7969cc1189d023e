"""How far long work has come, reported as fractions that never fall and end at 1."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Report = Callable[[float], None]  # called with the fraction of the work that is done, 0..1
Item = TypeVar("Item")
STEP = 0.005  # a smaller advance is not reported, so that listening costs nothing


def nobody(fraction: float) -> None:
    """A report that is not listened to."""


def between(report: Report, low: float, high: float) -> Report:
    """A report of one stage, 0..1, as that of the whole, `low`..`high`."""
    return lambda fraction: report(low + (high - low) * fraction)


class Meter:
    """Counts what passes, and reports it as a fraction of `total`."""

    def __init__(self, total: float, report: Report) -> None:
        self.total = max(total, 1)
        self.report = report
        self.done = 0.0
        self.reported = 0.0

    def add(self, amount: float = 1) -> None:
        """So much more is done."""
        self.done += amount
        fraction = min(self.done / self.total, 1.0)
        if fraction >= self.reported + STEP or fraction == 1 > self.reported:
            self.reported = fraction
            self.report(fraction)

    def watch(self, items: Iterable[Item]) -> Iterator[Item]:
        """The items, each counted when the next one is asked for."""
        for item in items:
            yield item
            self.add()
