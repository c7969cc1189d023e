"""Comma- or tab-separated tables with a header line."""

from __future__ import annotations

import re
import warnings
import zlib
from pathlib import Path

import pandas as pd

from scaling.errors import InputError

SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz")


def read(path: Path) -> pd.DataFrame:
    """Read the table; the index "row" holds line numbers, the header being line 1. Raises `InputError`."""
    separator = "\t" if ".tsv" in path.name.lower() else ","
    try:
        with warnings.catch_warnings():
            # pandas only warns where a line is longer than the header, and drops what is left over.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(
                path,
                sep=separator,
                encoding="utf-8-sig",
                index_col=False,
                skip_blank_lines=False,
                skipinitialspace=True,
                keep_default_na=False,  # so that a written "nan" is told from an empty cell
                na_values=[""],
                low_memory=False,
            )
    except pd.errors.EmptyDataError as error:
        raise InputError("the file has no header line") from error
    except pd.errors.ParserWarning as error:
        raise InputError("a line has more cells than the header") from error
    except (EOFError, zlib.error) as error:
        raise InputError("the compressed file was cut short or is damaged") from error
    except (pd.errors.ParserError, ValueError) as error:
        if isinstance(error, UnicodeDecodeError):
            raise
        raise InputError(_plain(str(error))) from error
    frame.index = pd.RangeIndex(2, len(frame) + 2, name="row")
    return frame[frame.notna().any(axis=1)]


def _plain(message: str) -> str:
    match = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", message)
    if match:
        return f"row {match[2]} has {match[3]} cells where the header has {match[1]}"
    return "this is not a table of comma-separated values"
