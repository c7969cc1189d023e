"""Profile intervals: how far a named parameter can go while all others do their best to make up for it.

The parameter is held on a grid, everything else is fitted anew at every grid point, all points in lockstep through the
one solver, and the ends are where the profile crosses a limit. Unlike "value plus or minus", a profile can be lopsided
and can stay open where the table does not bound the parameter.

The objective is not a likelihood: rows of a run are not independent and Huber's loss is no log density. So the limit is
the rise at which, were the profile a parabola, the interval would be that of the clustered sandwich covariance: half of
t^2 times the sandwich variance over the inverse curvature (Kent 1982's adjustment), t of runs - parameters degrees of
freedom.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from scaling.arrays import Array
from scaling.errors import InputError
from scaling.fitting.default import AUTO, chosen_law
from scaling.fitting.engine.covariance import bread, normal_steps
from scaling.fitting.engine.model import Model, compile_law
from scaling.fitting.engine.objective import Objective
from scaling.fitting.engine.problems import Problems
from scaling.fitting.engine.solver import Options, solve
from scaling.fitting.estimation.estimate import Estimation
from scaling.fitting.estimation.prepare import prepare
from scaling.runs import Runs, validate
from scaling.units import finite_or_none

POINTS, REACH = 12, 6.0  # grid points a side, in the widest case this many standard errors out
REFINED = 9


@dataclass(frozen=True, eq=False)
class Profile:
    """low and high are NaN where the profile stays under the limit as far as it was followed (`open` says which); they
    are the parameter's bound where it stays under the limit up to there.

    grid (m,): values of the parameter, natural units, in order. rise (m,): the objective above its optimum.
    """

    name: str
    corpus: str
    value: float
    low: float
    high: float
    level: float
    grid: Array
    rise: Array
    limit: float

    @property
    def open(self) -> tuple[str, ...]:
        """Which ends the table does not bound."""
        return tuple(end for end in ("low", "high") if np.isnan(getattr(self, end)))

    def to_json_dict(self) -> dict[str, Any]:
        """value, low, high (None where open) and which ends are open."""
        ends = {k: finite_or_none(getattr(self, k)) for k in ("value", "low", "high")}
        return {**ends, "open": list(self.open)}

    def line(self) -> str:
        """The interval as one line of text."""
        low, high = ("open" if np.isnan(end) else f"{end:.4g}" for end in (self.low, self.high))
        return f"  {self.name:<7}{self.value:>12.4g}{low:>12}{high:>12}"


def profile(
    runs: Runs | pd.DataFrame,
    name: str,
    law: str = AUTO,
    corpus: str = "general",
    *,
    level: float = 0.9,
    burn_in: float | None = None,
    delta: float = 1e-3,
    loss: str | None = None,
    residual: str | None = None,
    weights: str | None = None,
    threads: int = 0,
) -> Profile:
    """The profile interval of the parameter `name` of a law fitted to one corpus of a run table.

    level: of the interval; the other options are those of `scaling.fit` and mean the same. Raises InputError for a
    corpus that is not there, or a name that the law does not have or the table does not let it fit.

    >>> import scaling
    >>> found = profile(scaling.load_runs("data/runs/prose-code.parquet"), "kappa", law="forgetting")
    >>> [f"{end:.2g}" for end in (found.low, found.value, found.high)], found.open
    (['0.075', '0.095', '0.12'], ())
    """
    if not 0 < level < 1:
        raise InputError(f"level is {level:g}, but it must be between 0 and 1")
    runs = runs if isinstance(runs, Runs) else validate(runs, "<table>")
    law = chosen_law(runs, law)[0]
    ready = prepare(
        runs, law, burn_in=burn_in, delta=delta, loss=loss, residual=residual, weights=weights, threads=threads
    )
    if corpus not in ready.samples:
        there = " and ".join(ready.samples)
        raise InputError(f"{ready.table.source}: there is no {corpus} loss to fit, only the {there} loss")
    done = ready.estimate(corpus)
    _check(done, name, corpus, ready.table.source)
    return profiled(done, name, corpus, level, ready.options)


def _check(done: Estimation, name: str, corpus: str, source: str) -> None:
    names = done.model.law.names
    if name not in done.law.names:
        raise InputError(f"the law {done.law.name} has no parameter {name!r}; it has {', '.join(done.law.names)}")
    if name not in names or name in done.reduction.pulled:
        raise InputError(
            f"{source}: the table does not let {name} be fitted to the {corpus} loss, so it has no profile"
        )


def profiled(done: Estimation, name: str, corpus: str, level: float, options: Options) -> Profile:
    """The profile of a parameter of an estimation."""
    model, q = _natural_in(done, name)
    place = model.law.names.index(name)
    held = replace(done.data.problems(q[None], done.pull), held=(place,))
    free = np.asarray(done.free | (np.arange(len(q)) == place))
    error, limit = _scale(model, replace(held, held=()), done, free, place, level)
    grid = _grid(q[place], error, model.lower[place], model.upper[place])
    rise = _rises(model, held, done, q, place, grid, options)
    for inner in (_between(grid, rise, limit, q[place], side) for side in (-1, 1)):
        if len(inner):
            grid, rise = np.append(grid, inner), np.append(rise, _rises(model, held, done, q, place, inner, options))
            order = np.argsort(grid)
            grid, rise = grid[order], rise[order]
    low, high = (_crossing(grid, rise, limit, q[place], side) for side in (-1, 1))
    # A profile that is still low where the parameter's range ends takes in that end.
    low = model.lower[place] if np.isnan(low) and grid[0] <= model.lower[place] else low
    high = model.upper[place] if np.isnan(high) and grid[-1] >= model.upper[place] else high

    def natural(values: Array) -> Array:
        return np.exp(values + _shift_log(model, place)) if model.law.parameters[place].kind == "shift" else values

    ends = natural(np.array([q[place], low, high]))
    return Profile(name, corpus, float(ends[0]), float(ends[1]), float(ends[2]), level, natural(grid), rise, limit)


def _natural_in(done: Estimation, name: str) -> tuple[Model, Array]:
    """A model in which holding the internal parameter holds the natural one, and the optimum in it.

    A coefficient's internal value depends on the exponents through the unit; without rescaling it does not. The bad
    conditioning of that model is mostly the pair of the coefficient and its exponent, and one of the two is held.
    """
    model, law = done.model, done.model.law
    if law.parameter(name).kind != "coefficient":
        return model, done.optimum.q
    plain = compile_law(law, model.x, unit={})
    return plain, plain.internal(model.natural(done.optimum.q))


def _shift_log(model: Model, place: int) -> float:
    """log natural - internal of a shift, which is internally a log in the unit of its variable."""
    ones = np.where([p.kind == "shift" for p in model.law.parameters], 0.0, 1.0)
    return float(np.log(model.natural(ones)[place]))


def _scale(
    model: Model, problems: Problems, done: Estimation, free: Array, place: int, level: float
) -> tuple[float, float]:
    """The parameter's standard error and the rise of the objective at the ends of the interval."""
    from scipy.special import stdtrit  # slow to import, and a plan of a saved fit does not need it

    mask = np.asarray(free, bool)
    count = int(problems.groups.max()) + 1
    steps = normal_steps(model, problems, done.objective, np.eye(count), mask)
    variance = float((steps[:, place] ** 2).sum())
    curvature = _curvature(model, problems, done.objective, mask, place)
    runs = len(np.unique(problems.groups))
    quantile = float(stdtrit(max(runs - int(mask.sum()), 1), 0.5 + level / 2))
    return float(np.sqrt(variance)), 0.5 * quantile**2 * variance * curvature


