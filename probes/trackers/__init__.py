"""Experiment trackers, one file each, found by their file name. They mirror the run table, which stays what counts.

A tracker module has PACKAGE, what to install, and one function

    start(folder, project, run, settings, options) -> Tracker

which imports the library (ImportError where it is missing) and continues the run of that name where there is one.
Several may be open at once in one process. Adding a tracker is adding a file here.
"""

import importlib
import importlib.util
import math
import pkgutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from probes.storage import digest, read_json_if_there, write_json
from scaling.errors import InputError


class Tracker(Protocol):
    """Where the numbers of one run are shown."""

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Show `values` at `step`, the tokens seen; steps rise."""

    def close(self) -> None:
        """Say that the run is over or cut off; nothing is logged after that."""


def names() -> list[str]:
    """Names of all trackers, in alphabetical order."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def check(name: str) -> None:
    """InputError where there is no such tracker, or its library is not installed."""
    if name not in names():
        raise InputError(f"no tracker {name!r}; choose one of {', '.join(names())}")
    package = importlib.import_module(f"{__name__}.{name}").PACKAGE
    if importlib.util.find_spec(package) is None:
        raise InputError(f"tracker {name!r} needs a package that is not installed: pip install {package}")


def open_tracker(
    name: str, folder: Path, project: str, run: str, settings: dict[str, Any], options: dict[str, Any] | None = None
) -> Tracker:
    """The tracker `name`, in the run of that name where an earlier process was cut off.

    Whatever fails inside it, at the start or later, is one warning on stderr and ends the tracking, not the training.

    Args:
        name: one of `names()`.
        folder: where its files go, and the note of what was logged; the same one in a process that resumes.
        project: what the runs stand together under.
        run: name of the run, unique in the project.
        settings: what the run was started with, shown beside it; any JSON content.
        options: of the library's own call that opens a run.

    Raises:
        InputError: there is no such tracker, or its library is not installed.
    """
    if name not in names():
        raise InputError(f"no tracker {name!r}; choose one of {', '.join(names())}")
    module = importlib.import_module(f"{__name__}.{name}")
    guarded = _Guarded(f"tracker {name} of run {run!r}", folder / "logged" / f"{name}-{digest([project, run])}.json")
    try:
        guarded.resume()
        guarded.tracker = module.start(folder, project, run, settings, options or {})
    except ImportError as error:
        raise InputError(
            f"tracker {name!r} needs a package that is not installed: pip install {module.PACKAGE} ({error})"
        ) from error
    except Exception as error:
        guarded.drop(error)
    return guarded


class _Guarded:
    """A tracker that cannot hurt the run it looks at, and takes no step that it took before.

    The last step is noted in a file of ours after the library has taken it, as not every library can say what it has:
    a run that is cut off between its log and its checkpoint logs the same steps again when it is resumed.
    """

    def __init__(self, what: str, note: Path) -> None:
        self.what = what
        self.note = note
        self.last = -1
        self.tracker: Tracker | None = None

    def resume(self) -> None:
        """Take over what an earlier process noted."""
        if (last := read_json_if_there(self.note)) is not None:
            self.last = last

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Pass on the finite ones of `values`, unless `step` was logged before."""
        if self.tracker is None or step <= self.last:
            return
        try:
            self.tracker.log(step, {name: float(value) for name, value in values.items() if math.isfinite(value)})
            write_json(self.note, step)
            self.last = step
        except Exception as error:
            self.drop(error)

    def close(self) -> None:
        """Close what is still open; a second call does nothing."""
        tracker, self.tracker = self.tracker, None
        try:
            if tracker is not None:
                tracker.close()
        except Exception as error:
            self.drop(error)

    def drop(self, error: Exception) -> None:
        """Warn once and continue without the tracker."""
        self.tracker = None
        reason = " ".join(str(error).split()) or type(error).__name__
        print(f"warning: {self.what} is switched off, and training continues ({reason})", file=sys.stderr, flush=True)
