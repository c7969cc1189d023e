"""Trackio, for `trackio show`; its files lie where TRACKIO_DIR or its default says. Tried with 0.43."""

import contextvars
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from typing import Any

PACKAGE = "trackio"


class _Tracker:
    def __init__(self, run: Any) -> None:
        self.run = run

    def log(self, step: int, values: Mapping[str, float]) -> None:
        self.run.log(dict(values), step=step)

    def close(self) -> None:
        with redirect_stdout(sys.stderr):
            self.run.finish()


def start(folder: Path, project: str, run: str, settings: dict[str, Any], options: dict[str, Any]) -> _Tracker:
    """The run of that name, also where it exists. `folder` is not used: `trackio show` looks in one place only.

    trackio keeps one current run in a context variable and ends it when the next is opened; a context of its own for
    each lets several be open. What it prints goes to stderr, as stdout is ours.
    """
    import trackio

    fixed = {"config": settings, "resume": "allow", "embed": False, **options}
    start_run = partial(trackio.init, project, run, **fixed)
    with redirect_stdout(sys.stderr):
        return _Tracker(contextvars.copy_context().run(start_run, auto_log_cpu=False, auto_log_gpu=False))
