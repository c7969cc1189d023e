"""The referees: scipy on the same problem, in the solver's own internal parameters (so that scaling is no excuse)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import least_squares, minimize

from scaling.arrays import Array
from scaling.fitting.engine.model import Model, compile_law
from scaling.fitting.engine.objective import Objective
from scaling.fitting.engine.starts import screened_starts
from scaling.laws import get_law


@dataclass(frozen=True)
class Problem:
    """A law on one corpus: the model, and observations (n,) on the objective's scale."""

    model: Model
    target: Array
    objective: Objective

    @property
    def delta(self) -> float:
        """Huber's delta."""
        return self.objective.delta


def problem(frame: pd.DataFrame, corpus: str, law: str = "dcpt") -> Problem:
    """The problem of one corpus of a run table, Huber's loss of log residuals."""
    share = frame["ratio"] if corpus == "domain" else 1 - frame["ratio"]
    x = {"params": frame["params"].to_numpy(), "tokens": frame["tokens"].to_numpy(), "share": share.to_numpy()}
    return of_points(law, x, frame[f"{corpus}_loss"].to_numpy(), Objective())


def of_points(law: str, x: Mapping[str, Array], observed: Array, objective: Objective) -> Problem:
    """The problem of bare points."""
    return Problem(compile_law(get_law(law), x), objective.target(observed), objective)


def starts(case: Problem, count: int) -> Array:
    """count starting points (count, p), coefficients already solved for: more than a user of scipy would have."""
    q = screened_starts(case.model, case.target, case.objective, count)
    span = 1e-9
    return np.asarray(np.clip(q, case.model.lower + span, case.model.upper - span))


def residuals(case: Problem, q: Array) -> Array:
    """Prediction less observation on the objective's scale (n,)."""
    model = case.model
    predicted = model.predict(q[None], model.tables(q[None]), slice(0, model.rows))[0]
    return np.asarray((np.log(np.maximum(predicted, 1e-300)) if _log(case) else predicted) - case.target)


def jacobian(case: Problem, q: Array) -> Array:
    """Derivatives (n, p) of the residuals."""
    model, everything = case.model, slice(0, case.model.rows)
    tables = model.tables(q[None])
    slopes = model.jacobian(q[None], tables, everything)[0]
    return np.asarray((slopes / model.predict(q[None], tables, everything)[0] if _log(case) else slopes).T)


def _log(case: Problem) -> bool:
    return case.objective.residual == "log"


def total(case: Problem, q: Array) -> float:
    """The objective: sum over rows of Huber's loss or half squares."""
    size = np.abs(residuals(case, q))
    if case.objective.loss == "squared":
        return float(0.5 * (size**2).sum())
    return float(np.where(size <= case.delta, 0.5 * size**2, case.delta * (size - 0.5 * case.delta)).sum())


def by_least_squares(case: Problem, start: Array) -> float:
    """The objective after scipy's least_squares (trf, Huber, our Jacobian, tight tolerances) from one start."""
    found = least_squares(
        lambda q: residuals(case, q),
        start,
        jac=lambda q: jacobian(case, q),
        bounds=(case.model.lower, case.model.upper),
        loss="linear" if case.objective.loss == "squared" else "huber",
        f_scale=case.delta,
        x_scale="jac",
        xtol=1e-12,
        ftol=1e-12,
        gtol=1e-12,
        max_nfev=500,
    )
    return total(case, found.x)


def by_lbfgs(case: Problem, start: Array) -> float:
    """The papers' recipe: L-BFGS-B on the objective with numeric derivatives, from one start."""
    bounds = [
        (low if np.isfinite(low) else None, high if np.isfinite(high) else None)
        for low, high in zip(case.model.lower, case.model.upper, strict=True)
    ]
    found = minimize(
        lambda q: total(case, q), start, method="L-BFGS-B", bounds=bounds, options={"maxiter": 15000, "maxfun": 150000}
    )
    return float(found.fun)
