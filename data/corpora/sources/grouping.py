"""Documents of a useful length out of many short entries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def by_count(entries: Iterable[str], count: int, between: str = "\n") -> Iterator[str]:
    """`count` neighbouring entries a document."""
    group: list[str] = []
    for entry in entries:
        group.append(entry)
        if len(group) == count:
            yield between.join(group)
            group = []
    if group:
        yield between.join(group)


def by_length(entries: Iterable[str], least: int, between: str = "\n\n") -> Iterator[str]:
    """Neighbouring entries together until they have `least` characters; the rest is the last document."""
    group: list[str] = []
    for entry in entries:
        group.append(entry)
        if sum(map(len, group)) >= least:
            yield between.join(group)
            group = []
    if group:
        yield between.join(group)
