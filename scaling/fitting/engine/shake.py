"""Out of a local optimum: the best point known is shaken, solved again, and kept where that is better.

Where a law misses the table by much more than Huber's delta, the objective is a sum of absolute values, whose landscape
is full of small dents: starts from afar end in one of them, mostly the same. Points near the best one, with the linear
parameters solved on weights that trust the rows as the best fit does, are a few steps from the next dent, and the best
optimum is one of those (`benchmarks/fit_optimum_laws.py`). A round is one batch for all problems that still gain.

Method: iterated local search (Lourenço, Martin, Stützle 2003), with iteratively reweighted least squares for the starts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from scaling.arrays import Array
from scaling.fitting.engine.model import Model
from scaling.fitting.engine.objective import Objective
from scaling.fitting.engine.problems import Problems
from scaling.fitting.engine.solver import Options, Solution, solve
from scaling.fitting.engine.starts import projected

COPIES, ROUNDS, QUIET = 12, 10, 2  # shaken points a round; rounds at most; rounds without a gain that end it
SHORT, LOOSE = 12, 1e-4  # iterations and tolerance of a shaken point
NEAR = 1e-3  # one that comes this near the best, as a share of it, is solved to the end
JUMPS = (0.01, 0.04, 0.15)  # standard deviations of the shakes, as shares of the start ranges, in turns
GAIN = 1e-8  # a smaller share of the objective is no gain


def shaken(
    model: Model,
    problems: Problems,
    objective: Objective,
    options: Options,
    found: Solution,
    models: Sequence[Model] = (),
    together: bool = False,
) -> Solution:
    """The best of `found`, one solution per problem (B, p), and of what shaking it leads to. models: of each problem, where
    they have tables of their own; each is then shaken as it would be by itself, unless they are shaken together."""
    one = np.random.default_rng(0)
    rngs = [one if together else np.random.default_rng(0) for _ in models] or [one] * len(found.q)
    models = models or [model] * len(found.q)
    q, total, converged = found.q.copy(), found.objective.copy(), found.converged.copy()
    quiet = np.zeros(len(q), int)
    short = replace(options, iterations=SHORT, tolerance=LOOSE)
    for _ in range(ROUNDS):
        left = np.flatnonzero((quiet < QUIET) & np.isfinite(total))
        if not len(left):
            break
        starts = np.concatenate([_starts(models[b], problems, objective, q[b], b, rngs[b]) for b in map(int, left)])
        copies = np.repeat(left, COPIES)
        rough = solve(model.take(copies), replace(problems.take(copies), starts=starts), objective, short)
        values = np.where(np.isfinite(rough.objective), rough.objective, np.inf).reshape(len(left), COPIES)
        taken = np.arange(len(left)) * COPIES + np.argmin(values, axis=1)
        near = np.min(values, axis=1) <= total[left] * (1 + NEAR)
        quiet[left[~near]] += 1
        left, taken = left[near], taken[near]
        if not len(left):
            continue
        best = solve(model.take(left), replace(problems.take(left), starts=rough.q[taken]), objective, options)
        gain = total[left] - best.objective
        quiet[left] = np.where(gain > GAIN * total[left], 0, quiet[left] + 1)
        better = gain > 0
        gone = left[better]
        q[gone], total[gone], converged[gone] = best.q[better], best.objective[better], best.converged[better]
    return Solution(q, total, found.iterations, converged)


def _starts(
    model: Model, problems: Problems, objective: Objective, point: Array, b: int, rng: np.random.Generator
) -> Array:
    """COPIES shaken points (COPIES, p) of problem b, whose best is `point` (p,)."""
    law, everything = model.law, slice(0, model.rows)
    shape = [j for j, p in enumerate(law.parameters) if p.start is not None and j not in problems.held]
    spans = np.array([_span(law.parameters[j].kind, law.parameters[j].start) for j in shape])
    jumps = np.resize(JUMPS, COPIES)[:, None] * spans
    copies = np.repeat(point[None], COPIES, axis=0)
    copies[:, shape] += jumps * rng.standard_normal((COPIES, len(shape)))
    copies = np.clip(copies, model.lower, model.upper)
    own = problems.take(np.array([b]))
    target = np.broadcast_to(own.targets(everything), (1, model.rows))[0]
    predicted = objective.link(model.predict(point[None], model.tables(point[None]), everything))[0]
    trust = objective.trust(predicted - target)
    weights = own.row_weight(everything)
    trust = trust if weights is None else trust * np.broadcast_to(weights, (1, model.rows))[0]
    return projected(model, copies, target, objective, trust)[1]


def _span(kind: str, start: tuple[float, float] | None) -> float:
    """The width of a start range in internal units."""
    assert start is not None
    low, high = start
    return float(np.log(high / low)) if kind == "shift" else high - low
