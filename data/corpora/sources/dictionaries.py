"""Dictionaries in the format of dictd: entries start at the left margin, their text is indented."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from building.model import Source

from sources.grouping import by_length
from sources.markup import read_text

_DOCUMENT = 4_000
_ENTRY = re.compile(r"\n(?=\S)")
_LINK = re.compile(r"\{([^{}]*)\}")
# "[1913 Webster]" and its like stand after every sense and would be a tenth of the text.
_ORIGIN = re.compile(r"\s*\[(?:1913 Webster|Webster 1913 Suppl\.|PJC|WordNet [\d.]+)(?: \+PJC)?\]")


def read(folder: Path) -> Iterator[str]:
    """Neighbouring entries together, without the notices of the compilers."""
    (path,) = folder.glob("usr/share/dictd/*.dict.dz")
    text = _ORIGIN.sub("", _LINK.sub(r"\1", read_text(path)))
    entries = (entry.rstrip() for entry in _ENTRY.split(text) if not entry.startswith("00-database"))
    return by_length(entries, _DOCUMENT)


GCIDE = Source("gcide", "dict-gcide", "apt", "GPL-2+", read, cap=25_000_000)
FOLDOC = Source("foldoc", "dict-foldoc", "apt", "GFDL-1.1+", read)
