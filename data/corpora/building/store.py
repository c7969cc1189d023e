"""Corpus files: JSON lines, one document a line, in xz; read, written atomically, and split when too large."""

from __future__ import annotations

import json
import lzma
import os
import tempfile
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

LARGEST_FILE = 3_500_000
# The best preset where every byte is kept in the repository; a quick one for large files that are not.
_SHIPPED_PRESET = 9
_LOCAL_PRESET = 6


def read_documents(path: Path) -> Iterator[str]:
    """The documents of one file, in order."""
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)["text"]


def write_documents(documents: Sequence[str], folder: Path, stem: str, largest: int | None) -> list[Path]:
    """Write STEM.jsonl.xz, or STEM.1.jsonl.xz, STEM.2.jsonl.xz, ... where one file would pass `largest` bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = _packed_parts(documents, largest)
    names = [f"{stem}.jsonl.xz"] if len(parts) == 1 else [f"{stem}.{i}.jsonl.xz" for i in range(1, len(parts) + 1)]
    for name, part in zip(names, parts, strict=True):
        write_atomically(folder / name, part)
    _remove_stale(folder, stem, set(names))
    return [folder / name for name in names]


def write_atomically(path: Path, content: bytes) -> None:
    """Replace `path` in one step, so that a reader never sees half a file."""
    handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(scratch, 0o644)
        os.replace(scratch, path)
    except BaseException:
        Path(scratch).unlink(missing_ok=True)
        raise


def _packed_parts(documents: Sequence[str], largest: int | None) -> list[bytes]:
    """Try one part, then two, and so on: the fewest parts of similar length that all fit."""
    if largest is None:
        return [_pack(documents, _LOCAL_PRESET)]
    total = len(documents)
    for count in range(1, max(1, total) + 1):
        bounds = [total * i // count for i in range(count + 1)]
        parts = [_pack(documents[low:high], _SHIPPED_PRESET) for low, high in pairwise(bounds)]
        if max(map(len, parts)) <= largest:
            break
    return parts


def _pack(documents: Sequence[str], preset: int) -> bytes:
    lines = "".join(json.dumps({"text": document}, ensure_ascii=False) + "\n" for document in documents)
    return lzma.compress(lines.encode(), preset=preset)


def _remove_stale(folder: Path, stem: str, keep: set[str]) -> None:
    """Drop the files of an earlier build that had another number of parts."""
    for path in folder.glob(f"{stem}*.jsonl.xz"):
        middle = path.name.removeprefix(stem).removesuffix(".jsonl.xz").removeprefix(".")
        if path.name not in keep and (middle == "" or middle.isdigit()):
            path.unlink()
