"""Reads one JSON array of objects, on one line or many, a piece at a time."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from probes.corpus import content
from probes.corpus.fields import text_of
from probes.corpus.opening import open_text
from scaling.errors import InputError

PIECE = 2**16  # characters that are read at once, or as many as are held
LONGEST = 2**30  # characters of a record; what does not end by then is not JSON
DECODER = json.JSONDecoder()


def claims(path: Path) -> bool:
    """A file that begins with an array of objects, whatever its name."""
    return path.is_file() and content.look(path).kind == content.ARRAY


def documents(path: Path, field: str) -> Iterator[str]:
    """Each object's `field`. Rows are objects, from 1 on."""
    with open_text(path) as handle:
        for number, record in enumerate(_records(path, _Text(handle)), start=1):
            yield text_of(f"{path}: row {number}", record, field)


def _records(path: Path, text: "_Text") -> Iterator[Any]:
    """The elements of the array."""
    text.take("[")
    if text.take("]"):
        return
    number = 1
    while True:
        yield text.decoded(f"{path}: row {number}")
        if text.take("]"):
            break
        if not text.take(","):
            raise InputError(f"{path}: the JSON array breaks off after row {number}")
        number += 1
    if text.next():
        raise InputError(f"{path}: text follows the JSON array of {number} rows; remove it")


class _Text:
    """A file of which the piece from `at` on is still to be decoded."""

    def __init__(self, handle: IO[str]) -> None:
        self.handle = handle
        self.held = ""
        self.at = 0
        self.over = False

    def more(self) -> None:
        """Hold at least twice as much, so that a long record is not decoded once per piece."""
        self.held = self.held[self.at :]
        self.at = 0
        piece = self.handle.read(max(PIECE, len(self.held)))
        self.held += piece
        self.over = not piece

    def next(self) -> str:
        """The next character that is no white space; empty at the end."""
        while True:
            while self.at < len(self.held) and self.held[self.at].isspace():
                self.at += 1
            if self.at < len(self.held) or self.over:
                return self.held[self.at : self.at + 1]
            self.more()

    def take(self, mark: str) -> bool:
        """Leave `mark` behind where it is what comes next."""
        found = self.next() == mark
        self.at += found
        return found

    def decoded(self, where: str) -> Any:
        """The next JSON value."""
        self.next()
        while True:
            try:
                value, end = DECODER.raw_decode(self.held, self.at)
                if end < len(self.held) or self.over:  # a number may continue
                    self.at = end
                    return value
            except (ValueError, RecursionError) as error:
                if self.over or len(self.held) > LONGEST:
                    raise InputError(f"{where} is not JSON") from error
            self.more()
