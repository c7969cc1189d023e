"""One damped Gauss-Newton step of many problems at once, within bounds."""

from __future__ import annotations

import numpy as np

from scaling.arrays import Array, Mask

_LEAST_DAMPING, MOST_DAMPING = 1e-12, 1e12


def next_damping(damping: Array, ratio: Array) -> Array:
    """More damping where the quadratic model was poor, less where it was good."""
    factor = np.where(ratio > 0.75, 0.2, np.where(ratio > 0.25, 1.0, np.where(ratio > 0, 3.0, 8.0)))
    return np.clip(damping * factor, _LEAST_DAMPING, MOST_DAMPING)


def damped_step(q: Array, gradient: Array, matrix: Array, damping: Array, lower: Array, upper: Array) -> Array:
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
