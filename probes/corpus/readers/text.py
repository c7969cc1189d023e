"""Reads plain text, compressed or not: a file is one document, or several between separators."""

from collections.abc import Iterator
from pathlib import Path
from typing import IO

from probes.corpus.opening import open_text

BLANK_LINES = "blank-lines"  # the separator that is any number of blank lines
PIECE = 2**20  # characters that are read at once, or as many as are held


def documents(path: Path, field: str, separator: str | None = None) -> Iterator[str]:
    """The documents of the file; `field` means nothing here.

    Args:
        separator: what stands between two documents, or BLANK_LINES; line breaks around a document are no part of it.
    """
    with open_text(path) as handle:
        if separator is None:
            yield handle.read()
            return
        # line breaks of all kinds are read as one
        own = separator.replace("\r\n", "\n")
        pieces = _paragraphs(handle) if separator == BLANK_LINES else _pieces(handle, own)
        yield from (text for piece in pieces if (text := piece.strip("\n")).strip())


def _paragraphs(handle: IO[str]) -> Iterator[str]:
    held: list[str] = []
    for line in handle:
        if line.strip():
            held.append(line)
        elif held:
            yield "".join(held)
            held = []
    yield "".join(held)


def _pieces(handle: IO[str], separator: str) -> Iterator[str]:
    held = ""
    while piece := handle.read(max(PIECE, len(held))):
        *whole, held = (held + piece).split(separator)
        yield from whole
    yield held
