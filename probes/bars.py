"""Progress of a sweep on standard error: bars with the time left, or one line per finished run."""

import sys
import time

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

from probes.jobs import AnyJob
from probes.sweep import Listener


class Bars(Listener):
    """One bar for the sweep, in FLOPs, so that the time left is right for small and large runs alike."""

    def __init__(self) -> None:
        self.console = Console(file=sys.stderr)
        self.bars = Progress(
            TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("time left"),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=self.console, speed_estimate_period=600, disable=not self.console.is_terminal,
        )  # fmt: skip
        self.task: TaskID | None = None
        self.reading: dict[str, TaskID] = {}
        self.spent: dict[str, float] = {}
        self.total = 0.0
        self.began = 0.0

    def preparing(self, what: str, fraction: float) -> None:
        """One bar per corpus while it is read and tokenised, gone when that is done."""
        if what not in self.reading:
            if fraction == 1:  # it was there
                return
            self.reading[what] = self.bars.add_task(what, total=1)
            self.bars.start()
        self.bars.update(self.reading[what], completed=fraction, visible=fraction < 1)

    def start(self, todo: list[AnyJob], all_jobs: list[AnyJob]) -> None:
        """Say how much there is to do, and begin the bar."""
        self.total = sum(job.flops for job in todo)
        self.began = time.monotonic()
        self.console.print(
            f"{len(all_jobs)} jobs, {len(all_jobs) - len(todo)} done before, {self.total:.2e} FLOPs left"
        )
        self.task = self.bars.add_task("sweep", total=self.total)
        self.bars.start()

    def progress(self, job: AnyJob, fraction: float) -> None:
        """Move the bar on."""
        assert self.task is not None
        self.spent[job.name] = fraction * job.flops
        self.bars.update(self.task, completed=sum(self.spent.values()), description=job.name)

    def done(self, job: AnyJob, status: str) -> None:
        """One line per finished run, with the time left."""
        self.progress(job, 1.0)
        spent = sum(self.spent.values())
        left = (time.monotonic() - self.began) * (self.total / spent - 1)
        self.console.print(
            f"{job.name}: {status}, {spent / self.total:.0%} of the sweep, about {left / 60:.0f} min left"
        )

    def stop(self) -> None:
        """Give the terminal back."""
        self.bars.stop()
