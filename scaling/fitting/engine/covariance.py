"""The quick answer to "how well is it known?": covariances from derivatives at the optimum, no resampling."""

from __future__ import annotations

import numpy as np

from scaling.arrays import Array, Index, Mask
from scaling.fitting.engine.model import Model
from scaling.fitting.engine.objective import Objective
from scaling.fitting.engine.problems import Problems
from scaling.fitting.engine.solver import ROW_CHUNK, evaluate


def standard_errors(model: Model, problems: Problems, objective: Objective, q: Array, free: Mask) -> Array:
    """Standard errors (p,) of the internal parameters q (p,); infinite where the table is blind, 0 where not free.

    The larger of two: rows independent, and clustered by group (the sandwich), which alone is too small with few
    groups.
    """
    unpulled = Problems(q[None], problems.target, problems.groups, row_weights=problems.row_weights)
    matrix = evaluate(model, unpulled, objective, q[None])[2][0]
    index = np.flatnonzero(free)
    errors = np.zeros(len(q))
    if not len(index):
        return errors
    inverse, blind = _inverse(matrix[np.ix_(index, index)])
    scores, spread = _scores(model, unpulled, objective, q)
    clustered = inverse @ (scores[:, index].T @ scores[:, index]) @ inverse
    variance = np.maximum(np.diag(clustered), spread * np.diag(inverse))
    errors[index] = np.where(blind, np.inf, np.sqrt(np.maximum(variance, 0)))
    return errors


def normal_steps(model: Model, problems: Problems, objective: Objective, multipliers: Array, free: Mask) -> Array:
    """Steps (B, p) away from the optimum whose covariance is the clustered sandwich's: the groups' scores (G, p) times
    standard normals (B, G), through the inverse of the normal matrix.

    Corrected for the parameters that the groups' scores have paid for, and never narrower than independent rows would
    be, as in `standard_errors`.
    """
    q = problems.starts[0]
    index, inverse = bread(model, problems, objective, q, free)
    steps = np.zeros((len(multipliers), len(q)))
    if not len(index):
        return steps
    scores, spread = _scores(model, problems, objective, q)
    groups = int((np.abs(scores).sum(axis=1) > 0).sum())
    influence = scores[:, index] @ inverse
    correction = groups / max(groups - len(index), 1)
    clustered = correction * (influence**2).sum(axis=0)
    rows = spread * np.diag(inverse)
    stretch = np.sqrt(correction * np.maximum(1.0, rows / np.maximum(clustered, 1e-300)))
    steps[:, index] = multipliers[:, : len(scores)] @ influence * stretch
    return steps


def pulled_steps(model: Model, problems: Problems, objective: Objective, away: Array, free: Mask) -> Array:
    """How far the optimum moves (B, p) when the centre of the pull moves by `away` (B, p), to first order."""
    assert problems.pull is not None
    index, inverse = bread(model, problems, objective, problems.starts[0], free)
    steps = np.zeros_like(away)
    steps[:, index] = (away * problems.pull.precision)[:, index] @ inverse
    return steps


def bread(model: Model, problems: Problems, objective: Objective, q: Array, free: Mask) -> tuple[Index, Array]:
    """The free parameters' places, and the inverse of their normal matrix, the pull included."""
    matrix = evaluate(model, problems, objective, q[None])[2][0]
    index = np.flatnonzero(free)
    return index, _inverse(matrix[np.ix_(index, index)])[0] if len(index) else np.zeros((0, 0))


def _inverse(matrix: Array) -> tuple[Array, Mask]:
    """The inverse over the directions that the table sees, and which parameters have a part in the others."""
    scale = 1.0 / np.sqrt(np.maximum(np.diag(matrix), 1e-300))
    values, vectors = np.linalg.eigh(matrix * np.outer(scale, scale))
    seen = values > 1e-12
    inverse = (vectors[:, seen] / values[seen]) @ vectors[:, seen].T * np.outer(scale, scale)
    blind = (np.abs(vectors[:, ~seen]) > 0.1).any(axis=1) | (np.diag(matrix) <= 0)
    return np.asarray(inverse), np.asarray(blind)


def _scores(model: Model, problems: Problems, objective: Objective, q: Array) -> tuple[Array, float]:
    """Sums over each group's rows of the objective's derivatives (G, p); and mean squared influence over mean
    curvature."""
    scores = np.zeros((int(problems.groups.max()) + 1, len(q)))
    influences, curvatures = 0.0, 0.0
    tables = model.tables(q[None])
    for begin in range(0, model.rows, ROW_CHUNK):
        rows = slice(begin, min(begin + ROW_CHUNK, model.rows))
        predicted = model.predict(q[None], tables, rows)
        residual = objective.link(predicted) - problems.targets(rows)
        influence = objective.influence(residual)
        curvature = objective.curvature(residual, influence)
        weights = problems.row_weight(rows)
        if weights is not None:
            influence, curvature = influence * weights, curvature * weights
        influences += float((influence**2).sum())
        curvatures += float(curvature.sum())
        slopes = model.jacobian(q[None], tables, rows)[0] * influence[0]
        slopes = slopes / predicted[0] if objective.residual == "log" else slopes
        np.add.at(scores, problems.groups[rows], slopes.T)
    return scores, influences / max(curvatures, 1e-300)
