"""What of the runs' own luck is left in the residuals once the parameters have followed it.

Every run is off the law by some luck of its own, the same in all its rows. The parameters that tell runs apart follow that
luck, and residuals show only the rest: nothing at all where there are as many such parameters as runs. The share that is
left comes from the fit's own linearisation: with H the projection on the columns of the Jacobian and Z the rows of each
run, tr(Z'(I - H)Z) / n of the luck's variance survives.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scaling.arrays import Array
from scaling.fitting.estimation.estimate import Estimation

LEAST = 0.5  # degrees of freedom; with less there is no interval


@dataclass(frozen=True)
class Leftover:
    """between: share of the runs' own variance that the residuals still hold; within: the same of rows on their own.
    freedom: between, times the number of runs: how many runs' luck can be seen."""

    between: float
    within: float
    freedom: float

    @property
    def enough(self) -> bool:
        """True if the residuals say anything of how much runs differ by luck."""
        return self.freedom >= LEAST


def leftover(done: Estimation) -> Leftover:
    """The leftover of an estimation, from its linearisation at the optimum."""
    model, q = done.model, done.optimum.q[None]
    tables, everything = model.tables(q), slice(0, model.rows)
    slopes = model.jacobian(q, tables, everything)[0]
    if done.objective.residual == "log":
        slopes = slopes / model.predict(q, tables, everything)[0]
    weights = np.ones(model.rows) if done.data.row_weights is None else done.data.row_weights
    pulled = np.zeros(len(slopes)) if done.pull is None else done.pull.precision
    fitted = (done.free | (pulled > 0)) & (np.abs(slopes).max(axis=1) > 0)
    columns = _orthonormal(slopes[fitted] * np.sqrt(weights), np.sqrt(pulled[fitted]))
    runs, group = np.unique(done.data.groups, return_inverse=True)
    sums = [np.bincount(group.reshape(-1), np.sqrt(weights) * column) for column in columns.T]
    followed = float((np.array(sums) ** 2).sum())
    spent = float((columns**2).sum())
    between = max(1.0 - followed / float(weights.sum()), 0.0)
    return Leftover(between, max(1.0 - spent / model.rows, 0.0), between * len(runs))


def _orthonormal(rows: Array, pull: Array) -> Array:
    """The part on the table (n, k) of an orthonormal basis of the columns rows (p, n), the pull's own rows (p,) below."""
    stacked = np.concatenate([rows, np.diag(pull)], axis=1).T
    stacked = stacked / np.maximum(np.linalg.norm(stacked, axis=0), 1e-300)
    left, values, _ = np.linalg.svd(stacked, full_matrices=False)
    return np.asarray(left[: rows.shape[1], values > 1e-7 * values[0]])
