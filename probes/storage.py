"""Files that are whole or absent: everything is written beside its place and then moved there."""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from glob import escape
from pathlib import Path
from typing import Any

from scaling.errors import InputError


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Call `write` with a temporary name in the same folder, then move the file or folder to `path`.

    Args:
        path: the final name; an existing file there is replaced, an existing folder is removed first.
        write: writes a file or a folder under the name it is given.

    Raises:
        InputError: the disk is full; nothing is left behind then, nor after any other error.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        write(temporary)
        _flush(temporary)
        if path.is_dir():
            shutil.rmtree(path)
        os.replace(temporary, path)
    except BaseException as error:
        full = _disk_full(error, path.parent)
        if temporary.is_dir():
            shutil.rmtree(temporary, ignore_errors=True)
        else:
            temporary.unlink(missing_ok=True)
        if full:
            raise InputError(f"{path}: no space is left on this disk") from error
        raise


def remove_parts(path: Path) -> None:
    """Remove what `write_atomically` left of a file, or in a folder and below, when its process was killed."""
    parts = path.rglob(".*.part") if path.is_dir() else path.parent.glob(f".{escape(path.name)}.*.part")
    for part in list(parts):
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


def write_json(path: Path, content: Any) -> None:
    """Write `content` as JSON, atomically; floats keep every digit."""
    text = json.dumps(content, indent=1)
    write_atomically(path, lambda part: part.write_text(text, encoding="utf-8"))


def read_json(path: Path) -> Any:
    """Read a JSON file of ours; InputError where it is not one (a damaged work folder)."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: damaged; delete it and start again") from error


def read_json_if_there(path: Path) -> Any:
    """The same, or None where there is no such file: it is opened once, since another process may remove it."""
    try:
        return read_json(path)
    except FileNotFoundError:
        return None


def digest(content: Any) -> str:
    """A short stable hash of anything that JSON can hold: 16 hexadecimal digits."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def file_digest(path: Path) -> str:
    """sha256 of the bytes of a file, in hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def require_space(folder: Path, needed: int) -> None:
    """InputError where the disk that holds `folder` has fewer than `needed` bytes left."""
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise InputError(f"{folder}: {needed / 1e6:.0f} MB are needed on this disk, {free / 1e6:.0f} MB are left")
