"""The cold fit: many starts screened, some run on squared residuals, the best polished on the true objective, and the
best of those shaken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from scaling.arrays import Array
from scaling.fitting.engine.compress import LONG, compress
from scaling.fitting.engine.lockstep import alike, stacked
from scaling.fitting.engine.lockstep import problems as row_problems
from scaling.fitting.engine.model import Model, compile_law
from scaling.fitting.engine.objective import Objective
from scaling.fitting.engine.problems import Data, Problems, Pull
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


@dataclass(frozen=True)
class Job:
    """A law on a table, its data, and the pull of its parameters."""

    model: Model
    data: Data
    pull: Pull | None = None


def cold_fit(
    model: Model, data: Data, objective: Objective, options: Options | None = None, pull: Pull | None = None
) -> Optimum:
    """The best optimum that SCREENED starts lead to. Raises nothing: what went wrong is in `converged`."""
    return cold_fits([Job(model, data, pull)], objective, options)[0]


def cold_fits(jobs: Sequence[Job], objective: Objective, options: Options | None = None) -> list[Optimum]:
    """The same for several tables of one objective; those of one law go in lockstep, each as it would go by itself."""
    options = options or Options()
    found: dict[int, Optimum] = {}
    batches: list[list[int]] = []
    for place, job in enumerate(jobs):
        if job.model.rows > LONG:
            found[place] = _long_fit(job.model, job.data, objective, options, job.pull)
            continue
        for batch in batches:
            other = jobs[batch[0]].model
            if max(job.model.rows, other.rows) <= THINNED and alike(job.model, other):
                batch.append(place)
                break
        else:
            batches.append([place])
    for batch in batches:
        found |= zip(batch, _fits([jobs[place] for place in batch], objective, options), strict=True)
    return [found[place] for place in range(len(jobs))]


def _fits(jobs: list[Job], objective: Objective, options: Options) -> list[Optimum]:
    short = _candidates(jobs, objective, options)
    counts = [len(own) for own in short]
    best = _solved(jobs, short, objective, options)
    finite = np.where(np.isfinite(best.objective), best.objective, np.inf)
    parts = np.split(np.arange(len(finite)), np.cumsum(counts)[:-1])
    orders = [part[np.argsort(finite[part], kind="stable")] for part in parts]
    top = np.array([order[0] for order in orders])
    first = Solution(best.q[top], best.objective[top], best.iterations[top], best.converged[top])
    model, problems = _together(jobs, [q[None] for q in first.q])
    last = shaken(model, problems, objective, options, first, [job.model for job in jobs])
    made = []
    for k, (job, order) in enumerate(zip(jobs, orders, strict=True)):
        least = float(last.objective[k])
        tied = order[best.objective[order] <= least * (1 + _SAME) + 1e-300]
        made.append(
            Optimum(
                q=last.q[k],
                objective=least,
                rivals=_rivals(job.model, last.q[k], best.q[tied]),
                agreeing=len(tied) / len(order),
                converged=bool(last.converged[k]),
            )
        )
    return made


def _solved(jobs: list[Job], starts: list[Array], objective: Objective, options: Options) -> Solution:
    """Every start (k, p) of every job, job by job."""
    model, problems = _together(jobs, starts)
    return solve(model, problems, objective, options)


def _together(jobs: list[Job], starts: list[Array]) -> tuple[Model, Problems]:
    """The model and the problems of all jobs."""
    if len(jobs) == 1:
        return jobs[0].model, jobs[0].data.problems(starts[0], jobs[0].pull)
    owner = np.repeat(np.arange(len(jobs)), [len(own) for own in starts])
    model: Model = stacked([job.model for job in jobs]).take(owner)
    return model, row_problems([job.data for job in jobs], starts, [job.pull for job in jobs])


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


def _candidates(jobs: list[Job], objective: Objective, options: Options) -> list[Array]:
    """The POLISHED best starts (k, p) of each job after a run on squared residuals; a large table is thinned for this."""
    if jobs[0].model.rows <= THINNED:
        starts = [
            screened_starts(job.model, job.data.target, objective, SCREENED, job.data.row_weights)[:SHORT]
            for job in jobs
        ]
        return _least_squares(jobs, starts, objective, options)
    (job,) = jobs
    thin, fewer = _thinned(job.model, job.data)
    return [job.model.internal(thin.natural(_candidates([Job(thin, fewer, job.pull)], objective, options)[0]))]


def _least_squares(jobs: list[Job], starts: list[Array], objective: Objective, options: Options) -> list[Array]:
    """The POLISHED best of the starts of each job after a run on squared residuals; on log residuals these are relative
    residuals.

    Far from the optimum Huber's loss is all kinks; the squared problem is smooth, has the same valley, and leads there
    in a few steps.
    """
    log = objective.residual == "log"
    relative = []
    for job in jobs:
        observed = np.exp(job.data.target) if log else job.data.target
        weights = np.ones(job.model.rows) if job.data.row_weights is None else job.data.row_weights
        data = replace(job.data, target=observed, row_weights=weights / observed**2 if log else weights)
        relative.append(replace(job, data=data))
    found = _solved(relative, starts, Objective("raw", "squared"), replace(options, iterations=40, tolerance=1e-4))
    finite = np.where(np.isfinite(found.objective), found.objective, np.inf)
    parts = np.split(np.arange(len(finite)), np.cumsum([len(own) for own in starts])[:-1])
    chosen = []
    for job, part in zip(jobs, parts, strict=True):
        distinct: list[int] = []
        order = part[np.argsort(finite[part], kind="stable")]
        for i in order:
            if len(distinct) < POLISHED and all(not _same(job.model, found.q[i], found.q[j]) for j in distinct):
                distinct.append(int(i))
        rest = [int(i) for i in order if int(i) not in distinct][: max(0, 2 - len(distinct))]
        chosen.append(np.asarray(found.q[distinct + rest]))
    return chosen


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
