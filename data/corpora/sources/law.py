"""Licence texts, one document a licence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from building.model import Source

from sources.markup import read_text

_OTHER_LANGUAGE = re.compile(r"^language: (?!en)", re.MULTILINE)


def read(folder: Path) -> Iterator[str]:
    """English licence texts in the order of their keys."""
    for path in sorted(folder.glob("licensedcode/data/licenses/*.LICENSE")):
        # A heading of fields between two lines of dashes stands before the text; some licences have no text.
        _, heading, *text = read_text(path).split("---\n", 2)
        if text and not _OTHER_LANGUAGE.search(heading):
            yield text[0]


LICENCES = Source("licences", "licensedcode-data", "pip", "CC-BY-4.0 (the collection)", read, pin="32.1.0")
