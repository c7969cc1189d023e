"""JSON files of the work folder, hashes, and free disk space; `scaling.storage` writes files whole or not at all."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from scaling.errors import InputError
from scaling.storage import write_atomically


def write_json(path: Path, content: Any) -> None:
    """Write `content` as JSON, atomically; floats keep every digit."""
    text = json.dumps(content, indent=1)
    write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def read_json(path: Path) -> Any:
    """Read a JSON file of ours; InputError where it is not one (a damaged work folder)."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise damaged(path) from error


def damaged(path: Path) -> InputError:
    """The one sentence for a file of the work folder that cannot be used, all of which can be made again."""
    return InputError(f"{path}: damaged; delete it and start again")


def read_json_if_there(path: Path) -> Any:
    """The same, or None where there is no such file: it is opened once, since another process may remove it."""
    try:
        return read_json(path)
    except FileNotFoundError:
        return None


def digest(content: Any) -> str:
    """A short stable hash of any JSON content: 16 hexadecimal digits."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def file_digest(path: Path) -> str:
    """sha256 of the bytes of a file, in hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def require_space(folder: Path, needed: int) -> None:
    """InputError where the disk of `folder` has fewer than `needed` bytes left."""
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise InputError(f"{folder}: {needed / 1e6:.0f} MB are needed on this disk, {free / 1e6:.0f} MB are left")
