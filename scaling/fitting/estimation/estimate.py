"""From a run table to the fit of one corpus: rows, reduction, cold fit, identification, resampled fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from scaling.arrays import Array, Mask
from scaling.errors import InputError
from scaling.fitting.engine.covariance import standard_errors
from scaling.fitting.engine.model import Model, compile_law
from scaling.fitting.engine.objective import Objective
from scaling.fitting.engine.problems import Pull
from scaling.fitting.engine.search import Data, Job, Optimum, cold_fits
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
from scaling.laws.base import Law
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
        reduced = self.model.law.canonical(self.model.natural(q))
        theta = np.empty((*q.shape[:-1], len(self.law.names)))
        for j, parameter in enumerate(self.law.parameters):
            if parameter.name in self.model.law.names:
                theta[..., j] = reduced[..., self.model.law.names.index(parameter.name)]
            else:
                theta[..., j] = parameter.neutral
        return theta


@dataclass(frozen=True)
class Task:
    """What is to be estimated: a law on a sample. source: the table's name, for messages."""

    made: Sample
    law: Law
    objective: Objective
    options: Options
    source: str = "<table>"


def estimate(made: Sample, law: Law, objective: Objective, options: Options, source: str = "<table>") -> Estimation:
    """Fit a law to a sample: reduce it to what the table identifies, find the optimum, look at what it does not
    know. Raises InputError where the rows are too few or all alike."""
    (found,) = estimates([Task(made, law, objective, options, source)])
    if isinstance(found, InputError):
        raise found
    return found


def estimates(tasks: Sequence[Task]) -> list[Estimation | InputError]:
    """The same of several samples, in lockstep where objective and options are the same; of each that cannot be fitted the
    InputError that says why."""
    found: dict[int, Estimation | InputError] = {}
    ready: dict[int, _Ready] = {}
    for place, task in enumerate(tasks):
        try:
            ready[place] = _ready(task)
        except InputError as reason:
            found[place] = reason
    for places in _groups({place: (tasks[place].objective, tasks[place].options) for place in ready}):
        found |= zip(places, _estimated([ready[place] for place in places]), strict=True)
    return [found[place] for place in range(len(tasks))]


def _groups(keys: Mapping[int, Any]) -> list[list[int]]:
    groups: dict[Any, list[int]] = {}
    for place, key in keys.items():
        groups.setdefault(key, []).append(place)
    return list(groups.values())


@dataclass(frozen=True)
class _Ready:
    """A task with the law that its table identifies, and the fit that it asks for."""

    task: Task
    reduction: Reduction
    job: Job


def _ready(task: Task) -> _Ready:
    made, law, source = task.made, task.law, task.source
    reduction = reduce_law(law, made.x, made.run)
    if set(reduction.held) == set(law.variables):
        alike = ", ".join(dict.fromkeys(f"one {LABELS[v]}" for v in law.variables))
        raise InputError(
            f"{source}: the rows of {made.corpus}_loss have {alike}, so the law {law.name} has nothing to fit"
        )
    model = compile_law(reduction.law, made.x)
    data = Data(task.objective.target(made.observed), made.run, made.row_weights)
    free_parameters = len(model.lower) - len(reduction.pulled)
    if len(made.observed) < free_parameters:
        raise InputError(
            f"{source}: {counted(len(made.observed), 'row')} of {made.corpus}_loss cannot fit"
            f" the {counted(free_parameters, 'parameter')} of the law {law.name}"
        )
    pull = make_pull(model, reduction.pulled, _pull_scale(data, task.objective))
    return _Ready(task, reduction, Job(model, data, pull))


def _estimated(ready: list[_Ready]) -> list[Estimation]:
    objective, options = ready[0].task.objective, ready[0].task.options
    found = list(zip(ready, cold_fits([one.job for one in ready], objective, options), strict=True))
    weak = {place: stronger for place, (one, optimum) in enumerate(found) if (stronger := _pulled_more(one, optimum))}
    for place, optimum in zip(weak, cold_fits([one.job for one in weak.values()], objective, options), strict=True):
        if _accepted(*found[place], optimum):
            found[place] = weak[place], optimum
    return [_looked_at(one, optimum) for one, optimum in found]


def _pulled_more(ready: _Ready, optimum: Optimum) -> _Ready | None:
    """The same task with the parameters pulled of which the table says nothing; None where there are none."""
    model, data, objective = ready.job.model, ready.job.data, ready.task.objective
    start = data.problems(optimum.q[None])
    # A shape parameter may have run to its bound because nothing stops it, so being at one is no excuse here.
    pulled = ready.reduction.pulled
    shapes = np.array([p.kind != "coefficient" and p.name not in pulled for p in model.law.parameters])
    asked = _seen(model, optimum.q, ready.reduction) | shapes
    errors = standard_errors(model, start, objective, optimum.q, asked)
    weak = weak_parameters(model, errors, pulled)
    if not weak:
        return None
    both = replace(ready.reduction, pulled={**pulled, **weak})
    stronger = make_pull(model, both.pulled, _pull_scale(data, objective))
    return replace(ready, reduction=both, job=Job(model, data, stronger))


def _accepted(ready: _Ready, before: Optimum, after: Optimum) -> bool:
    """Whether the table does not object to a stronger pull: the objective of the rows rises by no more than two standard
    errors' worth, a chi-squared of 4 on the scale of the fit's own residuals."""
    model, data, objective = ready.job.model, ready.job.data, ready.task.objective
    start = data.problems(before.q[None])
    old, new = (evaluate(model, start, objective, one.q[None])[0][0] for one in (before, after))
    return bool(new - old <= 4 * old / model.rows + _pull_scale(data, objective))


def _looked_at(ready: _Ready, optimum: Optimum) -> Estimation:
    """What the table does not know of the optimum."""
    model, data, objective = ready.job.model, ready.job.data, ready.task.objective
    unpulled = evaluate(model, data.problems(optimum.q[None]), objective, optimum.q[None])[2][0]
    free = free_mask(model, optimum.q)
    seen = _seen(model, optimum.q, ready.reduction)
    # The floor may be at its bound of 0 because another term has taken its place.
    law, names = ready.task.law, model.law.names
    condition, unseen = unseen_directions(unpulled, seen | (np.array(names) == law.floor), names)
    return Estimation(
        law, ready.reduction, model, data, objective, optimum, ready.job.pull, tuple(unseen), condition, free
    )


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
