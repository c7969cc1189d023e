"""Rows of one checkpoint: those that complete each other are joined, of a repeated evaluation the later is kept.

A trainer with two held-out sets logs them in two rows, and a resumed run evaluates its last checkpoint again. Two runs
under one name look like the second, but differ by more, or at every checkpoint.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from scaling._schema import LOSSES
from scaling.errors import InputError

REPEATED = 0.02  # of a loss: evaluations of one checkpoint on other hardware differ by less
_ONE_RUN = ("ratio", "domain", "seed", "trunk")  # with two values at one checkpoint there are two runs


def one_row_each(
    table: pd.DataFrame, named: bool, source: str, rows: Sequence[int]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The table with one row a checkpoint (run and tokens), index kept, and sentences on what became of the others.

    named: whether the table itself tells runs apart (column run or seed). rows: the row numbers for messages. Raises
    InputError for rows that contradict each other.
    """
    key = ["run", "tokens"]
    doubled = table.duplicated(key, keep=False)
    if not doubled.any():
        return table, ()
    part = table[doubled]
    group = part.groupby(key, sort=False).ngroup().to_numpy()
    _refuse_two_runs(part, group, source, rows)
    differences = _differences(part, group)
    if not differences.empty:
        _refuse_contradictions(table, part, group, differences, named, source, rows)
    kept = part.groupby(group, sort=False).last()  # per column the last value that is there
    kept.index = part.index[np.unique(group, return_index=True)[1]]
    joined = pd.concat([table[~doubled], kept.astype(part.dtypes.to_dict())]).sort_index()
    return joined[table.columns], tuple(_sentences(part, group, differences))


def _refuse_two_runs(part: pd.DataFrame, group: np.ndarray, source: str, rows: Sequence[int]) -> None:
    for column in [name for name in _ONE_RUN if name in part]:
        trained = part[(part["tokens"] > 0) | (column != "ratio")]
        values = trained[column].groupby(group[part.index.get_indexer(trained.index)]).nunique()
        if (values > 1).any():
            first, second = _two_rows(part, group, int(values.index[values > 1][0]), column)
            raise InputError(f"{_place(part, first, second, source, rows)} with two values of {column}; {_CURE}")


_CURE = "runs that were repeated need a column run or seed that tells them apart"


def _differences(part: pd.DataFrame, group: np.ndarray) -> pd.DataFrame:
    """By how much the losses of a checkpoint's rows differ: a row a group that has a difference, a column a loss, nats."""
    losses = part[[loss for loss in LOSSES if loss in part]].groupby(group)
    spread = losses.max() - losses.min()
    return spread[(spread > 0).any(axis=1)]


def _refuse_contradictions(
    table: pd.DataFrame,
    part: pd.DataFrame,
    group: np.ndarray,
    differences: pd.DataFrame,
    named: bool,
    source: str,
    rows: Sequence[int],
) -> None:
    """Refuse differences too large for two evaluations of one checkpoint and, in a table that does not tell runs apart, a
    run of which most checkpoints differ."""
    scale = part[list(differences.columns)].groupby(group).max()
    far = (differences / scale.loc[differences.index]).max(axis=1)
    worst = int(differences.index.to_numpy()[far.to_numpy().argmax()])
    place = part.groupby(group)[["run", "tokens"]].first().loc[differences.index]
    trained = place[place["tokens"] > 0]
    all_of_them = table[table["tokens"] > 0].drop_duplicates(["run", "tokens"])["run"].value_counts()
    share = trained["run"].value_counts() / all_of_them
    many = not named and bool((share > 0.5).any())
    if far[worst] <= REPEATED and not many:
        return
    loss = str(differences.loc[worst].idxmax())
    first, second = _two_rows(part, group, worst, loss)
    by = f"{loss} differs by {float(differences[loss].loc[worst]):.3g} nats"
    raise InputError(f"{_place(part, first, second, source, rows)} with different values, {by}; {_CURE}")


def _two_rows(part: pd.DataFrame, group: np.ndarray, number: int, column: str) -> tuple[Any, Any]:
    """The labels of a group's first row and of the first that differs from it in that column."""
    inside = part.loc[group == number, column].dropna()
    other = inside[inside != inside.iloc[0]]
    return inside.index[0], other.index[0]


def _place(part: pd.DataFrame, first: Any, second: Any, source: str, rows: Sequence[int]) -> str:
    row = part.loc[first]
    which = f"column run {row['run']}, column tokens {row['tokens']:g}"
    return f"{source}: rows {rows[first]} and {rows[second]} are the same checkpoint ({which})"


def _sentences(part: pd.DataFrame, group: np.ndarray, differences: pd.DataFrame) -> list[str]:
    """What became of rows: copies that were left out, evaluations that were repeated, losses that were brought together."""
    found = []
    repeated = np.isin(group, differences.index)
    if len(differences):
        worst = differences.max()
        place = part[repeated].iloc[0]
        first = f"{place['run']} at tokens {place['tokens']:g}" + (", ..." if len(differences) > 1 else "")
        found.append(
            f"{_checkpoints(len(differences))} evaluated more than once, as when a run is resumed ({first}): the later row "
            f"is kept; {worst.idxmax()} differs by up to {worst.max():.2g} nats"
        )
    complete = part[[loss for loss in LOSSES if loss in part]].notna().to_numpy()
    counts = pd.DataFrame(complete).groupby(group).sum()
    copied = (counts > 1).any(axis=1).to_numpy()[group] & ~repeated
    if copied.any():
        count = int(copied.sum() - len(np.unique(group[copied])))
        columns = _other_columns(part[copied], group[copied])
        unlike = f" (they differ in {', '.join(columns)}, as when a run is resumed)" if columns else ""
        one = "1 row is a copy of another and was" if count == 1 else f"{count} rows are copies of others and were"
        found.append(f"{one} left out{unlike}")
    split = ~copied & ~repeated
    if split.any():
        count = len(np.unique(group[split]))
        had = "1 checkpoint had its losses" if count == 1 else f"{count} checkpoints had their losses"
        found.append(f"{had} in several rows, which were joined")
    return found


def _checkpoints(count: int) -> str:
    return "1 checkpoint was" if count == 1 else f"{count} checkpoints were"


def _other_columns(part: pd.DataFrame, group: np.ndarray) -> list[str]:
    """The columns in which rows of one checkpoint differ, losses aside."""
    found = []
    for column in part.columns:
        values = part[column].astype(str)
        if (values.groupby(group).nunique() > 1).any():
            found.append(str(column))
    return found[:4]
