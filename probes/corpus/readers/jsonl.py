"""Reads JSON lines, one object per line, compressed or not, a line at a time."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from probes.corpus import content
from probes.corpus.fields import text_of
from probes.corpus.opening import COMPRESSED, open_text
from scaling.errors import InputError

SUFFIXES = tuple(kind + packed for kind in (".jsonl", ".ndjson") for packed in ("", *COMPRESSED))


def claims(path: Path) -> bool:
    """A file whose first lines are JSON objects, whatever its name."""
    return path.is_file() and content.look(path).kind == content.LINES


def documents(path: Path, field: str) -> Iterator[str]:
    """Each line's `field`; blank lines are passed over. Rows are line numbers."""
    with open_text(path) as handle:
        for number, line in enumerate(handle, start=1):
            if line.strip():
                where = f"{path}: row {number}"
                yield text_of(where, _record(where, line), field)


def _record(where: str, line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where} is not JSON") from error
