"""Which files a corpus is made of, and what they hold."""

from collections.abc import Iterable, Iterator
from glob import escape, glob
from pathlib import Path
from typing import Any

from probes import config
from probes.corpus import readers
from probes.storage import file_digest
from scaling.errors import InputError


def expand(patterns: Iterable[str], folder: Path, split: str = "train") -> list[Path]:
    """Files and datasets for the patterns, relative to `folder`, sorted; InputError where one matches nothing.

    Args:
        split: the part to take of a folder that holds several (a saved DatasetDict).
    """
    found: set[Path] = set()
    for pattern in patterns:
        paths = [Path(name) for name in glob(str(Path(escape(str(folder))) / pattern))]
        own = {readers.part(path, split) for path in paths if path.is_file() or readers.claimed(path)}
        if not own:
            folders = any(path.is_dir() for path in paths)
            what = "a folder, and no dataset saved to disk" if folders else "no such corpus file"
            raise InputError(f"{folder / pattern}: {what}")
        found |= own
    return sorted(found)


def check(corpus: config.Corpus, folder: Path) -> None:
    """InputError where a file of a corpus is missing; nothing is read."""
    for source in corpus.parts:
        for path in (*train_files(source, folder), *held_out_files(source, folder)):
            readers.files(path)


def train_files(source: config.Text, folder: Path) -> list[Path]:
    """What the training text of a source is read from."""
    return expand(source.train, folder, source.split)


def held_out_files(source: config.Text, folder: Path) -> list[Path]:
    """What the held-out text of a source is read from; empty where a fraction is held out."""
    return expand(source.held_out, folder, source.split)


def read(paths: Iterable[Path], field: str) -> Iterator[str]:
    """All documents of several files, one after the other."""
    for path in paths:
        yield from readers.documents(path, field)


def contents(corpus: config.Corpus, folder: Path) -> dict[str, Any]:
    """What determines the two sides of a corpus: its files' contents and how they are read and split."""
    sources = [
        {
            "train": [*map(_content, train_files(source, folder))],
            "held_out": [*map(_content, held_out_files(source, folder))],
            "field": source.field,
            "fraction": None if source.held_out else source.held_out_fraction,
        }
        for source in corpus.parts
    ]
    return {"sources": sources, "near_duplicates": corpus.near_duplicates}


def _content(path: Path) -> list[str]:
    """The format, since the same bytes may be read in several, and a hash of each file."""
    return [readers.name(path), *map(file_digest, readers.files(path))]
