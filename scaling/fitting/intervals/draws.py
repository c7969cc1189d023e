"""Resampled fits: the same problem again, with other weights or other residuals, started from the optimum."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scaling.arrays import Array
from scaling.fitting.engine.compress import LONG, compress
from scaling.fitting.engine.covariance import normal_steps, pulled_steps
from scaling.fitting.engine.model import TermModel
from scaling.fitting.engine.problems import Problems, Pull
from scaling.fitting.engine.solver import Options, solve
from scaling.fitting.engine.starts import with_predictions
from scaling.fitting.estimation.estimate import Estimation, predictions
from scaling.fitting.intervals.bootstrap import Resampling
from scaling.fitting.intervals.leftover import Leftover, leftover

DRAW_TOLERANCE = 1e-5  # resampled fits need fewer digits: this moves them by 0.2 % of their spread
CUTS, FOLLOWED = (1.0, 0.8, 0.6, 0.4, 0.2, 0.1), 0.7
MOST_STRETCH, LEAST_WITHIN = 10.0, 0.1  # of the residuals, up and down; beyond it would be a guess
DRAW_DAMPING = 1e-5  # and start next to their optimum


def resampled(done: Estimation, resampling: Resampling, seed: int, options: Options) -> Array:
    """Fits (B, p) of the law's parameters to the resampled tables, each started from the optimum and from a rival if
    there is one. Pulled parameters are pulled to a centre drawn from their typical spread, so that their interval is as
    wide as what is known about them. No fits (0, p) where the residuals say nothing of how much runs differ by luck."""
    count = len(resampling.draws)
    if not count:
        return np.zeros((0, len(done.law.names)))
    if done.model.rows > LONG:
        done = _short(done)
    left = None if resampling.method == "runs" else leftover(done)
    if left is not None:
        if not left.enough:
            return np.zeros((0, len(done.law.names)))
        resampling = replace(resampling, draws=resampling.draws * _student(count, left.freedom, seed)[:, None])
        if resampling.method == "sandwich":
            return done.full_theta(_normal(done, resampling, seed))
    best: tuple[Array, Array] | None = None
    for start in [done.optimum.q, *done.optimum.rivals[:1]]:
        problems = _resampled_problems(done, resampling, left, start, seed)
        found = solve(
            done.model,
            problems,
            done.objective,
            replace(options, iterations=60, tolerance=DRAW_TOLERANCE, damping=DRAW_DAMPING),
        )
        if best is None:
            best = (found.q, found.objective)
        else:
            better = found.objective < best[1]
            best = (np.where(better[:, None], found.q, best[0]), np.minimum(found.objective, best[1]))
    assert best is not None
    return done.full_theta(best[0])


def _short(done: Estimation) -> Estimation:
    """The same estimation on the compressed table, whose optimum is the same."""
    model, data, q = compress(done.model, done.data, done.objective, done.optimum.q)
    rivals = model.internal(done.model.natural(done.optimum.rivals))
    return replace(done, model=model, data=data, optimum=replace(done.optimum, q=q, rivals=rivals))


def _student(count: int, freedom: float, seed: int) -> Array:
    """What turns normal draws into Student's t (count,): the runs' spread is itself known from few runs."""
    from scipy.special import chdtri  # slow to import, and a plan of a saved fit does not need it

    chance = np.random.default_rng([seed, 2]).uniform(size=count)
    return np.asarray(np.minimum(np.sqrt(freedom / chdtri(freedom, chance)), MOST_STRETCH))


def _resampled_problems(
    done: Estimation, resampling: Resampling, left: Leftover | None, start: Array, seed: int
) -> Problems:
    count = len(resampling.draws)
    starts = np.repeat(start[None], count, axis=0)
    problems = done.data.problems(starts, _drawn_pull(done, count, seed))
    if left is None:
        return replace(problems, weights=resampling.draws)
    fitted = predictions(done)
    return replace(problems, target=fitted, noise=_stretched(done, fitted, left), flips=resampling.draws)


def _stretched(done: Estimation, fitted: Array, left: Leftover) -> Array:
    """The residuals (n,), their run means and the rest each brought back to the size they had before the fit followed
    them."""
    residual = done.data.target - fitted
    weights = np.ones(len(residual)) if done.data.row_weights is None else done.data.row_weights
    total = np.bincount(done.data.groups, weights)
    mean = (np.bincount(done.data.groups, weights * residual) / np.maximum(total, 1e-300))[done.data.groups]
    return np.asarray(mean / np.sqrt(left.between) + (residual - mean) / np.sqrt(max(left.within, LEAST_WITHIN)))


def _normal(done: Estimation, resampling: Resampling, seed: int) -> Array:
    """Internal parameters (B, p) from the normal approximation.

    Predictions follow the step to first order; floor, coefficients and exponents lie in curved valleys that a straight
    step in all of them would leave, so the exponents step and the linear parameters are solved for those predictions.
    """
    model, q = done.model, done.optimum.q
    problems = done.data.problems(q[None], done.pull)
    free = done.free if done.pull is None else done.free | (done.pull.precision > 0)
    step = normal_steps(model, problems, done.objective, resampling.draws, free)
    pull = _drawn_pull(done, len(step), seed)
    if pull is not None and done.pull is not None:
        step += pulled_steps(model, problems, done.objective, pull.centre - done.pull.centre, free)
    if not isinstance(model, TermModel):
        return np.clip(q + step, model.lower, model.upper)
    block = max(1, 4_000_000 // (len(q) * model.rows))
    log = done.objective.residual == "log"
    return np.concatenate([_follow(model, q, step[i : i + block], log) for i in range(0, len(step), block)])


def _follow(model: TermModel, q: Array, step: Array, log: bool) -> Array:
    """Internal parameters (b, p) whose predictions on the table are those of the steps (b, p) from q (p,), to first
    order. A step to where the law cannot go (a floor below zero) is cut where it leaves."""
    tables, everything = model.tables(q[None]), slice(0, model.rows)
    fitted = model.predict(q[None], tables, everything)[0]
    change = step @ model.jacobian(q[None], tables, everything)[0]
    importance = 1.0 / fitted if log else np.ones_like(fitted)
    size = np.sqrt(((change * importance) ** 2).sum(axis=1))
    out, left = np.repeat(q[None], len(step), axis=0), np.arange(len(step))
    for share in CUTS:
        aim = fitted + share * change[left]
        tried = with_predictions(model, np.clip(q + share * step[left], model.lower, model.upper), aim, importance)
        miss = np.sqrt((((model.predict(tried, model.tables(tried), everything) - aim) * importance) ** 2).sum(axis=1))
        good = miss <= FOLLOWED * share * size[left]
        out[left[good]], left = tried[good], left[~good]
        if not len(left):
            break
    return out


def _drawn_pull(done: Estimation, count: int, seed: int) -> Pull | None:
    if done.pull is None:
        return None
    rng = np.random.default_rng([seed, 1])
    pulled = done.pull.precision > 0
    sd = np.zeros(len(pulled))
    for j, parameter in enumerate(done.model.law.parameters):
        if pulled[j] and parameter.typical is not None:
            sd[j] = parameter.typical[1]
    centre = done.pull.centre + sd * rng.standard_normal((count, len(sd)))
    return Pull(np.clip(centre, done.model.lower, done.model.upper), done.pull.precision)
