"""The run table: one row a checkpoint, validated once, so that everything behind it can rely on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from scaling._checkpoints import one_row_each
from scaling._findings import decisive, findings
from scaling._names import in_order, run_names, trunk_names
from scaling._schema import LOSSES, REQUIRED, check_rows, to_numbers
from scaling._sizes import joined_sizes
from scaling._values import base_rows
from scaling.corpora import CORPORA, loss_column, share
from scaling.errors import LOGS, InputError
from scaling.notes import Note
from scaling.stages import choose

_KEPT = 100_000  # rows of a corpus: a larger table is not held twice
__all__ = ["CORPORA", "Runs", "share", "validate"]


@dataclass(frozen=True, eq=False)
class Runs:
    """A validated run table.

    `frame` holds the contract's columns (float64 numbers, `run` always present as str, `trunk` None for runs that are no
    branches; other columns are kept), with a RangeIndex. Rows of a run are sorted by tokens, runs by size, ratio, seed and
    losses: by what they are, so that no name decides an answer. Sizes within 1 % are one size, and what was logged is then
    in a column params_as_logged. A table without a column ratio has NaN there. `source` names the table in messages,
    `warnings` are soft findings, the sentences of `left_out` (rows that are not here any more) first.
    """

    frame: pd.DataFrame
    source: str
    left_out: tuple[Note, ...] = ()
    _made: dict[str, pd.DataFrame] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def warnings(self) -> tuple[Note, ...]:
        """What is doubtful in the table; looked for when it is first asked for."""
        return self.left_out + findings(self.frame)

    @cached_property
    def corpora(self) -> tuple[str, ...]:
        """The corpora ("general", "domain") that have any loss at tokens > 0."""
        return tuple(corpus for corpus in CORPORA if len(self.rows(corpus)))

    def rows(self, corpus: str) -> pd.DataFrame:
        """Return the rows to fit: tokens > 0 and that corpus' loss measured. RangeIndex, order kept."""
        if corpus in self._made:
            return self._made[corpus].copy()
        rows = self.frame[self.to_fit(corpus)].reset_index(drop=True)
        if len(rows) <= _KEPT:
            self._made[corpus] = rows.copy()
        return rows

    def to_fit(self, corpus: str) -> npt.NDArray[np.bool_]:
        """Which rows of `frame` (n,) those are."""
        loss = loss_column(corpus)
        if loss not in self.frame:
            return np.zeros(len(self.frame), bool)
        losses = self.frame[loss].to_numpy(dtype=np.float64)
        return np.asarray((self.frame["tokens"].to_numpy(dtype=np.float64) > 0) & np.isfinite(losses))

    def finished(self, corpus: str) -> pd.DataFrame:
        """Return one row a finished run: the last of `rows`, if within 1 % of the largest token count of its size.

        A trunk whose branches are here is not finished; they are.
        """
        rows = self.rows(corpus)
        rows = rows[~rows["run"].isin(rows["trunk"].dropna())] if "trunk" in rows else rows
        rows = rows.groupby("run", sort=False).tail(1)
        return rows[rows["tokens"] >= 0.99 * rows.groupby("params")["tokens"].transform("max")].reset_index(drop=True)

    def base(self, corpus: str) -> pd.DataFrame:
        """Return the losses before CPT, one row a model size: columns params, loss, se (nats per token).

        Taken from the rows at tokens 0, and for sizes without one from a column base_general_loss / base_domain_loss;
        empty where the table has neither. Evaluations of one base share their held-out text, so averaging does not shrink
        `se`: it is the mean logged standard error, or NaN where none is logged.
        """
        loss_column(corpus)
        key = f"base {corpus}"
        if key not in self._made:
            table = base_rows(self.frame, corpus)[["params", "loss", "se"]].astype(np.float64)
            self._made[key] = table.groupby("params", as_index=False).mean()
        return self._made[key].copy()

    def select(self, mask: npt.ArrayLike) -> Runs:
        """Return the rows where `mask` (one bool a row of `frame`) holds, as a table of the same source."""
        kept = self.frame[np.asarray(mask, dtype=bool)].reset_index(drop=True)
        return Runs(kept, self.source, self.left_out)

    def stage(self, which: str) -> Runs:
        """Return the losses of one stage: "trunk" without branches, "branches" those alone, each with the rows at tokens
        0; "all" leaves both, and "auto" chooses by the rule of `scaling.stages.choose`. What is left out is a warning.

        Raises InputError for a stage that the table does not have.
        """
        kept, note = choose(self.frame, which, self.source)
        return replace(self, left_out=(*self.left_out, note)).select(kept) if note else self

    def decisive(self, several: bool = False) -> tuple[Note, ...]:
        """Return what must go wherever a fit goes: rows left out, and findings that make all of its numbers wrong.
        several: the law tells domains apart."""
        return self.left_out + decisive(self.frame, several)


