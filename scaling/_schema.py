"""The rules of the run table, row by row, as a pandera schema; a failure becomes one sentence.

pandera is imported inside the function: it takes longer to import than a table takes to validate.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np
import pandas as pd

from scaling.errors import InputError

REQUIRED = ("params", "tokens")  # and ratio, unless the law that is fitted does not look at it
LOSSES = ("general_loss", "domain_loss")
# Optional number columns with the smallest value that makes sense, and whether it is itself allowed.
POSITIVE = (*LOSSES, "base_general_loss", "base_domain_loss")
# A change_se is the paired standard error of loss - base loss over the held-out blocks.
ERRORS = ("general_loss_se", "domain_loss_se", "general_change_se", "domain_change_se")
NOT_NEGATIVE = (*ERRORS, "unique_domain_tokens", "learning_rate", "base_tokens")
MOST_LOSS = 1e6  # of a model that knows nothing it is the log of the vocabulary, about 12
NUMBERS = (*REQUIRED, "ratio", *POSITIVE, *NOT_NEGATIVE)


def to_numbers(frame: pd.DataFrame, source: str, rows: Sequence[int]) -> pd.DataFrame:
    """Make every number column float64; an empty cell becomes NaN, a word (`nan` included) is an `InputError`. A missing
    column ratio becomes one of NaN."""
    out = frame.copy()
    if "ratio" not in out:
        out["ratio"] = np.nan
    for column in [name for name in NUMBERS if name in frame.columns]:
        values = frame[column]
        if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
            out[column] = values.to_numpy(dtype=np.float64, na_value=np.nan)
        else:
            out[column] = _words_to_numbers(values, column, source, rows)
    return out


def _words_to_numbers(values: pd.Series[Any], column: str, source: str, rows: Sequence[int]) -> np.ndarray:
    empty = values.isna().to_numpy() | values.astype(str).str.strip().eq("").to_numpy()
    try:
        words = values.map(lambda v: np.nan if isinstance(v, (bool, list, dict)) else v)
        numbers = pd.to_numeric(words, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    except OverflowError as error:
        raise InputError(f"{source}: column {column} holds a number that is too large") from error
    wrong = np.flatnonzero(np.isnan(numbers) & ~empty)
    if wrong.size:
        cell = str(values.iloc[wrong[0]])
        written_nan = cell.strip().lower().lstrip("+-") == "nan"
        hint = "; leave a cell empty where a loss was not measured" if written_nan else ""
        raise InputError(f"{source}: row {rows[wrong[0]]}, column {column}: {cell[:40]!r} is not a number{hint}")
    return numbers


def check_rows(frame: pd.DataFrame, source: str, rows: Sequence[int]) -> None:
    """Hold every row against the schema and raise `InputError` for the first one that fails.

    `frame` has float64 number columns and a RangeIndex; `rows` gives the row number that a user would look for. The ratio
    may be empty at tokens 0, where nothing was trained, or everywhere.
    """
    import pandera.errors

    try:
        _schema(frame).validate(frame, lazy=True)
        empty = np.flatnonzero(frame["ratio"].isna() & (frame["tokens"] > 0))
        if empty.size and frame["ratio"].notna().any():
            raise InputError(
                f"{source}: row {rows[empty[0]]}, column ratio: the cell is empty; only at tokens 0 may it be"
            )
    except pandera.errors.SchemaErrors as failure:
        _first_sentence(failure.failure_cases, frame, source, rows)


def _schema(frame: pd.DataFrame) -> Any:
    import pandera.pandas as pa

    finite = pa.Check(lambda s: np.isfinite(s), error="is not finite")
    above_zero = pa.Check.gt(0, error="must be greater than 0")
    not_negative = pa.Check.ge(0, error="must not be negative")
    share = pa.Check.in_range(0, 1, error="is outside 0..1")
    columns = {
        "params": pa.Column(float, [finite, above_zero]),
        "tokens": pa.Column(float, [finite, not_negative]),
        "ratio": pa.Column(float, [finite, share], nullable=True),
    }
    a_loss = pa.Check.le(MOST_LOSS, error="is no loss in nats per token")
    columns |= {
        name: pa.Column(float, [finite, above_zero, a_loss], nullable=True) for name in POSITIVE if name in frame
    }
    columns |= {name: pa.Column(float, [finite, not_negative], nullable=True) for name in NOT_NEGATIVE if name in frame}
    return pa.DataFrameSchema(columns, strict=False)


def _first_sentence(cases: pd.DataFrame, frame: pd.DataFrame, source: str, rows: Sequence[int]) -> NoReturn:
    # Ties on a row go to the earlier rule, so that an infinite ratio reads "not finite" and not "outside 0..1".
    first = cases.sort_values(["index", "check_number"], kind="stable").iloc[0]
    column, position = str(first["column"]), int(first["index"])
    place = f"{source}: row {rows[position]}, column {column}"
    if first["check"] == "not_nullable":
        raise InputError(f"{place}: the cell is empty")
    value = frame[column].iloc[position]
    hint = ""
    if column == "ratio" and _looks_like_percent(frame["ratio"]):
        hint = " and looks like a percentage; write 0.25 for 25 %"
    raise InputError(f"{place}: {value:g} {first['check']}{hint}")


def _looks_like_percent(ratios: pd.Series[Any]) -> bool:
    known = ratios[ratios.between(0, 100)]
    return bool(len(known) == len(ratios) and (known > 1).sum() > len(known) / 2)
