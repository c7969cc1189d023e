"""Readers: one file a format, each with `SUFFIXES`, `claims(start)` and `read(path) -> DataFrame`, found by being here.

What a file begins with decides the reader, and its suffix only where no reader claims that.
A reader names its frame's index "row" and fills it with the row numbers that a user would look for in the file.
It raises `InputError` without the file's name in front; `load_runs` adds it.
"""

from __future__ import annotations

import pkgutil
import re
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from scaling.errors import LOGS, InputError
from scaling.readers._opened import head

if TYPE_CHECKING:
    import pandas as pd

    from scaling.runs import Runs
    from scaling.stages import Stage


def load_runs(table: str | Path | pd.DataFrame, stage: Stage = "auto") -> Runs:
    """Read and validate a run table from a file (its content names the format) or a DataFrame.

    stage: which losses of a table with branches, "trunk", "branches" or "all"; "auto" takes branches where they can
    stand for the other runs (see `scaling.stages.choose`), and a warning says what is left out.
    Raises `InputError` for a missing, unreadable or invalid table, with file, row and column.

    >>> runs = load_runs("data/runs/prose-code.parquet")
    >>> len(runs.frame), runs.frame["run"].nunique(), runs.corpora
    (350, 35, ('general', 'domain'))
    >>> import pandas as pd
    >>> load_runs(pd.DataFrame({"params": [1e6], "tokens": [1e5], "ratio": [25], "general_loss": [3.1]}))
    Traceback (most recent call last):
    ...
    scaling.errors.InputError: <table>: row 1, column ratio: 25 is outside 0..1 and looks like a percentage; ...
    """
    from scaling.runs import validate  # with pandas, which is slow to import: who asks for `is_table` needs none of it

    if not isinstance(table, (str, Path)):
        return validate(table).stage(stage)
    path = Path(table).expanduser()
    return validate(_read(path), path.name).stage(stage)


def is_table(path: str | Path) -> bool:
    """Whether some reader claims the file."""
    return _reader(Path(path)) is not None


LOOKS = {
    b"\xff\xfe": "this is text in UTF-16; save it as UTF-8",
    b"\xfe\xff": "this is text in UTF-16; save it as UTF-8",
    b"pk\x03\x04": "this is a zip archive or a spreadsheet; unpack it, or export the sheet as CSV",
    b"\x28\xb5\x2f\xfd": "this is packed by zstd; unpack it first",
    b"<!doctype html": "this is a web page; export the table as CSV",
    b"<html": "this is a web page; export the table as CSV",
    b"version https://git-lfs": "this is a pointer of Git LFS; `git lfs pull` brings the file",
}


@cache
def suffixes() -> dict[str, ModuleType]:
    """Every suffix that can be read, with its reader, longest first."""
    names = [info.name for info in pkgutil.iter_modules(__path__) if not info.name.startswith("_")]
    found = {suffix: one for one in (import_module(f"{__name__}.{n}") for n in names) for suffix in one.SUFFIXES}
    return dict(sorted(found.items(), key=lambda item: -len(item[0])))


def _reader(path: Path) -> ModuleType | None:
    start = head(path) if path.is_file() else b""
    claiming = [module for module in dict.fromkeys(suffixes().values()) if module.claims(start)]
    named = [module for suffix, module in suffixes().items() if path.name.lower().endswith(suffix)]
    return next(iter([*claiming, *named]), None)


def looks_like(path: Path) -> str:
    """What a file that no reader claims looks like and what to do with it; "" for what is not known."""
    start = head(path)
    if what := _other_kind(start):
        return what
    fit = b'"scaling-fit"' in start[:200]
    return LOGS if not fit and (b"log_history" in start or re.search(rb"\bloss|_loss|perplexity", start)) else ""


def _other_kind(start: bytes) -> str:
    """What a file that begins so is for certain, where that is no table."""
    text = start.lstrip().lower()
    return next((what for begins, what in LOOKS.items() if text.startswith(begins)), "")


def _unknown(path: Path) -> str:
    known = f"unknown kind of table; there are readers for {', '.join(sorted(suffixes()))}"
    return looks_like(path) or known


def _read(path: Path) -> pd.DataFrame:
    if not path.exists():
        raise InputError(f"{path}: there is no such file")
    if path.is_dir():
        raise InputError(f"{path}: this is a folder, not a run table")
    reader = _reader(path)
    if reader is None or _other_kind(head(path)):
        raise InputError(f"{path.name}: {_unknown(path)}")
    try:
        if path.stat().st_size == 0:
            raise InputError("the file is empty")
        frame: pd.DataFrame = reader.read(path)
    except InputError as error:
        raise InputError(f"{path.name}: {error}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path.name}: this is not text in UTF-8, so not a {path.suffix} table") from error
    except OSError as error:
        raise InputError(f"{path.name}: cannot be read ({error.strerror or error})") from error
    return frame
