"""The cold fit: many starts screened, some run on squared residuals, the best polished on the true objective, and the
best of those shaken."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from scaling.arrays import Array
from scaling.fitting.engine.compress import LONG, compress
from scaling.fitting.engine.model import Model, compile_law
from scaling.fitting.engine.objective import Objective
from scaling.fitting.engine.problems import Data, Pull
from scaling.fitting.engine.shake import shaken
from scaling.fitting.engine.solver import Options, Solution, solve
from scaling.fitting.engine.starts import screened_starts

SCREENED, SHORT, POLISHED = 256, 24, 6
THINNED = 4_000  # rows that are enough to find the starts worth polishing
LAST_DAMPING = 1e-5  # the start is next to the optimum
_SAME = 1e-3  # optima whose objectives differ by less than this share tie


@dataclass(frozen=True)
class Optimum:
    """q (p,) the best internal parameters found; rivals (k, p): other optima that are as good; agreeing: share of the
    polished starts that ended at the best objective."""

    q: Array
    objective: float
    rivals: Array
    agreeing: float
    converged: bool


def cold_fit(
    model: Model, data: Data, objective: Objective, options: Options | None = None, pull: Pull | None = None
) -> Optimum:
    """The best optimum that SCREENED starts lead to. Raises nothing: what went wrong is in `converged`."""
    options = options or Options()
    if model.rows > LONG:
        return _long_fit(model, data, objective, options, pull)
    short = _candidates(model, data, objective, options, pull)
    best = solve(model, data.problems(short, pull), objective, options)
    order = np.argsort(np.where(np.isfinite(best.objective), best.objective, np.inf), kind="stable")
    top = order[:1]
    first = Solution(best.q[top], best.objective[top], best.iterations[top], best.converged[top])
    last = shaken(model, data.problems(first.q, pull), objective, options, first)
    least = float(last.objective[0])
    tied = order[best.objective[order] <= least * (1 + _SAME) + 1e-300]
    return Optimum(
        q=last.q[0],
        objective=least,
        rivals=_rivals(model, last.q[0], best.q[tied]),
        agreeing=len(tied) / len(order),
        converged=bool(last.converged[0]),
    )


def _long_fit(model: Model, data: Data, objective: Objective, options: Options, pull: Pull | None) -> Optimum:
    """The optimum of a long table: found on a part of its rows, carried to all of them in compressed form, and
    polished on them as they are."""
    thin, part = _thinned(model, data)
    found = cold_fit(thin, part, objective, options, pull)
    pilot = model.internal(thin.natural(found.q))
    for _ in range(2):  # residuals from the first pilot are off by its error; from the second they are not
        little, fewer, start = compress(model, data, objective, pilot)
        closer = solve(little, fewer.problems(start[None], pull), objective, options)
        pilot = model.internal(little.natural(closer.q[0]))
    gentle = replace(options, damping=LAST_DAMPING)
    last = solve(model, data.problems(pilot[None], pull), objective, gentle)
    return Optimum(
        q=last.q[0],
        objective=float(last.objective[0]),
        rivals=model.internal(thin.natural(found.rivals)),
        agreeing=found.agreeing,
        converged=bool(last.converged[0]),
    )


def _thinned(model: Model, data: Data) -> tuple[Model, Data]:
    rows = np.sort(np.random.default_rng(0).choice(model.rows, THINNED, replace=False))
    thin = compile_law(model.law, {v: values[rows] for v, values in model.x.items()})
    weights = None if data.row_weights is None else data.row_weights[rows]
    return thin, Data(data.target[rows], data.groups[rows], weights)


def _candidates(model: Model, data: Data, objective: Objective, options: Options, pull: Pull | None) -> Array:
    """The POLISHED best starts (k, p) after a run on squared residuals; a large table is thinned for this."""
    if model.rows <= THINNED:
        starts = screened_starts(model, data.target, objective, SCREENED, data.row_weights)[:SHORT]
        return _least_squares(model, data, starts, objective, options, pull)
    thin, fewer = _thinned(model, data)
    return model.internal(thin.natural(_candidates(thin, fewer, objective, options, pull)))


def _least_squares(
    model: Model, data: Data, starts: Array, objective: Objective, options: Options, pull: Pull | None
) -> Array:
    """The POLISHED best of the starts after a run on squared residuals; on log residuals these are relative residuals.

    Far from the optimum Huber's loss is all kinks; the squared problem is smooth, has the same valley, and leads there
    in a few steps.
    """
    log = objective.residual == "log"
    observed = np.exp(data.target) if log else data.target
    weights = np.ones(model.rows) if data.row_weights is None else data.row_weights
    relative = replace(data, target=observed, row_weights=weights / observed**2 if log else weights)
    smooth = Objective("raw", "squared")
    found = solve(model, relative.problems(starts, pull), smooth, replace(options, iterations=40, tolerance=1e-4))
    order = np.argsort(np.where(np.isfinite(found.objective), found.objective, np.inf), kind="stable")
    distinct: list[int] = []
    for i in order:
        if len(distinct) < POLISHED and all(not _same(model, found.q[i], found.q[j]) for j in distinct):
            distinct.append(int(i))
    rest = [int(i) for i in order if int(i) not in distinct][: max(0, 2 - len(distinct))]
    return np.asarray(found.q[distinct + rest])


def _same(model: Model, one: Array, other: Array) -> bool:
    """True if two parameter vectors are one and the same optimum, reached to different precision."""
    span = np.maximum(np.abs(one) + np.abs(other), 1e-2)
    return bool((np.abs(one - other) <= 1e-2 * span).all())


def _rivals(model: Model, best: Array, others: Array) -> Array:
    found: list[Array] = []
    for q in others:
        if not any(_alike(model, q, known) for known in [best, *found]):
            found.append(q)
    return np.array(found).reshape(-1, len(best))


def _alike(model: Model, one: Array, other: Array) -> bool:
    """True if exponents agree to 5 % or 0.01: what a user would call the same fit."""
    law = model.law
    a, b = law.canonical(model.natural(one)), law.canonical(model.natural(other))
    index = [j for j, p in enumerate(law.parameters) if p.kind == "exponent"]
    gap = np.abs(a[index] - b[index])
    return bool((gap <= np.maximum(0.05 * np.maximum(np.abs(a[index]), np.abs(b[index])), 0.01)).all())
