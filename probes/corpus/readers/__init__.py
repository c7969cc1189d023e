"""Readers of corpus files: one module per format, found by being in this folder.

A reader has `SUFFIXES`, or `claims(path) -> bool` where a suffix is not enough, and
`documents(path, field) -> Iterator[str]`, which keeps only a piece of the file in memory. One whose
corpora are folders says with `files(path)` which files make up the content, and may lead on to a
split of it with `split_of(path, split)`. What no reader claims is plain text, if it looks like that.
"""

import pkgutil
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

from probes.corpus import content
from probes.corpus.readers import text
from scaling.errors import InputError


@cache
def modules() -> list[ModuleType]:
    """Every reader but plain text, which takes what is left."""
    names = sorted(info.name for info in pkgutil.iter_modules(__path__) if info.name != "text")
    return [import_module(f"{__name__}.{name}") for name in names]


def claimed(path: Path) -> ModuleType | None:
    """The reader whose format a file or folder has, from its name or from what lies in it; None for none."""
    return next((module for module in modules() if _claims(module, path)), None)


def _claims(module: ModuleType, path: Path) -> bool:
    name = path.name.lower()
    by_suffix = path.is_file() and any(name.endswith(suffix) for suffix in getattr(module, "SUFFIXES", ()))
    return by_suffix or (hasattr(module, "claims") and bool(module.claims(path)))


def _chosen(path: Path, format: str | None) -> ModuleType:
    """The reader of a file or folder: the one called `format`, or that of what it contains."""
    if format is not None:
        return import_module(f"{__name__}.{format}")
    return claimed(path) or text


def name(path: Path, format: str | None = None) -> str:
    """The name of the reader that will read a file."""
    return _chosen(path, format).__name__.rpartition(".")[2]


def documents(
    path: Path, field: str = "text", separator: str | None = None, format: str | None = None
) -> Iterator[str]:
    """The documents of a file or folder in order, read piece by piece.

    Args:
        field: the JSON field or the column with the text; plain text has none and ignores it.
        separator: what stands between the documents of a plain text file; other formats ignore it.
        format: the reader to take, `text` or `jsonl`, whatever the file looks like.

    Raises:
        InputError: the file cannot be read, or a row has no text; it names the file and the row or column.
    """
    if (reader := _chosen(path, format)) is not text:
        found: Iterator[str] = reader.documents(path, field)
        return found
    if format is None:
        content.require_text(path)
    return text.documents(path, field, separator)


def check(path: Path, field: str = "text", format: str | None = None) -> str:
    """The name of the reader of a file or folder, whose first record was looked at; InputError where it has no text."""
    if (reader := name(path, format)) != "text":
        if next(documents(path, field, format=format), None) is None:
            raise InputError(f"{path}: the file contains no document; name another, or leave it out")
    elif path.is_file() and path.stat().st_size == 0:
        raise InputError(f"{path}: the file is empty; name another, or leave it out")
    elif format is None:
        content.require_text(path)
    return reader


def split_of(path: Path, split: str) -> Path:
    """`path` itself, or the folder of `split` in a folder with several."""
    lead = getattr(claimed(path), "split_of", None)
    return lead(path, split) if lead else path


def files(path: Path) -> list[Path]:
    """The files with the content, in reading order; InputError where they are not there."""
    listed = getattr(claimed(path), "files", None)
    found: list[Path] = listed(path) if listed else [path]
    for file in found:
        if not file.is_file():
            raise InputError(f"{file}: no such corpus file")
    return found
