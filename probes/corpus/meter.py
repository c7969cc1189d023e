"""How far a long reading has come, told in shares that never fall and end at 1."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Report = Callable[[float], None]  # told the share that is done, 0..1
Item = TypeVar("Item")
STEP = 0.005  # a smaller advance is not told, so that listening costs nothing


def nobody(share: float) -> None:
    """A report that is not listened to."""


def between(report: Report, low: float, high: float) -> Report:
    """A report of one stage, 0..1, as that of the whole, `low`..`high`."""
    return lambda share: report(low + (high - low) * share)


class Meter:
    """Counts what passes, and tells its share of `total`."""

    def __init__(self, total: float, report: Report) -> None:
        self.total = max(total, 1)
        self.report = report
        self.done = 0.0
        self.told = 0.0

    def add(self, amount: float = 1) -> None:
        """So much more is done."""
        self.done += amount
        share = min(self.done / self.total, 1.0)
        if share >= self.told + STEP or share == 1 > self.told:
            self.told = share
            self.report(share)

    def watch(self, items: Iterable[Item]) -> Iterator[Item]:
        """The items, each counted when the next one is asked for."""
        for item in items:
            yield item
            self.add()
