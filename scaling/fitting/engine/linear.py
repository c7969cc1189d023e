"""Batched linear least squares with bounds at zero, on normal equations."""

from __future__ import annotations

import numpy as np

from scaling.arrays import Array, Mask


def nonnegative(gram: Array, right: Array, signed: Mask) -> Array:
    """Minimise c' gram c / 2 - right' c over c (B, k), c >= 0 where not `signed`. gram (B, k, k), right (B, k).

    Solves, drops what came out negative, and solves again, at most k times; then a few sweeps of coordinate descent let
    dropped ones back in. Good to the few digits that a starting point needs.
    """
    count, size = right.shape
    diagonal = np.einsum("bii->bi", gram) + 1e-300
    scale = 1.0 / np.sqrt(diagonal)
    unit = gram * (scale[:, :, None] * scale[:, None, :])
    aim = right * scale
    free = np.ones((count, size), bool)
    solution = np.zeros((count, size))
    for _ in range(size):
        solution = _solve_free(unit, aim, free)
        negative = free & (solution < 0) & ~signed
        if not negative.any():
            break
        free &= ~negative
    solution = np.where(free, solution, 0.0)
    solution = np.where(signed, solution, np.maximum(solution, 0.0))
    return np.asarray(_descend(unit, aim, solution, signed, sweeps=4) * scale)


def exact_nonnegative(gram: Array, right: Array, signed: Mask) -> Array:
    """The same for one problem, gram (k, k), right (k,), to full precision, nearly equal columns included: scipy's
    active sets on a square root of the normal matrix, signed coefficients as differences."""
    from scipy.optimize import nnls  # slow to import, and a plan of a saved fit does not need it

    scale = 1.0 / np.sqrt(np.diag(gram) + 1e-300)
    values, vectors = np.linalg.eigh(gram * np.outer(scale, scale))
    seen = values > 1e-13 * values[-1]
    root = np.sqrt(values[seen])
    matrix = root[:, None] * vectors[:, seen].T
    aim = (vectors[:, seen].T @ (right * scale)) / root
    found = nnls(np.concatenate([matrix, -matrix[:, signed]], axis=1), aim)[0]
    solution = found[: len(right)].copy()
    solution[signed] -= found[len(right) :]
    return np.asarray(solution * scale)


def _solve_free(unit: Array, aim: Array, free: Mask) -> Array:
    mask = free.astype(float)
    system = unit * (mask[:, :, None] * mask[:, None, :])
    eye = np.arange(unit.shape[1])
    system[:, eye, eye] = 1.0 + 1e-10  # nearly equal columns (exponents near zero) must not fail
    bad = ~np.isfinite(system).all(axis=(1, 2))
    system[bad] = np.eye(unit.shape[1])
    return np.asarray(np.linalg.solve(system, np.nan_to_num(aim * mask)[:, :, None])[:, :, 0])


def _descend(unit: Array, aim: Array, solution: Array, signed: Mask, sweeps: int) -> Array:
    for _ in range(sweeps):
        for j in range(solution.shape[1]):
            slack = aim[:, j] - (unit[:, j] * solution).sum(axis=1)
            moved = solution[:, j] + slack
            solution[:, j] = moved if signed[j] else np.maximum(moved, 0.0)
    return solution