def validate(frame: pd.DataFrame, source: str = "<table>") -> Runs:
    """Check a table against the run-table contract and return it as `Runs`.

    `frame` has one row a checkpoint; an index named "row" holds the row numbers for messages (readers set it to the
    line of the file), otherwise rows count from 1. Raises `InputError` naming source, row and column.
    """
    rows = [int(n) for n in frame.index] if frame.index.name == "row" else range(1, len(frame) + 1)
    table = frame.reset_index(drop=True).rename(columns=lambda name: str(name).strip())
    _check_columns(table, source)
    table = to_numbers(table, source, rows)
    check_rows(table, source, rows)
    _check_losses(table, source, rows)
    table, named = joined_sizes(table), "run" in table or "seed" in table
    names = run_names(table, source, rows)
    if "trunk" in table:
        table["trunk"] = trunk_names(table, names, source, rows)
    table["run"] = names
    if table["ratio"].isna().all() and table.duplicated(["run", "tokens"]).any():
        raise InputError(f"{source}: {_missing('ratio', frame)}")
    table, doubled = one_row_each(table, named, source, rows)
    table["ratio"] = _base_ratios(table)
    table = in_order(table)
    return Runs(table, source, doubled)


def _check_columns(table: pd.DataFrame, source: str) -> None:
    repeated = table.columns[table.columns.duplicated()]
    if len(repeated):
        raise InputError(f"{source}: column {repeated[0]} appears twice")
    for column in REQUIRED:
        if column not in table:
            raise InputError(f"{source}: {_missing(column, table)}")
    if not any(loss in table for loss in LOSSES):
        lack = "columns general_loss and domain_loss are both missing; at least one is needed"
        raise InputError(f"{source}: {lack}{_as_log(table)}")
    if table.empty:
        raise InputError(f"{source}: the table has no rows")


def _check_losses(table: pd.DataFrame, source: str, rows: Sequence[int]) -> None:
    present = [loss for loss in LOSSES if loss in table]
    bare = np.flatnonzero(table[present].isna().all(axis=1))
    if bare.size:
        columns = " and ".join(f"column {loss}" for loss in present)
        raise InputError(f"{source}: row {rows[bare[0]]}: no loss was measured, nothing in {columns}")
    if not (table["tokens"] > 0).any():
        raise InputError(
            f"{source}: column tokens is 0 in every row, so the table contains base losses and no training"
        )


def _base_ratios(table: pd.DataFrame) -> pd.Series[float]:
    """The column ratio with its empty cells at tokens 0, where no ratio was trained, filled from the same run."""
    ratio = table["ratio"]
    start = (table["tokens"] == 0) & ratio.isna()
    return ratio.where(~start, ratio.groupby(table["run"]).transform("first")) if start.any() else ratio


def _missing(column: str, table: pd.DataFrame) -> str:
    there = ", ".join(map(str, table.columns[:12])) or "none"
    return f"column {column} is missing (there are {there}){_as_log(table)}"


def _as_log(table: pd.DataFrame) -> str:
    """Advice for a table that looks like what a trainer or tracker wrote."""
    words = [str(name).strip().lower() for name in table.columns]
    log = any(name in ("step", "_step", "global_step", "epoch", "wall time", "iteration") for name in words)
    return f"; {LOGS}" if log or any("eval" in name or ("/" in name and "loss" in name) for name in words) else ""
