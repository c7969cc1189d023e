"""A table's file opened as bytes: what gzip packed is unpacked, whatever its name says."""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path
from typing import BinaryIO, TextIO, cast

COLUMNS = frozenset(
    {"params", "tokens", "ratio", "general_loss", "domain_loss"}
)  # one of them makes a file a run table
_GZIP, _HEAD = b"\x1f\x8b", 1 << 16


def opened(path: Path) -> BinaryIO:
    """The file's bytes, unpacked."""
    with path.open("rb") as file:
        packed = file.read(2) == _GZIP
    return cast(BinaryIO, gzip.open(path, "rb")) if packed else path.open("rb")


def text(path: Path) -> TextIO:
    """The file as UTF-8 text."""
    return io.TextIOWrapper(opened(path), encoding="utf-8-sig")


def head(path: Path) -> bytes:
    """The beginning of the file; b"" where it cannot be read."""
    try:
        with opened(path) as file:
            return file.read(_HEAD)
    except (OSError, EOFError, zlib.error):
        return b""


def first_lines(start: bytes) -> list[str]:
    """The whole lines of a file's beginning; none where it is no text."""
    try:
        lines = start.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        if error.start < len(start) - 4:  # not just cut inside a letter
            return []
        lines = start[: error.start].decode("utf-8-sig").splitlines()
    return lines[:-1] if len(start) == _HEAD and len(lines) > 1 else lines
