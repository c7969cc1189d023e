"""WordNet: glosses and examples, forty neighbouring senses a document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from building.model import Source

from sources.grouping import by_count

_SENSES = 40
_PARTS = ("noun", "verb", "adj", "adv")
# Adjectives carry a marker of their position in the sentence, as in "awake(p)".
_MARKER = re.compile(r"\((?:a|p|ip)\)$")


def _entry(line: str) -> str:
    """One data line as "word, synonym: gloss". The fourth field counts the words, in hexadecimal."""
    fields, _, gloss = line.partition(" | ")
    parts = fields.split()
    words = [_MARKER.sub("", word).replace("_", " ") for word in parts[4 : 4 + 2 * int(parts[3], 16) : 2]]
    return f"{', '.join(words)}: {gloss.strip()}"


def read(folder: Path) -> Iterator[str]:
    """Documents of forty senses, nouns first."""
    for part in _PARTS:
        lines = (folder / "usr/share/wordnet" / f"data.{part}").read_text("utf-8").splitlines()
        # The licence at the top is indented; it is in LICENCES, not in the text.
        entries = [_entry(line) for line in lines if not line.startswith("  ")]
        yield from by_count(entries, _SENSES)


WORDNET = Source("wordnet", "wordnet-base", "apt", "WordNet 3.0 licence (BSD-like)", read, cap=7_000_000)
