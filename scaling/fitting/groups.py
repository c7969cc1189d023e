"""Independent fits of one law, one a group of rows (a run, a size), all at once: the groups are row weights 0 and 1."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from scaling.errors import InputError
from scaling.fitting.engine.model import Model, TermModel, compile_law
from scaling.fitting.engine.objective import Objective
from scaling.fitting.engine.problems import Problems
from scaling.fitting.engine.shake import shaken
from scaling.fitting.engine.solver import Options, Solution, solve
from scaling.fitting.engine.starts import project, screened_starts, shapes
from scaling.fitting.estimation.sample import sample
from scaling.laws import Law, get_law
from scaling.laws.base import Array, Index
from scaling.laws.terms import TermLaw
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
    model = compile_law(law, arrays)
    member = np.eye(int(index.max()) + 1)
    starts, owner = _starts(model, law, y, index, len(member), objective)
    problems = Problems(starts, objective.target(y), index, weights=member[owner])
    # Differences of losses can be zero throughout a group, so convergence is also to nothing.
    options = Options(threads=threads, iterations=200)
    best = _best(solve(model, problems, objective, options), owner)
    own = Problems(best.q, problems.target, index, weights=member)
    return _table(model, law, y, index, shaken(model, own, objective, options, best))


def _best(found: Solution, owner: Index) -> Solution:
    """The best solution of each group; owner says whose each is."""
    values = np.where(np.isfinite(found.objective), found.objective, np.inf)
    first = np.array([np.argmin(np.where(owner == g, values, np.inf)) for g in range(int(owner.max()) + 1)])
    return Solution(found.q[first], found.objective[first], found.iterations[first], found.converged[first])


def _starts(model: Model, law: Law, y: Array, index: Index, groups: int, objective: Objective) -> tuple[Array, Index]:
    """KEPT starts a group (groups * KEPT, p) and the group of each: the linear parameters solved on that group's
    rows."""
    owner = np.repeat(np.arange(groups), KEPT)
    if not isinstance(model, TermModel) or not isinstance(law, TermLaw):
        weights = np.eye(groups)[:, index]
        aimed = objective.target(y)
        return np.concatenate([screened_starts(model, aimed, objective, STARTS, w)[:KEPT] for w in weights]), owner
    q = model.of_scaled(shapes(law, STARTS))
    kept = []
    for group in range(groups):
        scores, solved = project(model, q, objective.target(y), objective, (index == group).astype(float))
        kept.append(solved[np.argsort(scores, kind="stable")[:KEPT]])
    return np.concatenate(kept), owner


def _table(model: Model, law: Law, y: Array, index: Index, best: Solution) -> pd.DataFrame:
    """A row a group: what was found for it, and how well that does on its rows."""
    records = []
    for group, q in enumerate(best.q):
        rows = index == group
        theta = model.natural(q)
        theta = law.canonical(theta) if isinstance(law, TermLaw) else theta
        predicted = model.predict(q[None], model.tables(q[None]), slice(0, model.rows))[0, rows]
        variance = ((y[rows] - y[rows].mean()) ** 2).sum()
        enough = rows.sum() >= len(law.names)
        found = dict(zip(law.names, theta if enough else np.full(len(theta), np.nan), strict=True))
        found |= {"objective": best.objective[group], "rows": int(rows.sum()), "converged": bool(best.converged[group])}
        found["r2"] = 1 - ((predicted - y[rows]) ** 2).sum() / variance if variance > 0 else np.nan
        records.append(found)
    return pd.DataFrame(records)


def _only(values: Array) -> float:
    return float(values[0]) if len(np.unique(values)) == 1 else float("nan")
