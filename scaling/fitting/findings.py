"""What a user should read of a fit: one sentence each."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from scaling.arrays import Array, Index
from scaling.fitting.estimation.estimate import Estimation
from scaling.fitting.estimation.identify import LABELS, level_count, shaped_by
from scaling.fitting.estimation.sample import Sample
from scaling.notes import Note, note

POOR_CONDITION, POOR_R2 = 1e5, 0.5
OUTLYING, LEAST_OUTLYING, FEWEST_RUNS = 8.0, 0.02, 6  # of the runs' usual misfit; a share of the loss; runs to judge by
NARROW = 1.3  # largest over smallest size or token count
_CURES = {
    "params": "{} or more model sizes",
    "tokens": "more token counts",
    "share": "more ratios",
    "progress": "bases that saw more tokens or fewer",
    "k1": "more domains",
    "k2": "more domains",
}


def warnings_of(done: Estimation, made: Sample, theta: Array, r2: float) -> tuple[Note, ...]:
    """Every sentence on one corpus' fit: what was left out, what the table does not tell, where the law does not hold."""
    return (
        *made.warnings,
        *_reduction_warnings(done, made),
        *_bound_warnings(done),
        *_range_warnings(done),
        *_identification_warnings(done),
        *_trend_warnings(done, made, theta),
        *_misfit_warnings(done, made, r2),
    )


def _reduction_warnings(done: Estimation, made: Sample) -> list[Note]:
    law, reduction = done.law, done.reduction
    found = []
    for why in dict.fromkeys(reduction.dropped.values()):
        names = ", ".join(n for n, w in reduction.dropped.items() if w == why)
        found.append(note("not_fitted", names=names, why=why))
    found += dict.fromkeys(reduction.pulled.values())
    for variable, values in made.x.items():
        levels = level_count(variable, values, made.run)
        if variable not in law.variables and levels > 1:
            found.append(note("not_looked_at", levels=levels, what=LABELS[variable], law=law.name))
    return found


def _bound_warnings(done: Estimation) -> list[Note]:
    found = []
    for j in np.flatnonzero(~done.free):
        parameter = done.model.law.parameters[j]
        low = done.optimum.q[j] <= done.model.lower[j] + 1e-3 * max(abs(done.model.lower[j]), 1.0)
        bound = parameter.lower if low else parameter.upper
        side = "lower" if low else "upper"
        found.append(note("at_bound", name=parameter.name, side=side, bound=bound, meaning=parameter.meaning))
    return found


def _identification_warnings(done: Estimation) -> list[Note]:
    found = []
    for group in done.unseen:
        if not set(group) & set(done.reduction.pulled):
            found.append(note("not_apart", names=", ".join(group), cure=_cure(done, group)))
    if done.condition > POOR_CONDITION and not done.unseen and not done.reduction.pulled:
        found.append(note("poorly_conditioned", condition=done.condition))
    if len(done.optimum.rivals):
        other = done.full_theta(done.optimum.rivals[0])
        best = done.full_theta(done.optimum.q)
        names = [
            p.name
            for j, p in enumerate(done.law.parameters)
            if abs(other[j] - best[j]) > 0.05 * max(abs(best[j]), 1e-2)
        ]
        found.append(note("starts_disagree", names=", ".join(names)))
    if not done.optimum.converged:
        found.append(note("not_converged"))
    return found


def _cure(done: Estimation, group: tuple[str, ...]) -> str:
    """What table would tell the parameters apart."""
    asked = shaped_by(done.model.law, group)
    if {"params", "tokens"} <= set(asked) and _together(done.model.x, done.data.groups):
        return "runs in which tokens do not rise with the model size would"
    wanted = (_CURES[v].format(level_count(v, done.model.x[v], done.data.groups) + 1) for v in asked)
    return "runs with " + " or ".join(dict.fromkeys(wanted)) + " would"


def value_range(values: Array) -> tuple[float, float]:
    """Smallest and largest value."""
    return float(values.min()), float(values.max())


def _range_warnings(done: Estimation) -> list[Note]:
    """Sizes or token counts that hardly vary, or only together."""
    x, found = done.model.x, []
    for variable in [v for v in ("params", "tokens") if v in x and v not in done.reduction.held]:
        low, high = value_range(x[variable])
        if high < NARROW * low:
            found.append(note("narrow_range", what=LABELS[variable], factor=high / low))
    if _together(x, done.data.groups):
        found.append(note("rise_together"))
    return found


def _together(x: Mapping[str, Array], runs: Index) -> bool:
    """True if size and tokens vary, and one gives the other."""
    if not {"params", "tokens"} <= set(x) or min(level_count(v, x[v], runs) for v in ("params", "tokens")) < 2:
        return False
    return bool(abs(np.corrcoef(np.log(x["params"]), np.log(x["tokens"]))[0, 1]) > 0.999)


def _misfit_warnings(done: Estimation, made: Sample, r2: float) -> list[Note]:
    """A law that explains little, and runs that lie far from it while the others do not: diverged ones, or mislabelled."""
    found = [note("explains_little", percent=100 * max(r2, 0))] if r2 < POOR_R2 else []
    if done.law.target != "loss":
        return found
    residual = np.log(made.observed) - np.log(done.law.value(done.full_theta(done.optimum.q), made.x))
    runs, run = np.unique(made.run, return_inverse=True)
    means = np.bincount(run.reshape(-1), residual) / np.bincount(run.reshape(-1))
    usual = 1.4826 * float(np.median(np.abs(means - np.median(means))))
    far = np.abs(means) > max(OUTLYING * usual, LEAST_OUTLYING)
    if len(runs) < FEWEST_RUNS or not far.any():
        return found
    worst = np.flatnonzero(far)[np.argsort(-np.abs(means[far]))]
    named = ", ".join(f"{made.names[runs[k]]} ({100 * np.expm1(means[k]):+.0f} %)" for k in worst[:3])
    more = f" and {len(worst) - 3} more" if len(worst) > 3 else ""
    return [*found, note("runs_far", named=named, more=more)]


def _trend_warnings(done: Estimation, made: Sample, theta: Array) -> list[Note]:
    """The D-CPT authors' trends, over a grid that spans the table's ranges: losses fall with size, tokens and own
    share."""
    law = done.law
    if law.target != "loss" or not {"tokens", "share"} <= set(law.variables):
        return []
    axes = {v: np.geomspace(*value_range(made.x[v]), 5) for v in ("params", "tokens")}
    axes["share"] = np.linspace(*value_range(made.x["share"]), 21)
    grid = dict(zip(axes, np.meshgrid(*axes.values(), indexing="ij"), strict=True))
    shape = grid["share"].shape
    grid |= {v: np.full(shape, np.median(made.x[v])) for v in law.variables if v not in axes}
    values = law.value(theta, {v: g.ravel() for v, g in grid.items()}).reshape(shape)
    found = []
    for axis, variable in enumerate(axes):
        rises = (np.diff(values, axis=axis) > 1e-4 * values.mean()).mean()
        if variable not in done.reduction.held and rises > 0:
            what = _TREND[variable]
            found.append(note("against_trend", percent=100 * rises, corpus=made.corpus, what=what))
    return found


_TREND: Mapping[str, str] = {"params": "model size", "tokens": "tokens", "share": "share of the mix"}
