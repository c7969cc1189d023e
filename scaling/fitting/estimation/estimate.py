"""From a run table to the fit of one corpus: rows, reduction, cold fit, identification, resampled fits."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from scaling.errors import InputError
from scaling.fitting.engine.covariance import standard_errors
from scaling.fitting.engine.model import Model, compile_law
from scaling.fitting.engine.objective import Objective
from scaling.fitting.engine.problems import Pull
from scaling.fitting.engine.search import Data, Optimum, cold_fit
from scaling.fitting.engine.solver import Options, evaluate
from scaling.fitting.estimation.identify import (
    LABELS,
    Reduction,
    free_mask,
    make_pull,
    reduce_law,
    unseen_directions,
    weak_parameters,
)
from scaling.fitting.estimation.sample import Sample
from scaling.laws.base import Array, Law, Mask
from scaling.units import counted


@dataclass(frozen=True)
class Estimation:
    """A law estimated on a sample: the model of the reduced law, its optimum, and what was noticed on the way."""

    law: Law
    reduction: Reduction
    model: Model
    data: Data
    objective: Objective
    optimum: Optimum
    pull: Pull | None
    unseen: tuple[tuple[str, ...], ...]
    condition: float
    free: Mask

    @property
    def fitted(self) -> int:
        """How many parameters the table was asked for: neither at a bound nor pulled."""
        return int(_seen(self.model, self.optimum.q, self.reduction).sum())

    def full_theta(self, q: Array) -> Array:
        """All of the law's parameters (..., p), natural units; dropped ones hold a value with which they do nothing."""
        reduced = self.model.natural(q)
        canonical = getattr(self.model.law, "canonical", None)
        reduced = reduced if canonical is None else canonical(reduced)
        theta = np.empty((*q.shape[:-1], len(self.law.names)))
        for j, parameter in enumerate(self.law.parameters):
            if parameter.name in self.model.law.names:
                theta[..., j] = reduced[..., self.model.law.names.index(parameter.name)]
            else:
                theta[..., j] = parameter.neutral
        return theta


def estimate(made: Sample, law: Law, objective: Objective, options: Options, source: str = "<table>") -> Estimation:
    """Fit a law to a sample: reduce it to what the table identifies, find the optimum, look at what it does not
    know."""
    reduction = reduce_law(law, made.x, made.run)
    if set(reduction.held) == set(law.variables):
        alike = ", ".join(dict.fromkeys(f"one {LABELS[v]}" for v in law.variables))
        raise InputError(
            f"{source}: the rows of {made.corpus}_loss have {alike}, so the law {law.name} has nothing to fit"
        )
    model = compile_law(reduction.law, made.x)
    data = Data(objective.target(made.observed), made.run, made.row_weights)
    free_parameters = len(model.lower) - len(reduction.pulled)
    if len(made.observed) < free_parameters:
        raise InputError(
            f"{source}: {counted(len(made.observed), 'row')} of {made.corpus}_loss cannot fit"
            f" the {counted(free_parameters, 'parameter')} of the law {law.name}"
        )
    pull = make_pull(model, reduction.pulled, _pull_scale(data, objective))
    optimum = cold_fit(model, data, objective, options, pull)
    reduction, pull, optimum = _pull_weak(model, data, objective, options, reduction, pull, optimum)
    unpulled = evaluate(model, data.problems(optimum.q[None]), objective, optimum.q[None])[2][0]
    free = free_mask(model, optimum.q)
    seen = _seen(model, optimum.q, reduction)
    condition, unseen = unseen_directions(unpulled, seen | (np.array(model.law.names) == _floor(law)), model.law.names)
    return Estimation(law, reduction, model, data, objective, optimum, pull, tuple(unseen), condition, free)


def _pull_weak(
    model: Model,
    data: Data,
    objective: Objective,
    options: Options,
    reduction: Reduction,
    pull: Pull | None,
    optimum: Optimum,
) -> tuple[Reduction, Pull | None, Optimum]:
    """Pull the parameters that the table says nothing about, if it does not object.

    It does not if the objective of the rows rises by no more than two standard errors' worth: a chi-squared of 4 on the
    scale of the fit's own residuals.
    """
    start = data.problems(optimum.q[None])
    # A shape parameter may have run to its bound because nothing stops it, so being at one is no excuse here.
    shapes = np.array([p.kind != "coefficient" and p.name not in reduction.pulled for p in model.law.parameters])
    asked = _seen(model, optimum.q, reduction) | shapes
    errors = standard_errors(model, start, objective, optimum.q, asked)
    weak = weak_parameters(model, errors, reduction.pulled)
    if not weak:
        return reduction, pull, optimum
    both = replace(reduction, pulled={**reduction.pulled, **weak})
    stronger = make_pull(model, both.pulled, _pull_scale(data, objective))
    found = cold_fit(model, data, objective, options, stronger)
    before, after = (evaluate(model, start, objective, o.q[None])[0][0] for o in (optimum, found))
    accepted = after - before <= 4 * before / model.rows + _pull_scale(data, objective)
    return (both, stronger, found) if accepted else (reduction, pull, optimum)


def _floor(law: Law) -> str | None:
    """The floor's name. At its bound of 0 it may be there because another term has taken its place."""
    return getattr(law, "floor", "E" if "E" in law.names else None)


def _seen(model: Model, q: Array, reduction: Reduction) -> Mask:
    """The parameters (p,) that the table is asked to tell: neither at a bound nor pulled."""
    pulled = np.isin(model.law.names, list(reduction.pulled))
    return np.asarray(free_mask(model, q) & ~pulled)


def _pull_scale(data: Data, objective: Objective) -> float:
    """What one unit of chi-squared is worth in the objective: so weak that only directions the table is blind to
    move."""
    if objective.loss == "huber":
        return objective.delta**2
    return 1e-6 * float(np.var(data.target)) + 1e-30


def predictions(done: Estimation) -> Array:
    """The optimum's predictions (n,) on the objective's scale."""
    q = done.optimum.q[None]
    model = done.model
    predicted = model.predict(q, model.tables(q), slice(0, model.rows))[0]
    return done.objective.link(predicted)
