"""One JSON object a line, or one array of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scaling.errors import InputError
from scaling.readers._opened import COLUMNS, first_lines, head, text

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".jsonl", ".ndjson", ".jsonl.gz")


def claims(start: bytes) -> bool:
    """Whether a file that begins so has a first line that is a JSON object with one of the contract's columns."""
    if start.lstrip()[:1] == b"[":
        return any(f'"{name}"'.encode() in start for name in COLUMNS) and b"{" in start[:200]
    lines = [line for line in first_lines(start) if line.strip()]
    try:
        return bool(lines) and bool(COLUMNS & set(_record(lines[0], 1)))
    except InputError:
        return False


def read(path: Path) -> pd.DataFrame:
    """Read the table; the index "row" holds line numbers, blank lines are passed over. Raises `InputError`."""
    import pandas as pd

    records, lines = [], []
    with text(path) as file:
        if head(path).lstrip()[:1] == b"[":
            return _array(file.read())
        for number, line in enumerate(file, start=1):
            if line.strip():
                records.append(_record(line, number))
                lines.append(number)
    if not records:
        raise InputError("the file is empty")
    return pd.DataFrame.from_records(records, index=pd.Index(lines, name="row"))


def _array(content: str) -> pd.DataFrame:
    """A table that is one array of objects; rows count from 1."""
    import pandas as pd

    try:
        records = json.loads(content, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise InputError("this is not JSON, or it was cut short") from error
    if not records or not all(isinstance(record, dict) for record in records):
        raise InputError("the array does not contain JSON objects with the columns as keys")
    return pd.DataFrame.from_records(records, index=pd.RangeIndex(1, len(records) + 1, name="row"))


def _record(line: str, number: int) -> dict[str, Any]:
    try:
        # NaN and Infinity are kept as words: null is how a loss that was not measured is written.
        record = json.loads(line, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise InputError(f"row {number} is not JSON") from error
    if not isinstance(record, dict):
        raise InputError(f"row {number} is not a JSON object with the columns as keys")
    return record
