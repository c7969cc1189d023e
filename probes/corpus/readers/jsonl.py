"""One JSON object a line, compressed or not; a line is held at a time."""

import json
from collections.abc import Iterator
from pathlib import Path

from probes.corpus.opening import COMPRESSED, open_text
from scaling.errors import InputError

SUFFIXES = tuple(kind + packed for kind in (".jsonl", ".ndjson") for packed in ("", *COMPRESSED))


def documents(path: Path, field: str) -> Iterator[str]:
    """Each line's `field`; blank lines are passed over. Rows are line numbers."""
    with open_text(path) as handle:
        for number, line in enumerate(handle, start=1):
            if line.strip():
                yield _text(path, number, line, field)


def _text(path: Path, number: int, line: str, field: str) -> str:
    try:
        text = json.loads(line)[field]
    except ValueError as error:
        raise InputError(f"{path}: row {number} is not JSON") from error
    except (KeyError, TypeError) as error:
        raise InputError(f"{path}: row {number} has no JSON field {field!r}") from error
    try:
        text.encode()  # half a surrogate pair passes JSON but is no text
    except (AttributeError, UnicodeEncodeError) as error:
        raise InputError(f"{path}: row {number}: the field {field!r} is not text") from error
    return str(text)
