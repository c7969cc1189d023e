"""The rows of a run as its trackers see them: each row once, after it has been committed."""

from pathlib import Path
from typing import Any

from probes import trackers
from probes.jobs import Tracking
from probes.results import Row

SHOWN = ("loss", "_se", "learning_rate", "_epochs")


class Tracked:
    """The trackers of one run, opened when there is something to show.

    Trackers want rising steps, and the row of a branch comes before rows of the run that lie at fewer tokens: a step is
    shown once the run itself has come to it, the branch that ends there beside it.
    """

    def __init__(self, tracking: Tracking, run: str, settings: dict[str, Any]) -> None:
        self.tracking = tracking
        self.run = run
        self.settings = settings
        self.shown = -1  # tokens
        self.open: list[trackers.Tracker] = []

    def show(self, rows: list[Row]) -> None:
        """Tell every tracker of the steps that it does not know yet."""
        if not self.tracking.trackers:
            return
        reached = max((row["tokens"] for row in rows if not row.get("trunk")), default=-1)
        steps = sorted({row["tokens"] for row in rows if self.shown < row["tokens"] <= reached})
        if steps and not self.open:
            self.open = [self._opened(name) for name in self.tracking.trackers]
        for step in steps:
            values: dict[str, float] = {}
            for row in rows:
                values |= _values(row) if row["tokens"] == step else {}
            for tracker in self.open:
                tracker.log(step, values)
        self.shown = max(self.shown, reached)

    def _opened(self, name: str) -> trackers.Tracker:
        own = self.tracking
        return trackers.open_tracker(name, Path(own.folder), own.project, self.run, self.settings, own.trackers[name])

    def close(self) -> None:
        """The run is over."""
        for tracker in self.open:
            tracker.close()
        self.open = []


def _values(row: Row) -> dict[str, float]:
    prefix = "branch_" if row.get("trunk") else ""
    return {
        f"{prefix}{key}": float(value)
        for key, value in row.items()
        if key.endswith(SHOWN) and isinstance(value, int | float)
    }