def _curvature(model: Model, problems: Problems, objective: Objective, free: Array, place: int) -> float:
    """The second derivative of the profile at its bottom: one over the parameter's diagonal of the inverse matrix."""
    index, inverse = bread(model, problems, objective, problems.starts[0], np.asarray(free, bool))
    at = int(np.flatnonzero(index == place)[0])
    return 1.0 / max(float(inverse[at, at]), 1e-300)


def _grid(value: float, error: float, lower: float, upper: float) -> Array:
    """Points on both sides, within the bounds, closer near the value."""
    reach = np.linspace(0, 1, POINTS + 1)[1:] ** 1.5 * REACH * max(error, 1e-6 * abs(value) + 1e-12)
    points = np.concatenate([value - reach[::-1], [value], value + reach])
    return np.unique(np.clip(points, lower, upper))


def _rises(
    model: Model, held: Problems, done: Estimation, q: Array, place: int, grid: Array, options: Options
) -> Array:
    """The objective above its optimum (m,) with the parameter held on the grid (m,)."""
    starts = np.repeat(q[None], len(grid), axis=0)
    starts[:, place] = grid
    pull = None if held.pull is None else replace(held.pull, centre=np.repeat(held.pull.centre[:1], len(grid), axis=0))
    found = solve(model, replace(held, starts=starts, pull=pull), done.objective, replace(options, iterations=300))
    return np.asarray(found.objective - done.optimum.objective)


def _between(grid: Array, rise: Array, limit: float, value: float, side: int) -> Array:
    """Points inside the grid step in which the profile crosses the limit on one side; none where it does not."""
    inside, outside = _bracket(grid, rise, limit, value, side)
    return np.linspace(inside, outside, REFINED + 2)[1:-1] if np.isfinite(outside) else np.zeros(0)


def _bracket(grid: Array, rise: Array, limit: float, value: float, side: int) -> tuple[float, float]:
    order = np.argsort(side * grid)
    points = [(g, r) for g, r in zip(grid[order], rise[order], strict=True) if side * (g - value) >= 0]
    inside = value
    for g, r in points:
        if r > limit:
            return inside, float(g)
        inside = float(g)
    return inside, np.nan


def _crossing(grid: Array, rise: Array, limit: float, value: float, side: int) -> float:
    """Where the profile crosses the limit; interpolated in the square root, in which a parabola is straight."""
    inside, outside = _bracket(grid, rise, limit, value, side)
    if not np.isfinite(outside):
        return np.nan
    low, high = (np.sqrt(max(float(rise[np.flatnonzero(grid == g)[0]]), 0.0)) for g in (inside, outside))
    return inside + (outside - inside) * (np.sqrt(limit) - low) / (high - low)
