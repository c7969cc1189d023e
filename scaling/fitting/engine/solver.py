"""The one solver: B robust least-squares problems in lockstep.

Damped Gauss-Newton (Levenberg-Marquardt) with analytic derivatives. Bounds are active sets: a parameter at its bound
whose gradient points outwards is held, one that a step would carry through its bound is put there and the others solved
again. The true objective decides on every step. Problems are worked on in blocks that stay in cache, blocks by threads.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from scaling.arrays import Array, Index, Mask
from scaling.errors import InputError
from scaling.fitting.engine.model import Model
from scaling.fitting.engine.objective import Objective
from scaling.fitting.engine.part import Table
from scaling.fitting.engine.problems import Problems

BLOCK_FLOATS = 100_000  # derivatives of one block: with the temporaries about the size of a core's second-level cache
ROW_CHUNK = 8192
_LIGHT_DAMPING = 1e-2
_LEAST_DAMPING, _MOST_DAMPING = 1e-12, 1e12


@dataclass(frozen=True)
class Options:
    """tolerance: stop when a step can gain no more than this share of the objective. damping: of the first step; small
    where the start is next to the optimum. threads: 0 is one a core."""

    iterations: int = 100
    tolerance: float = 1e-10
    damping: float = 1e-3
    threads: int = 0

    @property
    def workers(self) -> int:
        """The number of threads: the option, else SCALING_THREADS, else one a core."""
        asked = os.environ.get("SCALING_THREADS", "0")
        if not asked.isdecimal():
            raise InputError(f"the environment variable SCALING_THREADS is {asked!r}, but it must be a whole number")
        return self.threads or int(asked) or os.cpu_count() or 1


@dataclass(frozen=True)
class Solution:
    """q (B, p) internal parameters, objective (B,), iterations (B,), converged (B,)."""

    q: Array
    objective: Array
    iterations: Array
    converged: Array


def solve(model: Model, problems: Problems, objective: Objective, options: Options | None = None) -> Solution:
    """Solve all problems; returns internal parameters in the order of the problems."""
    options = options or Options()
    size = model.lower.shape[-1]
    block = max(1, BLOCK_FLOATS // (size * min(model.rows, ROW_CHUNK)))
    workers = min(options.workers, -(-len(problems) // block))
    if workers > 1:
        block = min(block, -(-len(problems) // workers))
    parts = [np.arange(i, min(i + block, len(problems))) for i in range(0, len(problems), block)]

    def one(part: Index) -> Solution:
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            return _Block(model.take(part), problems.take(part), objective).run(options)

    if workers > 1:
        with ThreadPoolExecutor(workers) as pool:
            done = list(pool.map(one, parts))
    else:
        done = [one(part) for part in parts]
    join = np.concatenate
    return Solution(*(join([getattr(d, name) for d in done]) for name in ("q", "objective", "iterations", "converged")))


def evaluate(
    model: Model, problems: Problems, objective: Objective, q: Array, tables: list[Table] | None = None
) -> tuple[Array, Array, Array]:
    """Objective (B,), gradient (B, p) and Gauss-Newton matrix (B, p, p) at internal parameters q (B, p)."""
    size = q.shape[1]
    total, gradient, matrix = np.zeros(len(q)), np.zeros((len(q), size)), np.zeros((len(q), size, size))
    tables = model.tables(q) if tables is None else tables
    for begin in range(0, model.rows, ROW_CHUNK):
        rows = slice(begin, min(begin + ROW_CHUNK, model.rows))
        predicted = model.predict(q, tables, rows)
        residual = objective.link(predicted) - problems.targets(rows)
        influence = objective.influence(residual)
        weights = problems.row_weight(rows)
        total += objective.total(residual, influence, 1.0 if weights is None else weights)
        curvature = objective.curvature(residual, influence)
        if weights is not None:
            influence, curvature = influence * weights, curvature * weights
        root = np.sqrt(curvature, out=curvature)
        if objective.residual == "log":
            influence, root = influence / predicted, np.divide(root, predicted, out=root)
        jacobian = model.jacobian(q, tables, rows)
        gradient += np.matmul(jacobian, influence[:, :, None])[:, :, 0]
        jacobian *= root[:, None, :]
        matrix += np.matmul(jacobian, jacobian.transpose(0, 2, 1))
    if problems.pull is not None:
        away = q - problems.pull.centre
        total += 0.5 * (problems.pull.precision * away**2).sum(axis=1)
        gradient += problems.pull.precision * away
        places = np.arange(size)
        matrix[:, places, places] += problems.pull.precision
    return total, gradient, matrix


class _Block:
    """A block of problems on its way; arrays shrink as problems finish."""

    def __init__(self, model: Model, problems: Problems, objective: Objective) -> None:
        self.model, self.problems, self.objective = model, problems, objective
        self.q = np.clip(problems.starts, model.lower, model.upper)
        self.tables = model.tables(self.q)
        self.total, self.gradient, self.matrix = evaluate(model, problems, objective, self.q, self.tables)
        self.damping = np.ones(len(self.q))
        self.gained = np.full(len(self.q), np.inf)

    def run(self, options: Options) -> Solution:
        """Iterate until every problem is done."""
        count = len(self.q)
        out = Solution(self.q.copy(), self.total.copy(), np.zeros(count, int), np.zeros(count, bool))
        index = np.arange(count)
        self.damping[:] = options.damping
        for iteration in range(options.iterations):
            step, expected = self._propose()
            done = self._done(expected, options.tolerance)
            if done.any():
                self._write(out, index[done], done, iteration)
                index, left = index[~done], np.flatnonzero(~done)
                self._keep(left)
                step, expected = step[left], expected[left]
            if not len(index):
                return out
            self._advance(step, expected)
        self._write(out, index, np.ones(len(index), bool), options.iterations)
        out.converged[index] = False
        return out

    def _write(self, out: Solution, index: Index, done: Mask, iteration: int) -> None:
        out.q[index], out.objective[index] = self.q[done], self.total[done]
        out.iterations[index], out.converged[index] = iteration, True

    def _keep(self, index: Index) -> None:
        self.model, self.problems = self.model.take(index), self.problems.take(index)
        self.q, self.total, self.gradient = self.q[index], self.total[index], self.gradient[index]
        self.matrix, self.damping, self.gained = self.matrix[index], self.damping[index], self.gained[index]
        self.tables = [(value[index], columns[index]) for value, columns in self.tables]

    def _propose(self) -> tuple[Array, Array]:
        """A damped step (b, p) for every problem, and the gain (b,) that the quadratic model expects of it."""
        step = _damped_step(self.q, self.gradient, self.matrix, self.damping, *self._bounds())
        bent = np.matmul(self.matrix, step[:, :, None])[:, :, 0]
        return step, -(step * (self.gradient + 0.5 * bent)).sum(axis=1)

    def _bounds(self) -> tuple[Array, Array]:
        """Bounds (p,) or (b, p); held parameters are walled in."""
        lower, upper = self.model.lower, self.model.upper
        held = list(self.problems.held)
        if not held:
            return lower, upper
        lower, upper = (np.broadcast_to(bound, self.q.shape).copy() for bound in (lower, upper))
        lower[:, held] = upper[:, held] = self.q[:, held]
        return lower, upper

    def _done(self, expected: Array, tolerance: float) -> Mask:
        """Done is where nothing is to be gained: the next step promises nothing, and it is hardly damped or the last
        step, which promised little too, brought nothing either; or where no step helps at all."""
        limit = tolerance * (np.abs(self.total) + 1e-300)
        quiet = expected <= limit
        return np.asarray(
            (quiet & ((self.damping <= _LIGHT_DAMPING) | (self.gained <= limit))) | (self.damping >= _MOST_DAMPING)
        )

    def _advance(self, step: Array, expected: Array) -> None:
        """Take the steps that lower the objective; adapt the damping."""
        trial, tables = self.model.move(self.q, step, self.tables, self.problems.held)
        total, gradient, matrix = evaluate(self.model, self.problems, self.objective, trial, tables)
        self.gained = np.where(total < self.total, self.total - total, -np.inf)  # a NaN total is no gain
        self.damping = _next_damping(self.damping, self.gained / np.maximum(expected, 1e-300))
        worse = np.flatnonzero(self.gained < 0)
        if len(worse):
            for new, old in ((trial, self.q), (total, self.total), (gradient, self.gradient), (matrix, self.matrix)):
                new[worse] = old[worse]
            for (value, columns), (old_value, old_columns) in zip(tables, self.tables, strict=True):
                value[worse], columns[worse] = old_value[worse], old_columns[worse]
        self.q, self.total, self.gradient, self.matrix, self.tables = trial, total, gradient, matrix, tables


def _next_damping(damping: Array, ratio: Array) -> Array:
    """More damping where the quadratic model was poor, less where it was good."""
    factor = np.where(ratio > 0.75, 0.2, np.where(ratio > 0.25, 1.0, np.where(ratio > 0, 3.0, 8.0)))
    return np.clip(damping * factor, _LEAST_DAMPING, _MOST_DAMPING)


def _damped_step(q: Array, gradient: Array, matrix: Array, damping: Array, lower: Array, upper: Array) -> Array:
    """The damped step (B, p) within the bounds; parameters that stay at a bound have step 0."""
    fixed = ((q <= lower) & (gradient > 0)) | ((q >= upper) & (gradient < 0))
    diagonal = np.einsum("bii->bi", matrix)
    damped = damping[:, None] * (diagonal + 1e-12 * diagonal.max(axis=1, keepdims=True)) + 1e-300
    step = np.where(fixed, 0.0, _solve(matrix, -gradient, damped, fixed))
    for _ in range(2):
        through = ~fixed & ((q + step < lower) | (q + step > upper))
        if not through.any():
            break
        fixed |= through
        wall = np.where(through, np.clip(q + step, lower, upper) - q, np.where(fixed, step, 0.0))
        pushed = -gradient - np.matmul(matrix, wall[:, :, None])[:, :, 0]
        step = np.where(fixed, wall, _solve(matrix, pushed, damped, fixed))
    return np.asarray(np.clip(q + step, lower, upper) - q)


def _solve(matrix: Array, right: Array, damped: Array, fixed: Mask) -> Array:
    """Solve (matrix + diag(damped)) step = right over the parameters that are not fixed, each scaled to a unit
    diagonal."""
    size = matrix.shape[1]
    scale = 1.0 / np.sqrt(np.einsum("bii->bi", matrix) + damped + 1e-300)
    free = np.where(fixed, 0.0, scale)
    system = matrix * (free[:, :, None] * free[:, None, :])
    eye = np.arange(size)
    system[:, eye, eye] = 1.0
    solved = np.linalg.solve(_finite(system), (np.where(np.isfinite(right), right, 0.0) * free)[:, :, None])
    return np.asarray(solved[:, :, 0] * free)


def _finite(system: Array) -> Array:
    """A start with an overflow must not take its whole block down: its matrix becomes the identity."""
    bad = ~np.isfinite(system).all(axis=(1, 2))
    if bad.any():
        system[bad] = np.eye(system.shape[1])
    return system
