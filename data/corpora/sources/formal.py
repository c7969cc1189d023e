"""Formal mathematics: the databases of Metamath."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from building.model import Source

from sources.grouping import by_length
from sources.markup import read_text

_DOCUMENT = 6_000
# Only databases that say CC0 in their own heading.
_DATABASES = ("set.mm", "iset.mm", "nf.mm")
_GAP = re.compile(r"\n[ \t]*\n+")


def read(folder: Path) -> Iterator[str]:
    """Neighbouring statements, with their comments and proofs."""
    for name in _DATABASES:
        yield from by_length(_GAP.split(read_text(folder / "usr/share/metamath/databases" / name)), _DOCUMENT)


METAMATH = Source("metamath", "metamath-databases", "apt", "CC0-1.0", read)
