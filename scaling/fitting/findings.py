"""From an estimation to a result: intervals, quality, status, and every warning that a user should read."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from scaling.fitting.engine.objective import Objective
from scaling.fitting.estimation.estimate import Estimation, predictions
from scaling.fitting.estimation.identify import LABELS, distinct_values
from scaling.fitting.estimation.sample import Sample
from scaling.fitting.intervals.interval import Estimate, interval
from scaling.fitting.result import CorpusFit, Status
from scaling.laws.base import Array

POOR_CONDITION = 1e5
_CURES = {
    "params": "a third model size",
    "tokens": "more token counts",
    "share": "more ratios",
    "k1": "more domains",
    "k2": "more domains",
}


def assemble(done: Estimation, made: Sample, draws: Array, level: float, note: str) -> CorpusFit:
    """The result of one corpus from its estimation, its rows, its resampled parameters (B, p) and a note on those."""
    theta = done.full_theta(done.optimum.q)
    quality = _quality(done, made)
    warnings = (
        *made.warnings,
        *_reduction_warnings(done, made),
        *_bound_warnings(done),
        *_identification_warnings(done),
        *_trend_warnings(done, made, theta),
        *([note] if note and len(draws) else []),
    )
    status: Status = "warning" if warnings else "ok"
    if done.reduction.pulled or done.unseen:
        status = "not_identified"
    return CorpusFit(
        law=done.law.name,
        corpus=made.corpus,
        parameters=_estimates(done, theta, draws, level),
        theta=theta,
        draws=draws,
        dropped=done.reduction.dropped,
        held=_held(done, made),
        ranges={
            "params": _range(made.x["params"]),
            "tokens": _range(made.x["tokens"]),
            "ratio": _range(made.ratio),
        },
        rows=len(made.observed),
        runs=len(np.unique(made.run)),
        level=level,
        status=status,
        warnings=warnings,
        ratios=tuple(float(r) for r in np.unique(made.ratio)),
        others=made.others,
        **quality,
    )


def _range(values: Array) -> tuple[float, float]:
    return float(values.min()), float(values.max())


def _estimates(done: Estimation, theta: Array, draws: Array, level: float) -> dict[str, Estimate[float]]:
    names = done.law.names
    return {n: interval(theta[names.index(n)], draws[:, names.index(n)], level) for n in done.model.law.names}


def _held(done: Estimation, made: Sample) -> dict[str, float]:
    """Variables with one value in the table, by the table's names; also those that the law does not look at."""
    columns = {"params": made.x["params"], "tokens": made.x["tokens"], "ratio": made.ratio}
    return {name: float(np.median(v)) for name, v in columns.items() if distinct_values(v) == 1}


def _quality(done: Estimation, made: Sample) -> dict[str, float]:
    """On log residuals for laws of losses, whatever the objective was, so that fits can be compared."""
    fitted = predictions(done)
    predicted = np.exp(fitted) if done.objective.residual == "log" else fitted
    error = predicted - made.observed
    losses = done.law.target == "loss"
    residual = np.log(predicted / made.observed) if losses else error
    robust = Objective(delta=done.objective.delta) if losses else done.objective
    spread = float(((made.observed - made.observed.mean()) ** 2).sum())
    freedom = max(len(residual) - done.fitted, 1)
    return {
        "huber": float(robust.total(residual, robust.influence(residual))),
        "r2": 1 - float((error**2).sum()) / spread if spread > 0 else float("nan"),
        "mape": float(np.mean(np.abs(error / made.observed if losses else error))),
        "residual_sd": float(np.sqrt((residual**2).sum() / freedom)),
    }


def _reduction_warnings(done: Estimation, made: Sample) -> list[str]:
    law, reduction = done.law, done.reduction
    found = []
    for why in dict.fromkeys(reduction.dropped.values()):
        names = ", ".join(n for n, w in reduction.dropped.items() if w == why)
        found.append(f"{names} not fitted: {why}")
    found += list(dict.fromkeys(reduction.pulled.values()))
    for variable, values in made.x.items():
        if variable not in law.variables and distinct_values(values) > 1:
            count = f"{distinct_values(values)} {LABELS[variable]}s"
            found.append(f"the table has {count}, which the law {law.name} does not look at")
    return found


def _bound_warnings(done: Estimation) -> list[str]:
    found = []
    for j in np.flatnonzero(~done.free):
        parameter = done.model.law.parameters[j]
        low = done.optimum.q[j] <= done.model.lower[j] + 1e-3 * max(abs(done.model.lower[j]), 1.0)
        bound = parameter.lower if low else parameter.upper
        found.append(f"{parameter.name} is at its {'lower' if low else 'upper'} bound {bound:g} ({parameter.meaning})")
    return found


def _identification_warnings(done: Estimation) -> list[str]:
    found = []
    for group in done.unseen:
        if not set(group) & set(done.reduction.pulled):
            found.append(f"the table does not tell {', '.join(group)} apart; {_cure(done, group)}")
    if done.condition > POOR_CONDITION and not done.unseen and not done.reduction.pulled:
        found.append(
            f"the fit is poorly conditioned (condition number {done.condition:.1e}), so single parameters mean little"
        )
    if len(done.optimum.rivals):
        other = done.full_theta(done.optimum.rivals[0])
        best = done.full_theta(done.optimum.q)
        names = [
            p.name
            for j, p in enumerate(done.law.parameters)
            if abs(other[j] - best[j]) > 0.05 * max(abs(best[j]), 1e-2)
        ]
        found.append(f"starts disagree: an optimum within 0.1 % of the best has other values of {', '.join(names)}")
    if not done.optimum.converged:
        found.append("the fit stopped before it had converged")
    return found


def _cure(done: Estimation, group: tuple[str, ...]) -> str:
    terms = getattr(done.model.law, "terms", ())
    variables = {v for t in terms for v in t.variables if set(group) & {t.coefficient, *t.shape}}
    asked = variables or set(done.model.law.variables)  # a pure function does not say which of its variables
    return "runs with " + " or ".join(dict.fromkeys(_CURES[v] for v in sorted(asked))) + " would"


def _trend_warnings(done: Estimation, made: Sample, theta: Array) -> list[str]:
    """The D-CPT authors' trends, over a grid that spans the table's ranges: losses fall with size, tokens and own
    share."""
    law = done.law
    if law.target != "loss" or not {"tokens", "share"} <= set(law.variables):
        return []
    axes = {v: np.geomspace(*_range(made.x[v]), 5) for v in ("params", "tokens")}
    axes["share"] = np.linspace(*_range(made.x["share"]), 21)
    grid = dict(zip(axes, np.meshgrid(*axes.values(), indexing="ij"), strict=True))
    shape = grid["share"].shape
    grid |= {v: np.full(shape, np.median(made.x[v])) for v in law.variables if v not in axes}
    values = law.value(theta, {v: g.ravel() for v, g in grid.items()}).reshape(shape)
    found = []
    for axis, variable in enumerate(axes):
        rises = (np.diff(values, axis=axis) > 1e-4 * values.mean()).mean()
        if variable not in done.reduction.held and rises > 0:
            what = f"the {made.corpus} loss rises with its {_TREND[variable]}"
            found.append(f"in {100 * rises:.0f} % of the table's range {what}, against the law's own trends")
    return found


_TREND: Mapping[str, str] = {"params": "model size", "tokens": "tokens", "share": "share of the mix"}
