"""The rules of the run table, row by row; a failure becomes one sentence.

A schema library was here before: it took longer to import than a table takes to validate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np
import pandas as pd

from scaling.arrays import Array, Mask
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
    out = frame.copy(deep=False)
    if "ratio" not in out:
        out["ratio"] = np.nan
    for column in [name for name in NUMBERS if name in frame.columns]:
        values = frame[column]
        if values.dtype == np.float64:
            continue
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
        raise InputError(f"{source}: column {column} contains a number that is too large") from error
    wrong = np.flatnonzero(np.isnan(numbers) & ~empty)
    if wrong.size:
        cell = str(values.iloc[wrong[0]])
        written_nan = cell.strip().lower().lstrip("+-") == "nan"
        hint = "; leave a cell empty where a loss was not measured" if written_nan else ""
        raise InputError(f"{source}: row {rows[wrong[0]]}, column {column}: {cell[:40]!r} is not a number{hint}")
    return numbers


Rule = tuple[
    Callable[[Array], Mask], str
]  # what must hold of the values of a column, and what is said where it does not
_FINITE: Rule = (np.isfinite, "is not finite")
_ABOVE_ZERO: Rule = (lambda values: values > 0, "must be greater than 0")
_NOT_NEGATIVE: Rule = (lambda values: values >= 0, "must not be negative")
_A_SHARE: Rule = (lambda values: (values >= 0) & (values <= 1), "is outside 0..1")
_A_LOSS: Rule = (lambda values: values <= MOST_LOSS, "is no loss in nats per token")
RULES: Mapping[str, tuple[Rule, ...]] = {
    "params": (_FINITE, _ABOVE_ZERO),
    "tokens": (_FINITE, _NOT_NEGATIVE),
    "ratio": (_FINITE, _A_SHARE),
    **dict.fromkeys(POSITIVE, (_FINITE, _ABOVE_ZERO, _A_LOSS)),
    **dict.fromkeys(NOT_NEGATIVE, (_FINITE, _NOT_NEGATIVE)),
}


def check_rows(frame: pd.DataFrame, source: str, rows: Sequence[int]) -> None:
    """Hold every row against the rules and raise `InputError` for the first one that fails.

    `frame` has float64 number columns and a RangeIndex; `rows` gives the row number that a user would look for. The ratio
    may be empty at tokens 0, where nothing was trained, or everywhere.
    """
    failures = []
    for column, rules in RULES.items():
        if column not in frame:
            continue
        values = frame[column].to_numpy(dtype=np.float64)
        empty = np.isnan(values)
        for number, (holds, text) in enumerate(rules):
            with np.errstate(invalid="ignore"):
                wrong = np.flatnonzero(~holds(values) & ~empty)
            failures += [(int(row), number, column, text) for row in wrong[:1]]
        if column in REQUIRED:
            failures += [(int(row), len(rules), column, "") for row in np.flatnonzero(empty)[:1]]
    if failures:
        # Ties on a row go to the earlier rule, so that an infinite ratio reads "not finite" and not "outside 0..1".
        _refuse(*min(failures, key=lambda one: one[:2]), frame, source, rows)
    empty = np.flatnonzero(frame["ratio"].isna() & (frame["tokens"] > 0))
    if empty.size and frame["ratio"].notna().any():
        raise InputError(f"{source}: row {rows[empty[0]]}, column ratio: the cell is empty; only at tokens 0 may it be")


def _refuse(
    row: int, _: int, column: str, text: str, frame: pd.DataFrame, source: str, rows: Sequence[int]
) -> NoReturn:
    place = f"{source}: row {rows[row]}, column {column}"
    if not text:
        raise InputError(f"{place}: the cell is empty")
    hint = ""
    if column == "ratio" and _looks_like_percent(frame["ratio"]):
        hint = " and looks like a percentage; write 0.25 for 25 %"
    raise InputError(f"{place}: {frame[column].iloc[row]:g} {text}{hint}")


def _looks_like_percent(ratios: pd.Series[Any]) -> bool:
    known = ratios[ratios.between(0, 100)]
    return bool(len(known) == len(ratios) and (known > 1).sum() > len(known) / 2)
