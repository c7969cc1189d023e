"""Starting points: many values of the parameters in which a law is not linear, the rest solved for each (variable
projection)."""

from __future__ import annotations

import numpy as np

from scaling.arrays import Array
from scaling.fitting.engine.function_model import FunctionModel
from scaling.fitting.engine.linear import exact_nonnegative, nonnegative
from scaling.fitting.engine.model import Model, TermModel
from scaling.fitting.engine.objective import Objective
from scaling.laws.base import Law
from scaling.laws.terms import TermLaw


def quasi_random(count: int, size: int) -> Array:
    """Points (count, size) that fill the unit cube evenly: Kronecker's sequence on the generalised golden ratio."""
    golden = 2.0
    for _ in range(60):
        golden = (1.0 + golden) ** (1.0 / (size + 1))
    step = golden ** -np.arange(1.0, size + 1.0)
    return np.asarray((0.5 + np.arange(1, count + 1)[:, None] * step) % 1.0)


def spread(law: Law, names: tuple[str, ...], count: int) -> Array:
    """Values (count, len(names)) over the parameters' start ranges; evenly in the log where a range is of one sign."""
    points = quasi_random(count, max(len(names), 1))
    columns = []
    for j, name in enumerate(names):
        start = law.parameter(name).start
        assert start is not None
        low, high = start
        if low > 0:
            columns.append(low * (high / low) ** points[:, j])
        else:
            columns.append(low + (high - low) * points[:, j])
    return np.stack(columns, axis=1) if columns else np.zeros((count, 0))


def screened_starts(
    model: Model, target: Array, objective: Objective, count: int, weights: Array | None = None
) -> Array:
    """count internal starting points (count, p), best first by their squared residuals with the linear parameters
    solved."""
    if isinstance(model, FunctionModel):
        spread_out = model.of_scaled(spread(model.law, model.law.names, count))
    else:
        assert isinstance(model.law, TermLaw)
        spread_out = model.of_scaled(shapes(model.law, count))
    scores, starts = projected(model, spread_out, target, objective, weights)
    return starts[np.argsort(scores, kind="stable")]


def projected(
    model: Model, q: Array, target: Array, objective: Objective, weights: Array | None = None
) -> tuple[Array, Array]:
    """q (B, p) with the linear parameters replaced by their least-squares values, rows weighted (n,), and the scores
    (B,)."""
    if isinstance(model, FunctionModel):
        return _project_function(model, q, *_aim(target, objective, weights))
    assert isinstance(model, TermModel)
    return project(model, q, target, objective, weights)


def _project_function(model: FunctionModel, q: Array, observed: Array, importance: Array) -> tuple[Array, Array]:
    """Scores (B,) and q (B, p) with the linear coefficients solved, a block of problems at a time."""
    block = max(1, 200_000 // (len(model.lower) * model.rows))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        parts = [model.project(q[i : i + block], observed, importance) for i in range(0, len(q), block)]
    scores = np.concatenate([score for score, _ in parts])
    return np.where(np.isfinite(scores), scores, np.inf), np.concatenate([solved for _, solved in parts])


def _aim(target: Array, objective: Objective, weights: Array | None) -> tuple[Array, Array]:
    """Observations (n,) and the weights (n,) of their plain residuals that make squares like the objective's."""
    observed = np.exp(target) if objective.residual == "log" else target
    importance = 1.0 / observed if objective.residual == "log" else np.ones_like(observed)
    return observed, importance if weights is None else importance * np.sqrt(weights)


def shapes(law: TermLaw, count: int) -> Array:
    """Parameters (count, p) for scaled variables: those in which the law is not linear over their start ranges, else 1."""
    theta = np.ones((count, len(law.names)))
    theta[:, [law.names.index(n) for n in law.shape]] = spread(law, law.shape, count)
    return theta


def project(
    model: TermModel, q: Array, target: Array, objective: Objective, weights: Array | None = None
) -> tuple[Array, Array]:
    """Replace the linear coefficients in q (B, p) by their least-squares values; returns scores (B,) and q."""
    law = model.law
    assert isinstance(law, TermLaw)
    observed, importance = _aim(target, objective, weights)
    slots = [law.names.index(n) for n in law.coefficients]
    signed = np.array([law.parameter(n).signed for n in law.coefficients])
    aim = observed * importance
    scores = np.empty(len(q))
    q = q.copy()
    block = max(1, 200_000 // (len(slots) * model.rows))
    for begin in range(0, len(q), block):
        part = slice(begin, begin + block)
        bases = model.bases(q[part])
        bases *= importance
        gram = np.matmul(bases, bases.transpose(0, 2, 1))
        right = np.matmul(bases, aim)
        coefficients = nonnegative(gram, right, signed)
        q[part, slots] = coefficients
        bent = np.matmul(gram, coefficients[:, :, None])[:, :, 0]
        scores[part] = (coefficients * (bent - 2 * right)).sum(axis=1) + aim @ aim
    return np.where(np.isfinite(scores), scores, np.inf), q


def with_predictions(model: TermModel, q: Array, aim: Array, importance: Array) -> Array:
    """q (B, p) with the linear parameters solved so that predictions come closest to aim (B, n)."""
    law = model.law
    assert isinstance(law, TermLaw)
    slots = [law.names.index(n) for n in law.coefficients]
    signed = np.array([law.parameter(n).signed for n in law.coefficients])
    bases = model.bases(q) * importance
    gram = np.matmul(bases, bases.transpose(0, 2, 1))
    right = np.matmul(bases, (aim * importance)[:, :, None])[:, :, 0]
    q = q.copy()
    for one, matrix, side in zip(q, gram, right, strict=True):
        one[slots] = exact_nonnegative(matrix, side, signed)
    return q
