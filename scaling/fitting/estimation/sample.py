"""One corpus' rows of a run table, as a law sees them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from scaling.arrays import Array, Index, Mask
from scaling.errors import InputError
from scaling.fitting.base_losses import BaseLosses
from scaling.fitting.engine.objective import Objective
from scaling.fitting.estimation.base_tokens import BaseTokens, progress_at
from scaling.fitting.estimation.variables import others, variables
from scaling.laws.base import Law
from scaling.notes import Note, note
from scaling.runs import Runs
from scaling.stages import units
from scaling.units import counted

_PLACES = ("rows", "size", "loss", "base_tokens")


@dataclass(frozen=True)
class Sample:
    """One corpus' rows as a law sees them: x of arrays (n,), observed (n,), run (n,) indices into the names of the table's
    runs; a trunk and its branches, which share their luck, are one run here.

    others: domain -> the law's variables beyond size, tokens and share there. For parts of a table (else empty): rows (n,),
    places in its frame; size
    (n,): params, joined; loss (n,): what was logged, of which `observed` may be the change over the base;
    base_tokens (n,): what was logged, NaN where nothing was.
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
    rows: Index = field(default_factory=lambda: np.zeros(0, np.intp))
    size: Array = field(default_factory=lambda: np.zeros(0))
    loss: Array = field(default_factory=lambda: np.zeros(0))
    base_tokens: Array = field(default_factory=lambda: np.zeros(0))

    def select(self, mask: Mask) -> Sample:
        """The rows where mask (n,) holds."""
        weights = None if self.row_weights is None else self.row_weights[mask]
        x = {v: values[mask] for v, values in self.x.items()}
        names = ("ratio", "observed", "run", *(_PLACES if len(self.rows) else ()))
        arrays = {name: getattr(self, name)[mask] for name in names}
        return replace(self, x=x, row_weights=weights, **arrays)

    def part(self, kept: Mask, bases: BaseLosses, seen: BaseTokens, law: Law, source: str) -> Sample:
        """The rows of a part of the table, as `sample` would make them of it: kept (rows of the table,), what that part
        says of base losses and of the bases' tokens. Not for weights by standard error, nor for domains apart."""
        made = self.select(kept[self.rows])
        if not len(made.observed):
            raise InputError(f"{source}: there is no {self.corpus}_loss at tokens above 0 to fit")
        if law.target == "delta":
            made = replace(made, observed=made.loss - _known_losses(bases, made.size, self.corpus, source))
        if "progress" in law.variables:
            progress = progress_at(seen, made.size, made.x["tokens"], made.base_tokens)
            made = replace(made, x={**made.x, "progress": progress})
        return made


def sample(
    runs: Runs,
    law: Law,
    corpus: str,
    names: pd.Index,
    weights: str | None = None,
    objective: Objective | None = None,
    by: str | None = None,
    whole: bool = True,
) -> Sample:
    """The rows of one corpus that a law can use, deltas where the law is one of deltas.

    whole: False where only parts of it are used (`Sample.part`), of which each finds its own base losses.
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
    if law.target == "delta" and whole:
        observed = observed - _base_losses(runs, corpus, frame)
    x = variables(runs, frame, corpus, law.variables)
    losses = frame[f"{corpus}_loss"].to_numpy(float)
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
    if not whole:
        logged = frame["base_tokens"].to_numpy(float) if "base_tokens" in frame else np.full(len(frame), np.nan)
        rows, size = np.flatnonzero(runs.to_fit(corpus)), frame["params"].to_numpy(float)
        made = replace(made, rows=rows, size=size, loss=losses, base_tokens=logged)
    return _usable(made, law, runs.source)


def run_names(runs: Runs) -> pd.Index:
    """The names of a table's runs, in the order of the table; a trunk and its branches are one."""
    return pd.Index(units(runs.frame).unique())


def _base_losses(runs: Runs, corpus: str, frame: pd.DataFrame) -> Array:
    bases = BaseLosses.of(runs.base(corpus).to_dict("records"))
    return _known_losses(bases, frame["params"].to_numpy(float), corpus, runs.source)


def _known_losses(bases: BaseLosses, sizes: Array, corpus: str, source: str) -> Array:
    """The base losses (n,) at the sizes (n,) of a table, in which sizes that count as one are equal."""
    known = dict(zip(bases.params, bases.losses, strict=True))
    each, place = np.unique(sizes, return_inverse=True)
    losses = np.array([known.get(float(size), np.nan) for size in each])[place.reshape(-1)]
    if np.isnan(losses).any():
        size = sizes[np.isnan(losses)][0]
        raise InputError(f"{source}: there is no base {corpus} loss (a row with tokens = 0) at params = {size:g}")
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
