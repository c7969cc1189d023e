"""One corpus' rows of a run table, as a law sees them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from scaling.arrays import Array, Index, Mask
from scaling.errors import InputError
from scaling.fitting.engine.objective import Objective
from scaling.fitting.estimation.variables import others, variables
from scaling.laws.base import Law
from scaling.notes import Note, note
from scaling.runs import Runs
from scaling.stages import units
from scaling.units import counted


@dataclass(frozen=True)
class Sample:
    """One corpus' rows as a law sees them: x of arrays (n,), observed (n,), run (n,) indices into the names of the table's
    runs; a trunk and its branches, which share their luck, are one run here.

    others: domain -> the law's variables beyond size, tokens and share there.
    """

    corpus: str
    x: Mapping[str, Array]
    ratio: Array
    observed: Array
    run: Index
    names: pd.Index
    row_weights: Array | None
    warnings: tuple[Note, ...] = ()
    others: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def select(self, mask: Mask) -> Sample:
        """The rows where mask (n,) holds."""
        weights = None if self.row_weights is None else self.row_weights[mask]
        x = {v: values[mask] for v, values in self.x.items()}
        return replace(
            self, x=x, ratio=self.ratio[mask], observed=self.observed[mask], run=self.run[mask], row_weights=weights
        )


def sample(
    runs: Runs,
    law: Law,
    corpus: str,
    names: pd.Index,
    weights: str | None = None,
    objective: Objective | None = None,
    by: str | None = None,
) -> Sample:
    """The rows of one corpus that a law can use, deltas where the law is one of deltas.

    names: what `run` points to, those of `run_names`; with `by`, the values of that column.
    weights: "se" for row weights from the logged standard errors, on the residuals of the objective (log by default).
    """
    frame = runs.rows(corpus)
    if frame.empty:
        raise InputError(f"{runs.source}: there is no {corpus}_loss at tokens above 0 to fit")
    observed = frame[f"{corpus}_loss"].to_numpy(float)
    if "share" in law.variables and frame["ratio"].isna().any():
        raise InputError(f"{runs.source}: column ratio is missing, and the law {law.name} looks at it")
    if law.target == "ratio":
        raise InputError(f"the law {law.name} gives a ratio, not a loss, so it cannot be fitted to a run table")
    if law.target == "delta":
        observed = observed - _base_losses(runs, corpus, frame)
    x = variables(runs, frame, corpus, law.variables)
    made = Sample(
        corpus,
        x,
        frame["ratio"].to_numpy(float),
        observed,
        names.get_indexer(pd.Index(units(frame) if by is None else frame[by])),
        names,
        _at_none(
            law,
            x["share"],
            _row_weights(runs, frame, corpus, weights, objective is None or objective.residual == "log"),
        ),
        others=others(frame, x),
    )
    return _usable(made, law, runs.source)


def run_names(runs: Runs) -> pd.Index:
    """The names of a table's runs, in the order of the table; a trunk and its branches are one."""
    return pd.Index(units(runs.frame).unique())


def _base_losses(runs: Runs, corpus: str, frame: pd.DataFrame) -> Array:
    base = runs.base(corpus)
    losses = frame["params"].map(dict(zip(base["params"], base["loss"], strict=True))).to_numpy(float)
    if np.isnan(losses).any():
        size = frame["params"].to_numpy()[np.isnan(losses)][0]
        raise InputError(f"{runs.source}: there is no base {corpus} loss (a row with tokens = 0) at params = {size:g}")
    return losses


def _row_weights(runs: Runs, frame: pd.DataFrame, corpus: str, weights: str | None, log: bool) -> Array | None:
    """Inverse variances of the residuals, mean one, from the logged standard errors. Off by default: all checkpoints of
    a sweep are scored on the same held-out windows, so the logged error is mostly one common shift that weights cannot
    reduce."""
    if weights is None:
        return None
    if weights != "se":
        raise InputError(f"weights is {weights!r}, but it must be None or 'se'")
    column = f"{corpus}_loss_se"
    if column not in frame:
        raise InputError(f"{runs.source}: weights by standard error need a column {column}")
    bad = frame[~(frame[column] > 0)]
    if len(bad):
        run, tokens = bad["run"].iloc[0], bad["tokens"].iloc[0]
        where = f"run {run}, tokens {tokens:g}, column {column}"
        raise InputError(f"{runs.source}: {where}: weights by standard error need a value above 0 in every row")
    scale = frame[f"{corpus}_loss"] if log else 1.0
    raw = (scale / frame[column]).to_numpy(float) ** 2
    return np.asarray(raw / raw.mean())


def _at_none(law: Law, share: Array, weights: Array | None) -> Array | None:
    """Row weights (n,) with those of rows at share 0 lowered as the law asks."""
    if law.weight_at_none == 1.0 or not (share == 0).any():
        return weights
    return np.where(share == 0, law.weight_at_none, 1.0) * (1.0 if weights is None else weights)


def _usable(made: Sample, law: Law, source: str) -> Sample:
    """Leave out rows at which the law is infinite (a share of 0 under a falling power)."""
    bad = np.zeros(len(made.observed), bool)
    for variable in law.needs_positive():
        bad |= made.x[variable] <= 0
    if bad.all():
        raise InputError(f"{source}: the law {law.name} has no value at a share of 0, and the table has nothing else")
    if not bad.any():
        return made
    said = note("rows_at_none", many=counted(int(bad.sum()), "row"), law=law.name)
    return replace(made.select(~bad), warnings=(said,))
