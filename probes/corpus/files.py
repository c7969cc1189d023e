"""Finds the files of a corpus, checks them and reads their documents."""

import re
from collections.abc import Iterable, Iterator
from glob import escape, glob
from pathlib import Path
from typing import Any

from probes import config
from probes.corpus import readers
from probes.storage import file_digest
from scaling.errors import InputError

REMOTE = re.compile(r"[\w.\-]+/[\w\-]+")  # owner/name, as a hub has it


class Missing(InputError):
    """Corpus files that are not there, all `names` in one sentence; `remote` where some look like names elsewhere."""

    def __init__(self, names: list[str], remote: bool) -> None:
        self.names = names
        self.remote = remote
        cure = "; a corpus is read from this machine, so download them first" if remote else ""
        super().__init__(f"{', '.join(names)}: no such corpus file{'s' if len(names) > 1 else ''}{cure}")


def expand(patterns: Iterable[str], folder: Path, split: str = "train") -> list[Path]:
    """Files and datasets for the patterns, relative to `folder`, sorted; InputError where one matches nothing.

    Args:
        split: the one to take of a folder with several (a saved DatasetDict).
    """
    found: set[Path] = set()
    for pattern in patterns:
        paths = [Path(name) for name in glob(str(Path(escape(str(folder))) / pattern))]
        own = {readers.split_of(path, split) for path in paths if path.is_file() or readers.claimed(path)}
        if not own:
            if any(path.is_dir() for path in paths):
                raise InputError(f"{folder / pattern}: a folder, but not a dataset saved to disk; name the files in it")
            raise _missing(pattern, folder)
        found |= own
    return sorted(found)


def _missing(pattern: str, folder: Path) -> Missing:
    if "://" in pattern:
        return Missing([pattern], remote=True)
    return Missing([str(folder / pattern)], bool(REMOTE.fullmatch(pattern)) and not (folder / pattern).parent.exists())


def require(corpora: Iterable[config.Corpus], folder: Path) -> None:
    """InputError that names all files of these corpora that are missing; nothing is read."""
    missing: list[Missing] = []
    for source in (source for corpus in corpora for source in corpus.parts):
        for pattern in (*source.train, *source.held_out):
            try:
                expand([pattern], folder, source.split)
            except Missing as error:
                missing.append(error)
    if missing:
        names = dict.fromkeys(name for error in missing for name in error.names)
        raise Missing([*names], any(error.remote for error in missing))


def check(corpus: config.Corpus, folder: Path) -> None:
    """InputError where a file of a corpus is missing or its first record has no text; no more than that is read."""
    require([corpus], folder)
    for number, source in enumerate(corpus.parts, start=1):
        formats = set()
        for path in (*train_files(source, folder), *held_out_files(source, folder)):
            readers.files(path)
            formats.add(readers.check(path, source.field, source.format))
        if source.separator and "text" not in formats:
            which = f"corpus {corpus.name!r}" + (f", source {number}" if corpus.sources else "")
            raise InputError(
                f"{which}: separator is for plain text, but its files are {', '.join(sorted(formats))}; remove it"
            )


def train_files(source: config.Text, folder: Path) -> list[Path]:
    """What the training text of a source is read from."""
    return expand(source.train, folder, source.split)


def held_out_files(source: config.Text, folder: Path) -> list[Path]:
    """What the held-out text of a source is read from; empty where a fraction is held out."""
    return expand(source.held_out, folder, source.split)


def read(paths: Iterable[Path], source: config.Text) -> Iterator[str]:
    """All documents of several files of a source, one after the other."""
    for path in paths:
        yield from readers.documents(path, source.field, **source.reading)


def contents(corpus: config.Corpus, folder: Path) -> dict[str, Any]:
    """What determines the two sides of a corpus: its files' contents and how they are read and split."""
    sources = [
        {
            "train": [_content(path, source) for path in train_files(source, folder)],
            "held_out": [_content(path, source) for path in held_out_files(source, folder)],
            "field": source.field,
            **source.reading,
            "fraction": None if source.held_out else source.held_out_fraction,
        }
        for source in corpus.parts
    ]
    return {"sources": sources, "near_duplicates": corpus.near_duplicates}


def _content(path: Path, source: config.Text) -> list[str]:
    """The format, since the same bytes may be read in several, and a hash of each file."""
    return [readers.name(path, source.format), *map(file_digest, readers.files(path))]
