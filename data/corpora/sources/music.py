"""Music as text: tunes in ABC, a document some tunes; pieces in kern, a document a piece."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from building.model import Source

from sources.grouping import by_length
from sources.markup import read_text

_DOCUMENT = 2_000
_TUNE = re.compile(r"(?m)^(?=X:)")


def read(folder: Path) -> Iterator[str]:
    """Tunes in ABC, then pieces in kern."""
    corpus = folder / "music21/corpus"
    for collection in sorted(path for path in corpus.iterdir() if path.is_dir()):
        tunes = (tune.strip() for path in sorted(collection.rglob("*.abc")) for tune in _TUNE.split(read_text(path)))
        yield from by_length((tune for tune in tunes if tune), _DOCUMENT)
    for path in sorted(corpus.rglob("*.krn")):
        yield read_text(path)


MUSIC = Source("music21", "music21", "pip", "per collection, some non-commercial", read, pin="10.5.1")
