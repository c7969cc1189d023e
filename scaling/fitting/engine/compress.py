"""Long logs made short: checkpoints of a run that lie close together become a few weighted rows.

A law is smooth, so within one run and a narrow range of tokens it tells rows apart only by their residuals. Residuals
are taken from a pilot fit, sorted into bins whose edges are multiples of Huber's delta, and each bin becomes one row:
at the cell's mean log tokens, with the bin's mean residual, weighing as much as its rows did. The squared objective
keeps its gradient and curvature exactly at the pilot, up to the law's change across a cell; so does Huber's, because
delta is an edge. Resampling is by run, and runs are never mixed, so draws see the same runs as before.
"""

from __future__ import annotations

import numpy as np

from scaling.arrays import Array, Index
from scaling.fitting.engine.model import Model, compile_law
from scaling.fitting.engine.objective import Objective
from scaling.fitting.engine.problems import Data

LONG = 30_000  # rows; tables below are fitted row by row
AIM = 12_000  # rows of the short table, roughly
FEWEST, MOST = 6, 48  # cells of tokens
_EDGES = np.array([-4.0, -2.5, -1.6, -1.0, -0.5, 0.0, 0.5, 1.0, 1.6, 2.5, 4.0])


def compress(model: Model, data: Data, objective: Objective, pilot: Array) -> tuple[Model, Data, Array]:
    """A short table in place of a long one: its model, its data, and the pilot (p,) in its internal parameters."""
    q = pilot[None]
    fitted = objective.link(model.predict(q, model.tables(q), slice(0, model.rows))[0])
    weights = np.ones(model.rows) if data.row_weights is None else data.row_weights
    cell = _cells(model, data)
    bins = np.searchsorted(_edges(objective), data.target - fitted)
    _, row, inverse = np.unique(cell * (len(_EDGES) + 1) + bins, return_index=True, return_inverse=True)
    total: Array = np.asarray(np.bincount(inverse, weights), float)
    residual = np.bincount(inverse, weights * (data.target - fitted)) / total
    x = {v: values[row] for v, values in model.x.items()}
    if "tokens" in x:
        x["tokens"] = _mean_log(model.x["tokens"], cell, weights)[row]
    short = compile_law(model.law, x)
    start = short.internal(model.natural(pilot))
    there = objective.link(short.predict(start[None], short.tables(start[None]), slice(0, short.rows))[0])
    return short, Data(there + residual, data.groups[row], total), start


def _edges(objective: Objective) -> Array:
    """Edges of the residual bins: multiples of delta. Squared losses need no more than the mean."""
    return _EDGES * objective.delta if objective.loss == "huber" else np.array([np.inf])


def _cells(model: Model, data: Data) -> Index:
    """The cell (n,) of each row: rows of one run, one size and share, and nearly the same tokens."""
    code = data.groups.astype(np.int64)
    for variable, values in model.x.items():
        if variable != "tokens":
            code = _pair(code, np.unique(values, return_inverse=True)[1])
    if "tokens" in model.x:
        count = int(np.clip(AIM / (len(_EDGES) * len(np.unique(code))), FEWEST, MOST))
        logs = np.log(np.maximum(model.x["tokens"], 1e-300))
        span = max(float(np.ptp(logs)), 1e-12)
        code = _pair(code, np.minimum((logs - logs.min()) / span * count, count - 1).astype(np.int64))
    return np.asarray(code, np.intp)


def _pair(code: Index, other: Index) -> Index:
    """One code for pairs of codes, without gaps."""
    return np.unique(code * (int(other.max()) + 1) + other.reshape(-1), return_inverse=True)[1].reshape(-1)


def _mean_log(tokens: Array, cell: Index, weights: Array) -> Array:
    """Each row's cell's mean tokens, in the log (n,); a table may hold zeros only where the law allows them."""
    logs = np.log(np.maximum(tokens, 1e-300))
    means = np.bincount(cell, weights * logs) / np.maximum(np.bincount(cell, weights), 1e-300)
    return np.asarray(np.exp(means)[cell])
