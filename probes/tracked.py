"""The rows of a run as its trackers see them: each row once, after it has been committed."""

from pathlib import Path

from probes import trackers
from probes.jobs import Tracking
from probes.results import Row

SHOWN = ("loss", "_se", "learning_rate", "_epochs")


class Tracked:
    """The trackers of one run, opened when there is something to show."""

    def __init__(self, tracking: Tracking, run: str) -> None:
        self.tracking = tracking
        self.run = run
        self.shown = 0
        self.open: list[trackers.Tracker] = []

    def show(self, rows: list[Row]) -> None:
        """Tell every tracker of the rows that it does not know yet."""
        if rows[self.shown :] and self.tracking.trackers and not self.open:
            self.open = [
                trackers.open_tracker(name, Path(self.tracking.folder), self.tracking.project, self.run, settings)
                for name, settings in self.tracking.trackers.items()
            ]
        for row in rows[self.shown :]:
            prefix = "branch_" if row.get("trunk") else ""
            values = {
                f"{prefix}{key}": float(value)
                for key, value in row.items()
                if key.endswith(SHOWN) and isinstance(value, int | float)
            }
            for tracker in self.open:
                tracker.log(row["tokens"], values)
        self.skip(rows)

    def skip(self, rows: list[Row]) -> None:
        """These rows were shown by the process that was cut off."""
        self.shown = len(rows)

    def close(self) -> None:
        """The run is over."""
        for tracker in self.open:
            tracker.close()
        self.open = []
