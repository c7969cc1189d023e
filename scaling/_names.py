"""The columns of a run table that hold names of runs: `run`, and `trunk`, the run that a branch left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from scaling._schema import LOSSES
from scaling.arrays import Array, Index
from scaling.errors import InputError


def run_names(table: pd.DataFrame, source: str, rows: Sequence[int]) -> pd.Series[str]:
    """The column `run` as text, or a name made of params, ratio, domain and seed."""
    for column in [name for name in ("run", "domain", "trunk") if name in table and table[name].dtype == object]:
        nested = np.flatnonzero(table[column].map(lambda cell: isinstance(cell, (list, dict))))
        if nested.size:
            raise InputError(f"{source}: row {rows[nested[0]]}, column {column}: the cell is a list, not a name")
    if "run" in table:
        blank = _empty(table["run"]) & (table["tokens"] == 0)  # nobody trained a base here, so it may lack a name
        table = table.assign(run=table["run"].astype(object).mask(blank, "base")) if blank.any() else table
        empty = np.flatnonzero(_empty(table["run"]))
        if empty.size:
            raise InputError(f"{source}: row {rows[empty[0]]}, column run: the cell is empty")
        return _each(table["run"], _text)
    keys = [name for name in ("params", "ratio", "domain", "seed") if name in table]
    group = table.groupby(keys, sort=False, dropna=False).ngroup()
    first = table[keys][~group.duplicated()]
    labels = ["-".join(f"{key}={_key_text(row[key])}" for key in keys) for _, row in first.iterrows()]
    return group.map(dict(enumerate(labels)))


def in_order(table: pd.DataFrame) -> pd.DataFrame:
    """The table with each run's rows in order of tokens, and the runs in order of what they are: size, ratio, domain, seed,
    trunks before branches, length, losses. The name comes last, between runs that are equal in all of that."""
    by_tokens = np.argsort(table["tokens"].to_numpy(), kind="stable")
    run, names = pd.factorize(table["run"].take(by_tokens))
    column = {name: table[name].take(by_tokens).reset_index(drop=True) for name in _ORDER if name in table}
    place = np.empty(len(names), np.intp)
    place[_listed(column, run, np.asarray(names))] = np.arange(len(names))
    order = by_tokens[np.argsort(place[run], kind="stable")]
    if (order == np.arange(len(order))).all():  # a copy of a long table is expensive
        return table.reset_index(drop=True)
    return table.take(order).reset_index(drop=True)


_ORDER = ("params", "ratio", "tokens", "domain", "seed", "trunk", *LOSSES)


def _listed(column: dict[str, pd.Series[Any]], run: Index, names: Array) -> Index:
    """The runs (k,) in order; column: of the rows by tokens; run (n,): the run of each, a place in names (k,)."""
    starts = pd.Series(run).drop_duplicates().index.to_numpy()  # the first row of each run, in the order of the names

    def first(name: str) -> pd.Series[Any]:
        values = column[name].take(starts)
        return column[name].groupby(run).first() if values.isna().any() else values  # a base may lack its ratio

    listed = pd.DataFrame({name: first(name).to_numpy() for name in ("params", "ratio")})
    listed["domain"] = column["domain"].take(starts).astype(str).to_numpy() if "domain" in column else ""
    seeds = pd.to_numeric(column["seed"], errors="coerce").astype(float) if "seed" in column else None
    listed["seed"] = 0.0 if seeds is None else seeds.groupby(run).first().to_numpy()
    listed["branch"] = column["trunk"].take(starts).notna().to_numpy() if "trunk" in column else False
    listed["tokens"] = column["tokens"].groupby(run).last().to_numpy()
    losses = [loss for loss in LOSSES if loss in column]
    for loss in losses:
        listed[loss] = column[loss].fillna(0.0).groupby(run).sum().to_numpy()
    listed["run"] = names
    by = ["params", "ratio", "domain", "seed", "branch", "tokens", *losses, "run"]
    return listed.sort_values(by, kind="stable").index.to_numpy(np.intp)


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
    return _each(names, lambda name: bool(pd.isna(name)) or str(name).strip() == "").astype(bool)


def _each(names: pd.Series[Any], what: Callable[[Any], Any]) -> pd.Series[Any]:
    """What a function gives for every cell, called once per distinct one."""
    codes, distinct = pd.factorize(names, use_na_sentinel=False)
    values = pd.Series([what(value) for value in distinct], dtype=object if not len(distinct) else None)
    return pd.Series(values.take(codes).to_numpy(), index=names.index, name=names.name)


def _text(value: Any) -> str:
    # A column of whole numbers with a gap is read as floats; 3.0 and 3 are one run.
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _key_text(value: Any) -> str:
    if isinstance(value, float) and np.isnan(value):
        return ""
    return f"{value:.12g}" if isinstance(value, (int, float, np.number)) else str(value)
