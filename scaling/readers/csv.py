"""Tables with a header line: comma-, semicolon-, tab- or bar-separated, decimal points or commas."""

from __future__ import annotations

import re
import warnings
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from scaling.errors import InputError
from scaling.readers._opened import COLUMNS, first_lines, head, opened

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz")
SEPARATORS = {"\t": "tabs", ",": "commas", ";": "semicolons", "|": "bars"}
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+([eE][+-]?\d+)?")
_BEFORE = re.compile(r"#|sep=.\s*$")
_SAMPLE = 20  # lines that are looked at for the decimal sign


def claims(start: bytes) -> bool:
    """Whether a file that begins so has a header line with one of the contract's columns."""
    lines = _header(first_lines(start))[1]
    return bool(lines) and any(_columns(lines[0], separator) for separator in SEPARATORS)


def read(path: Path) -> pd.DataFrame:
    """Read the table; the index "row" holds line numbers, the header being line 1. Raises `InputError`."""
    import pandas as pd

    skipped, lines = _header(first_lines(head(path)))
    separator = _separator(lines[0] if lines else "")
    decimal = _decimal(lines[1 : 1 + _SAMPLE], separator) if separator != "," else "."
    try:
        with opened(path) as file, warnings.catch_warnings():
            # pandas only warns where a line is longer than the header, and drops what is left over.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(
                file,
                sep=separator,
                decimal=decimal,
                skiprows=skipped,
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
        raise InputError(_plain(str(error), SEPARATORS[separator])) from error
    frame.index = pd.RangeIndex(2 + skipped, len(frame) + 2 + skipped, name="row")
    return frame[frame.notna().any(axis=1)]


def _separator(header: str) -> str:
    """The separator that finds most of the contract's columns in the header line, or most cells where none finds any."""
    return max([",", *SEPARATORS], key=lambda one: (_columns(header, one), header.count(one)))


def _columns(header: str, separator: str) -> int:
    """How many of the contract's columns a separator finds."""
    return len(COLUMNS & {cell.strip().strip('"') for cell in header.split(separator)})


def _header(lines: list[str]) -> tuple[int, list[str]]:
    """How many lines stand before the header (blank ones, comments, a spreadsheet's `sep=;`), and the lines from there on."""
    before = 0
    while before < len(lines) and (not lines[before].strip() or _BEFORE.match(lines[before])):
        before += 1
    return (before, lines[before:]) if before < len(lines) else (0, lines)


def _decimal(lines: list[str], separator: str) -> str:
    """The decimal sign of the cells. Raises `InputError` where commas may be either that or part thousands."""
    cells = [cell.strip().strip('"') for line in lines for cell in line.split(separator)]
    commas = [cell for cell in cells if _DECIMAL_COMMA.fullmatch(cell)]
    if commas and all(len(cell.rpartition(",")[2]) == 3 for cell in commas):
        raise InputError(
            f"{commas[0]!r} may be a number of thousands or one with decimals; write numbers without commas"
        )
    return "," if commas else "."


def _plain(message: str, separators: str) -> str:
    match = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", message)
    if match:
        return f"row {match[2]} has {match[3]} cells where the header has {match[1]}"
    return f"this is not a table of cells between {separators}"
