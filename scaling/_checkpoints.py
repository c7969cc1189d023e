"""Rows of one checkpoint: those that complete each other are joined, of a repeated evaluation the later is kept. Evaluations
of a base that differ stay side by side, since a base's loss is the mean of all that were logged.

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
from scaling.notes import Note, note
from scaling.units import counted

REPEATED = 0.005  # of a loss: evaluations of one checkpoint on other hardware differ by less
MANY = 3  # checkpoints of a run that were evaluated twice with other results: no resumed run has so many
_ONE_RUN = ("ratio", "domain", "seed", "trunk")  # with two values at one checkpoint there are two runs


def one_row_each(
    table: pd.DataFrame, named: bool, source: str, rows: Sequence[int]
) -> tuple[pd.DataFrame, tuple[Note, ...]]:
    """The table with one row a checkpoint (run and tokens), index kept, and sentences on what became of the others.

    named: whether the table itself tells runs apart (column run or seed). rows: the row numbers for messages. Raises
    InputError for rows that contradict each other.
    """
    key = ["run", "tokens", "params"]  # bases of all sizes may share one name
    _refuse_two_sizes(table, source, rows)
    doubled = table.duplicated(key, keep=False)
    if not doubled.any():
        return table, ()
    part, group = _groups(table, doubled, key)
    _refuse_two_runs(part, group, source, rows)
    differences = _differences(part, group)
    bases = differences.index[part.groupby(group)["tokens"].first().loc[differences.index] == 0]
    if len(bases):  # they are averaged like those of other runs, in whatever order they stand
        doubled &= ~pd.Series(np.isin(group, bases), index=part.index).reindex(table.index, fill_value=False)
        part, group = _groups(table, doubled, key)
        differences = _differences(part, group)
    if part.empty:
        return table, ()
    if not differences.empty:
        _refuse_contradictions(table, part, group, differences, named, source, rows)
    kept = part.groupby(group, sort=False).last()  # per column the last value that is there
    kept.index = part.index[np.unique(group, return_index=True)[1]]
    joined = pd.concat([table[~doubled], kept.astype(part.dtypes.to_dict())]).sort_index()
    return joined[table.columns], tuple(_sentences(part, group, differences))


def _groups(table: pd.DataFrame, rows: pd.Series[bool], key: list[str]) -> tuple[pd.DataFrame, np.ndarray]:
    """Those rows of the table, and the number of the checkpoint (n,) that each is of."""
    part = table[rows]
    return part, part.groupby(key, sort=False).ngroup().to_numpy()


def _refuse_two_sizes(table: pd.DataFrame, source: str, rows: Sequence[int]) -> None:
    """Refuse trained rows of one run and token count whose sizes differ: runs of a mixture that share its name."""
    trained = table[table["tokens"] > 0]
    doubled = trained[trained.duplicated(["run", "tokens"], keep=False)]
    if doubled.empty or (doubled.groupby(["run", "tokens"])["params"].nunique() == 1).all():
        return
    group = doubled.groupby(["run", "tokens"], sort=False).ngroup().to_numpy()
    several = doubled["params"].groupby(group).nunique()
    first, second = _two_rows(doubled, group, int(several.index[several > 1][0]), "params")
    raise InputError(f"{_place(doubled, first, second, source, rows)} with two values of params; name each run apart")


def _refuse_two_runs(part: pd.DataFrame, group: np.ndarray, source: str, rows: Sequence[int]) -> None:
    for column in [name for name in _ONE_RUN if name in part]:
        trained = part[(part["tokens"] > 0) | (column != "ratio")]
        values = trained[column].groupby(group[part.index.get_indexer(trained.index)]).nunique()
        if (values > 1).any():
            first, second = _two_rows(part, group, int(values.index[values > 1][0]), column)
            raise InputError(f"{_place(part, first, second, source, rows)} with two values of {column}; {_CURE}")


_CURE = "runs that were repeated need a column run or seed to distinguish them"


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
    """Refuse differences too large for two evaluations of one checkpoint, and a run of which most checkpoints differ (MANY
    of them, where the table itself tells runs apart)."""
    scale = part[list(differences.columns)].groupby(group).max()
    far = (differences / scale.loc[differences.index]).max(axis=1)
    worst = int(differences.index.to_numpy()[far.to_numpy().argmax()])
    place = part.groupby(group)[["run", "tokens"]].first().loc[differences.index]
    trained = place[place["tokens"] > 0]
    all_of_them = table[table["tokens"] > 0].drop_duplicates(["run", "tokens"])["run"].value_counts()
    twice = trained["run"].value_counts()
    most = twice[twice / all_of_them.reindex(twice.index) > 0.5]
    many = bool((most >= (MANY if named else 1)).any())
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


def _sentences(part: pd.DataFrame, group: np.ndarray, differences: pd.DataFrame) -> list[Note]:
    """What became of rows: copies that were left out, evaluations that were repeated, losses that were brought together."""
    found = []
    repeated = np.isin(group, differences.index)
    if len(differences):
        worst = differences.max()
        place = part[repeated].iloc[0]
        first = f"{place['run']} at tokens {place['tokens']:g}" + (", ..." if len(differences) > 1 else "")
        many = f"{counted(len(differences), 'checkpoint')} {'was' if len(differences) == 1 else 'were'}"
        found.append(note("evaluated_again", many=many, first=first, loss=worst.idxmax(), most=worst.max()))
    complete = part[[loss for loss in LOSSES if loss in part]].notna().to_numpy()
    counts = pd.DataFrame(complete).groupby(group).sum()
    copied = (counts > 1).any(axis=1).to_numpy()[group] & ~repeated
    if copied.any():
        count = int(copied.sum() - len(np.unique(group[copied])))
        columns = _other_columns(part[copied], group[copied])
        unlike = f" (they differ in {', '.join(columns)}, as when a run is resumed)" if columns else ""
        one = "1 row is a copy of another and was" if count == 1 else f"{count} rows are copies of others and were"
        found.append(note("rows_copied", many=one, unlike=unlike))
    split = ~copied & ~repeated
    if split.any():
        count = len(np.unique(group[split]))
        had = "1 checkpoint had its losses" if count == 1 else f"{count} checkpoints had their losses"
        found.append(note("rows_joined", many=had))
    return found


def _other_columns(part: pd.DataFrame, group: np.ndarray) -> list[str]:
    """The columns in which rows of one checkpoint differ, losses aside."""
    found = []
    for column in part.columns:
        values = part[column].astype(str)
        if (values.groupby(group).nunique() > 1).any():
            found.append(str(column))
    return found[:4]
