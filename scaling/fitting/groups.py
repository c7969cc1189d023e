"""Independent fits of one law, one per group of rows (a run, a size), in lockstep: each group is a table of its own."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from scaling.arrays import Array, Index
from scaling.errors import InputError
from scaling.fitting.engine.lockstep import problems, stacked
from scaling.fitting.engine.model import Model, compile_law
from scaling.fitting.engine.objective import Objective
from scaling.fitting.engine.problems import Data
from scaling.fitting.engine.shake import shaken
from scaling.fitting.engine.solver import Options, Solution, solve
from scaling.fitting.engine.starts import screened_starts
from scaling.fitting.estimation.sample import sample
from scaling.laws import Law, get_law
from scaling.runs import Runs

STARTS, KEPT = 256, 12


def fit_groups(
    runs: Runs, law: str, by: str, corpus: str, *, loss: str | None = None, delta: float = 1e-3, threads: int = 0
) -> pd.DataFrame:
    """One independent fit a group of rows with one value of the column `by` ("run", "params", ...).

    loss: "huber" or "squared"; by default Huber on log residuals for laws of losses, squares of plain residuals for
    laws of differences, as the CMR paper has it. Returns a row a group: `by`, params and ratio (the group's, NaN where
    it has several), the law's parameters, objective, r2, rows, converged. Groups with fewer rows than parameters have
    NaN. Raises InputError for a column that is not there or a table that the law cannot use.
    """
    chosen = get_law(law)
    if by not in runs.frame:
        raise InputError(f"{runs.source}: there is no column {by} to group by")
    if (runs.frame.groupby("run")[by].nunique(dropna=False) > 1).any():
        raise InputError(f"{runs.source}: column {by} changes within a run, and runs are not divided")
    names = pd.Index(runs.frame[by].unique())
    made = sample(runs, chosen, corpus, names, by=by)
    index, groups = pd.factorize(names[made.run])  # in the order of the table, which no name decides
    objective = Objective.of(chosen, loss, delta=delta)
    index = index.astype(np.intp)
    fitted = fit_points(chosen, made.x, made.observed, index, objective=objective, threads=threads)
    fitted.insert(0, by, groups)
    for name, column in (("params", made.x["params"]), ("ratio", made.ratio)):
        if name != by:
            fitted.insert(1, name, [_only(column[index == g]) for g in range(len(groups))])
    return fitted


def fit_points(
    law: Law | str,
    x: Mapping[str, ArrayLike],
    observed: ArrayLike,
    groups: Index | None = None,
    *,
    objective: Objective | None = None,
    threads: int = 0,
) -> pd.DataFrame:
    """Fit a law to bare points: x of arrays (n,), observed (n,), groups (n,) from 0 up (one fit each; one fit without).

    Returns a row a group: the law's parameters in natural units, objective, r2, rows, converged.
    """
    law = get_law(law) if isinstance(law, str) else law
    y = np.asarray(observed, float)
    arrays = {v: np.asarray(x[v], float) for v in law.variables}
    index = np.zeros(len(y), np.intp) if groups is None else np.asarray(groups, np.intp)
    objective = objective or Objective.of(law)
    whole = compile_law(law, arrays)
    rows = [np.flatnonzero(index == group) for group in range(int(index.max()) + 1)]
    # A group has a table of its own, in the units of the whole: it is a small part of the rows.
    models = [compile_law(law, {v: values[own] for v, values in arrays.items()}, whole.unit) for own in rows]
    data = [Data(objective.target(y[own]), np.zeros(len(own), np.intp)) for own in rows]
    starts = [_starts(model, one, objective) for model, one in zip(models, data, strict=True)]
    owner = np.repeat(np.arange(len(rows)), [len(own) for own in starts])
    batch, none = stacked(models), [None] * len(rows)
    # Differences of losses can be zero throughout a group, so convergence is also to nothing.
    options = Options(threads=threads, iterations=200)
    best = _best(solve(batch.take(owner), problems(data, starts, none), objective, options), owner)
    own = problems(data, [q[None] for q in best.q], none)
    found = shaken(batch, own, objective, options, best, models, together=True)
    return _table(models, law, [y[own] for own in rows], found)


def _best(found: Solution, owner: Index) -> Solution:
    """The best solution of each group; owner says whose each is."""
    values = np.where(np.isfinite(found.objective), found.objective, np.inf)
    first = np.array([np.argmin(np.where(owner == g, values, np.inf)) for g in range(int(owner.max()) + 1)])
    return Solution(found.q[first], found.objective[first], found.iterations[first], found.converged[first])


def _starts(model: Model, data: Data, objective: Objective) -> Array:
    """KEPT starts (k, p) of a group."""
    return screened_starts(model, data.target, objective, STARTS)[:KEPT]


def _table(models: list[Model], law: Law, observed: list[Array], best: Solution) -> pd.DataFrame:
    """A row per group: what was found for it, and how well that does on its rows."""
    records = []
    for group, (model, y, q) in enumerate(zip(models, observed, best.q, strict=True)):
        theta = law.canonical(model.natural(q))
        predicted = model.predict(q[None], model.tables(q[None]), slice(0, model.rows))[0]
        variance = ((y - y.mean()) ** 2).sum()
        enough = len(y) >= len(law.names)
        found = dict(zip(law.names, theta if enough else np.full(len(theta), np.nan), strict=True))
        found |= {"objective": best.objective[group], "rows": len(y), "converged": bool(best.converged[group])}
        found["r2"] = 1 - ((predicted - y) ** 2).sum() / variance if variance > 0 else np.nan
        records.append(found)
    return pd.DataFrame(records)


def _only(values: Array) -> float:
    return float(values[0]) if len(np.unique(values)) == 1 else float("nan")
