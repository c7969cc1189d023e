"""The columns of a run table that hold names of runs: `run`, and `trunk`, the run that a branch left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from scaling._schema import LOSSES
from scaling.errors import InputError


def run_names(table: pd.DataFrame, source: str, rows: Sequence[int]) -> pd.Series[str]:
    """The column `run` as text, or a name made of params, ratio, domain and seed."""
    for column in [name for name in ("run", "domain", "trunk") if name in table]:
        nested = np.flatnonzero(table[column].map(lambda cell: isinstance(cell, (list, dict))))
        if nested.size:
            raise InputError(f"{source}: row {rows[nested[0]]}, column {column}: the cell is a list, not a name")
    if "run" in table:
        empty = np.flatnonzero(_empty(table["run"]))
        if empty.size:
            raise InputError(f"{source}: row {rows[empty[0]]}, column run: the cell is empty")
        return table["run"].map(_text)
    keys = [name for name in ("params", "ratio", "domain", "seed") if name in table]
    group = table.groupby(keys, sort=False, dropna=False).ngroup()
    first = table[keys][~group.duplicated()]
    labels = ["-".join(f"{key}={_key_text(row[key])}" for key in keys) for _, row in first.iterrows()]
    return group.map(dict(enumerate(labels)))


def in_order(table: pd.DataFrame) -> pd.DataFrame:
    """The table with each run's rows in order of tokens, and the runs in order of what they are: size, ratio, domain, seed,
    trunks before branches, length, losses. The name comes last, between runs that are equal in all of that."""
    rows = table.sort_values("tokens", kind="stable")
    run = rows["run"].to_numpy()
    losses = {loss: rows[loss].fillna(0.0) for loss in LOSSES if loss in rows}
    key = pd.DataFrame({"params": rows["params"], "ratio": rows["ratio"], "tokens": rows["tokens"], **losses})
    key["domain"] = rows["domain"].astype(str) if "domain" in rows else ""
    key["seed"] = pd.to_numeric(rows["seed"], errors="coerce").astype(float) if "seed" in rows else 0.0
    key["branch"] = rows["trunk"].notna() if "trunk" in rows else False
    of_run = key.groupby(run, sort=False)
    by = ["params", "ratio", "domain", "seed", "branch", "tokens"]
    listed = of_run[by].agg({**dict.fromkeys(by[:5], "first"), "tokens": "last"})
    for loss in losses:
        listed[loss] = of_run[loss].sum()
    listed["run"] = listed.index
    listed = listed.sort_values([*by, *losses, "run"], kind="stable")
    place = pd.Series(np.arange(len(listed)), index=listed.index)
    order = np.argsort(place.loc[run].to_numpy(), kind="stable")
    return rows.iloc[order].reset_index(drop=True)


def trunk_names(table: pd.DataFrame, runs: pd.Series[str], source: str, rows: Sequence[int]) -> pd.Series[Any]:
    """The column `trunk` as text, None where it is empty; runs (n,): the names of the rows' runs.

    Raises InputError for names without a column run, a run that left itself or is a branch in some rows only, and a
    branch of a branch.
    """
    empty = _empty(table["trunk"]).to_numpy()
    words = [None if gone else _text(cell) for gone, cell in zip(empty, table["trunk"], strict=True)]
    trunks = pd.Series(words, index=table.index, dtype=object)

    def place(row: int) -> str:
        return f"{source}: row {row}, column trunk: "

    if "run" not in table and not empty.all():
        row = rows[int(np.flatnonzero(~empty)[0])]
        raise InputError(f"{place(row)}it names a run, so the table needs a column run")
    same = np.flatnonzero((trunks == runs).to_numpy())
    if same.size:
        raise InputError(f"{place(rows[same[0]])}the run {runs[same[0]]} names itself; leave the cell empty")
    known = pd.Series(words, index=runs, dtype=object)[~runs.duplicated().to_numpy()]
    differs = np.flatnonzero((trunks.fillna("") != runs.map(known).fillna("")).to_numpy())
    if differs.size:
        raise InputError(f"{place(rows[differs[0]])}the run {runs[differs[0]]} has another value in another row")
    twice = np.flatnonzero(trunks.map(known).notna().to_numpy())
    if twice.size:
        branch = trunks[twice[0]]
        raise InputError(f"{place(rows[twice[0]])}{branch} is itself a branch of {known[branch]}, not a trunk")
    return trunks


def _empty(names: pd.Series[Any]) -> pd.Series[bool]:
    return names.isna() | names.astype(str).str.strip().eq("")


def _text(value: Any) -> str:
    # A column of whole numbers with a gap is read as floats; 3.0 and 3 are one run.
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _key_text(value: Any) -> str:
    if isinstance(value, float) and np.isnan(value):
        return ""
    return f"{value:.12g}" if isinstance(value, (int, float, np.number)) else str(value)
