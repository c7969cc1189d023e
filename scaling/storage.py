"""Files that are whole or absent: everything is written beside its place and then moved there."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable
from glob import escape
from pathlib import Path
from typing import Any

from scaling.errors import InputError


def write_text(path: str | Path, text: str) -> None:
    """Write text (UTF-8) to path; an old file stays whole until the new one is complete. Raises InputError if it cannot be
    written."""
    path = Path(path)
    if not path.parent.is_dir():
        raise InputError(f"{path}: cannot be written ({os.strerror(errno.ENOENT)})")
    try:
        write_atomically(path, lambda part: part.write_text(text, encoding="utf-8", errors="backslashreplace"))
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from None


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Call `write` with a temporary name in the same folder, then move the file or folder to `path`.

    Args:
        path: the final name; an existing file there is replaced, an existing folder is removed before a new one takes
            its place.
        write: writes a file or a folder under the name it is given.

    Raises:
        InputError: the disk is full; nothing is left behind then, nor after any other error.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        write(temporary)
        _flush(temporary)
        if temporary.is_dir() and path.is_dir():
            shutil.rmtree(path)
        os.replace(temporary, path)
    except BaseException as error:
        full = _disk_full(error, path.parent)
        _remove(temporary)
        if full:
            raise InputError(f"{path}: no space is left on this disk") from error
        raise


def read_saved(path: Path, what: str, form: str, version: int) -> dict[str, Any]:
    """The content of a JSON file of ours; what: "fit" or "plan", form: its field format, version: the newest that is known.

    Raises InputError, naming the file, for one that is not there, not JSON, of another kind or newer.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError):
        raise InputError(f"{path}: is not a saved {what}, or was cut short (not valid JSON)") from None
    if not isinstance(content, dict) or content.get("format") != form:
        raise InputError(f"{path}: is not a saved {what} (it lacks format {form!r})")
    written = content.get("version")
    if not isinstance(written, int) or written > version:
        raise InputError(f"{path}: is of format version {written}, and this version of scaling reads up to {version}")
    return content


def remove_parts(path: Path) -> None:
    """Remove what `write_atomically` left of a file, or in a folder and below, when its process was killed."""
    parts = path.rglob(".*.part") if path.is_dir() else path.parent.glob(f".{escape(path.name)}.*.part")
    for part in list(parts):
        _remove(part)


def _remove(part: Path) -> None:
    if part.is_dir():
        shutil.rmtree(part, ignore_errors=True)
    else:
        part.unlink(missing_ok=True)


def _disk_full(error: BaseException, folder: Path) -> bool:
    """Whether a write failed for want of space; the libraries that write for us each say it in another way."""
    told = getattr(error, "errno", None) == errno.ENOSPC or "No space left" in str(error)
    return told or (isinstance(error, OSError) and error.errno is None and shutil.disk_usage(folder).free < 2**16)


def _flush(path: Path) -> None:
    """Ask the system to put the file on disk, so that a crash after the move finds it whole."""
    for file in path.rglob("*") if path.is_dir() else [path]:
        if file.is_file():
            with file.open("rb") as handle:
                os.fsync(handle.fileno())
