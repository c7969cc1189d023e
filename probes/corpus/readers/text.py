"""Plain text, compressed or not: a file is one document, and is held whole."""

from collections.abc import Iterator
from pathlib import Path

from probes.corpus.opening import open_text


def documents(path: Path, field: str) -> Iterator[str]:
    """The one document of the file; `field` means nothing here."""
    with open_text(path) as handle:
        yield handle.read()
