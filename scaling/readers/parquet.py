"""Parquet files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from scaling.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".parquet", ".pq")


def claims(start: bytes) -> bool:
    """Whether a file that begins so is a parquet file."""
    return start.startswith(b"PAR1")


def read(path: Path) -> pd.DataFrame:
    """Read the table; the index "row" counts records from 1. Raises `InputError`."""
    import pandas as pd
    import pyarrow

    try:
        frame = pd.read_parquet(path)
    except (pyarrow.ArrowException, ValueError) as error:
        raise InputError("this is not a parquet file, or it was cut short") from error
    frame = frame.reset_index() if frame.index.name else frame.reset_index(drop=True)
    frame.index = pd.RangeIndex(1, len(frame) + 1, name="row")
    return frame
