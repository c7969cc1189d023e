"""The referees: scipy on the same problem, in the solver's own internal parameters (so that scaling is no excuse)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares, minimize

from scaling.fitting.engine.model import Model, compile_law
from scaling.fitting.engine.objective import Objective
from scaling.fitting.engine.starts import screened_starts
from scaling.laws import get_law
from scaling.laws.base import Array


@dataclass(frozen=True)
class Problem:
    """D-CPT on one corpus of a world: the model and log losses (n,)."""

    model: Model
    target: Array
    delta: float = 1e-3


def problem(frame: object, corpus: str) -> Problem:
    """The problem of one corpus of a run table made by fit_worlds.world."""
    share = frame["ratio"] if corpus == "domain" else 1 - frame["ratio"]  # type: ignore[index]
    x = {"params": frame["params"].to_numpy(), "tokens": frame["tokens"].to_numpy(), "share": share.to_numpy()}  # type: ignore[index]
    return Problem(compile_law(get_law("dcpt"), x), np.log(frame[f"{corpus}_loss"].to_numpy()))  # type: ignore[index]


def starts(case: Problem, count: int) -> Array:
    """count starting points (count, p), coefficients already solved for: more than a user of scipy would have."""
    q = screened_starts(case.model, case.target, Objective(), count)
    span = 1e-9
    return np.asarray(np.clip(q, case.model.lower + span, case.model.upper - span))


def residuals(case: Problem, q: Array) -> Array:
    """log law - log observed (n,)."""
    model = case.model
    return np.asarray(
        np.log(np.maximum(model.predict(q[None], model.tables(q[None]), slice(None))[0], 1e-300)) - case.target
    )


def jacobian(case: Problem, q: Array) -> Array:
    """Derivatives (n, p) of the residuals."""
    model = case.model
    tables = model.tables(q[None])
    return np.asarray(
        (model.jacobian(q[None], tables, slice(None))[0] / model.predict(q[None], tables, slice(None))[0]).T
    )


def huber(case: Problem, q: Array) -> float:
    """The objective: sum over rows of Huber's loss."""
    size = np.abs(residuals(case, q))
    return float(np.where(size <= case.delta, 0.5 * size**2, case.delta * (size - 0.5 * case.delta)).sum())


def by_least_squares(case: Problem, start: Array) -> float:
    """The objective after scipy's least_squares (trf, Huber, our Jacobian, tight tolerances) from one start."""
    found = least_squares(
        lambda q: residuals(case, q),
        start,
        jac=lambda q: jacobian(case, q),
        bounds=(case.model.lower, case.model.upper),
        loss="huber",
        f_scale=case.delta,
        x_scale="jac",
        xtol=1e-12,
        ftol=1e-12,
        gtol=1e-12,
        max_nfev=500,
    )
    return huber(case, found.x)


def by_lbfgs(case: Problem, start: Array) -> float:
    """The papers' recipe: L-BFGS-B on the objective with numeric derivatives, from one start."""
    bounds = [
        (low if np.isfinite(low) else None, high if np.isfinite(high) else None)
        for low, high in zip(case.model.lower, case.model.upper, strict=True)
    ]
    found = minimize(
        lambda q: huber(case, q), start, method="L-BFGS-B", bounds=bounds, options={"maxiter": 15000, "maxfun": 150000}
    )
    return float(found.fun)
