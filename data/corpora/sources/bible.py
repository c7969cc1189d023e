"""The World English Bible from a SWORD module, one document a chapter."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from building.model import Source

from sources.markup import join_lines, strip_tags

_CHAPTER = re.compile(r"(?=<chapter [^>]*sID=)")
_NOTE = re.compile(r"<note\b.*?</note>", re.DOTALL)
_BREAK = re.compile(r"<(?:div|l|lg|title|/title|chapter)\b[^>]*>")


def _books(module: Path, testament: str) -> Iterator[str]:
    """The books of a testament: `.bzs` lists offset, packed size and size of the zlib blocks in `.bzz`."""
    packed = (module / f"{testament}.bzz").read_bytes()
    for offset, length, _ in struct.iter_unpack("<III", (module / f"{testament}.bzs").read_bytes()):
        yield zlib.decompress(packed[offset : offset + length]).decode("utf-8")


def _plain(markup: str) -> str:
    """Text of OSIS markup: notes go, blocks become lines."""
    text = strip_tags(_BREAK.sub("\n", _NOTE.sub(" ", markup.replace("\n", " "))))
    text = re.sub(r"[ \t]+", " ", text)
    return join_lines(re.sub(r" (?=[,.;:!?”’])", "", re.sub(r"\n[ \n]*", "\n", text)))


def _chapters(book: str) -> Iterator[str]:
    """Chapters; what stands before the first one, a title or a preface, belongs to it."""
    opening, *chapters = map(_plain, _CHAPTER.split(book))
    if chapters:
        chapters[0] = f"{opening}\n{chapters[0]}"
    for chapter in chapters:
        # The Greek Esther repeats lines where its verses have no place in the numbering.
        yield "\n".join(line for line, _ in groupby(chapter.split("\n")))


def read(folder: Path) -> Iterator[str]:
    """Chapters in the order of the books, with the Deuterocanon."""
    (module,) = folder.glob("usr/share/sword/modules/texts/ztext/*")
    for testament in ("ot", "nt"):
        for book in _books(module, testament):
            # The verses of a book lie in order, so chapters are found by their own marks, without the verse index.
            yield from _chapters(book)


BIBLE = Source("bible", "sword-text-web", "apt", "public domain", read)
