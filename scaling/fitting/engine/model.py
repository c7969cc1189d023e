"""A law on one table: predictions and derivatives for a block of parameter vectors at once.

The solver works on internal parameters: exponents and coefficients as they are, shifts by their log, variables divided
by their geometric mean over the table, so that coefficients are of order one and nothing depends on the unit of a
column.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from scaling.arrays import Array, Index
from scaling.fitting.engine.function_model import FunctionModel, geometric_mean
from scaling.fitting.engine.part import Part, Table
from scaling.laws.base import FunctionLaw, Law, Variables
from scaling.laws.terms import TermLaw

_LARGEST_LOG = 690.0  # exp of it is 1e299


class Model(Protocol):
    """What the solver needs of a law on a table; b parameter vectors, p parameters, m rows of a slice.

    Tables hold what can be computed for internal parameters q (b, p) before rows are looked at: pairs of arrays whose
    first axis is b.
    """

    law: Law
    x: Variables
    rows: int
    unit: Mapping[str, float]
    lower: Array
    upper: Array

    def tables(self, q: Array) -> list[Table]:
        """The tables at q."""

    def move(self, q: Array, step: Array, tables: list[Table], held: tuple[int, ...] = ()) -> tuple[Array, list[Table]]:
        """Where a step (b, p) from q leads (q + step to first order, within the bounds; held places do not move), and
        the tables there."""

    def predict(self, q: Array, tables: list[Table], rows: slice) -> Array:
        """Predictions (b, m)."""

    def jacobian(self, q: Array, tables: list[Table], rows: slice) -> Array:
        """Derivatives (b, p, m) of the predictions to q."""

    def natural(self, q: Array) -> Array:
        """Natural-unit parameters (..., p) of internal ones."""

    def internal(self, theta: Array) -> Array:
        """Internal parameters (..., p) of natural ones."""

    def of_scaled(self, theta: Array) -> Array:
        """Internal parameters (..., p) of parameters for variables in units of their geometric mean, as start ranges
        are."""

    def take(self, index: Index) -> Model:
        """The model of those problems: the same, unless problems have tables of their own (`engine.lockstep`)."""


class TermModel:
    """A law of terms on a table; see `scaling.fitting.engine.part.Part` for how a term is evaluated."""

    def __init__(self, law: TermLaw, x: Variables, unit: Mapping[str, float] | None = None) -> None:
        self.law: Law = law
        self.terms = law
        self.x: Variables = {v: np.asarray(x[v], float) for v in law.variables}
        self.rows = len(next(iter(x.values())))
        scaled = [v for v in law.variables if v not in law.unscaled()]
        self.unit: Mapping[str, float] = {v: geometric_mean(x[v]) for v in scaled} if unit is None else dict(unit)
        divided = {v: np.asarray(x[v], float) / self.unit.get(v, 1.0) for v in law.variables}
        self._parts = [Part(law, term, divided) for term in law.terms]
        self._floor = None if law.floor is None else law.names.index(law.floor)
        self._logged = np.flatnonzero([p.kind == "shift" for p in law.parameters])
        self._shift_unit = np.array([np.log(self.unit.get(_shifted(law, law.names[j]), 1.0)) for j in self._logged])
        self.lower = self._log_shifts(np.array([p.lower for p in law.parameters]))
        self.upper = self._log_shifts(np.array([p.upper for p in law.parameters]))

    def take(self, index: Index) -> TermModel:
        """See Model."""
        return self

    def _log_shifts(self, theta: Array) -> Array:
        q = self.of_scaled(theta)
        q[..., self._logged] -= self._shift_unit
        return q

    def of_scaled(self, theta: Array) -> Array:
        """Internal parameters (..., p) of parameters for the scaled variables."""
        q = np.array(theta, float)
        with np.errstate(divide="ignore"):
            q[..., self._logged] = np.log(q[..., self._logged])
        return q

    def _unit_logs(self, theta: Array) -> list[tuple[int, Array]]:
        """For each term its coefficient's place, and the log of the factor between its internal and its natural
        value."""
        values = {name: theta[..., j] for j, name in enumerate(self.law.names)}
        total = [sum((f.unit_log(values, self.unit) for f in t.factors), np.zeros(())) for t in self.terms.terms]
        return [(self.law.names.index(t.coefficient), log) for t, log in zip(self.terms.terms, total, strict=True)]

    def internal(self, theta: Array) -> Array:
        """See Model."""
        theta = np.asarray(theta, float)
        q = self._log_shifts(theta)
        for j, log_unit in self._unit_logs(theta):
            q[..., j] = theta[..., j] * np.exp(log_unit)
        return q

    def natural(self, q: Array) -> Array:
        """See Model."""
        theta = np.array(q, float)
        theta[..., self._logged] = _exp(q[..., self._logged] + self._shift_unit)
        for j, log_unit in self._unit_logs(theta):
            theta[..., j] = q[..., j] * np.exp(-log_unit)
        return theta

    def _named(self, q: Array) -> dict[str, Array]:
        """Each parameter as (b, 1), shifts no longer as logs."""
        values = {name: q[:, j, None] for j, name in enumerate(self.law.names)}
        for j in self._logged:
            values[self.law.names[j]] = _exp(q[:, j, None])
        return values

    def tables(self, q: Array) -> list[Table]:
        """See Model: each term and its derivatives on the distinct combinations of its variables."""
        values = self._named(q)
        return [part.table(values, values[part.term.coefficient], *part.evaluate(values)) for part in self._parts]

    def move(self, q: Array, step: Array, tables: list[Table], held: tuple[int, ...] = ()) -> tuple[Array, list[Table]]:
        """See Model. Coefficients and floor follow the exponents, so that each term lands where its linearisation
        points.

        Floor, coefficient and exponent of a term form a curved valley (for exponents towards 0 it is log-like, floor
        and coefficient run away from each other); straight steps crawl along it. Per term, a two-parameter linear fit
        over its distinct combinations takes the bend out.
        """
        trial = np.minimum(np.maximum(q + step, self.lower), self.upper)
        step = trial - q
        values = self._named(trial)
        moved = []
        floor = self._floor if self._floor not in held else None
        for part, (value, columns) in zip(self._parts, tables, strict=True):
            product, slopes = part.evaluate(values)
            aim = value + np.matmul(step[:, None, part.slots], columns)[:, 0]
            coefficient, shift = part.follow(product, aim, floor is not None)
            slot = part.slots[0]
            good = np.isfinite(coefficient) & (coefficient > self.lower[..., slot])
            if slot in held:
                good[:] = False
            if floor is not None:
                good &= trial[:, floor] + shift > self.lower[..., floor]
                trial[:, floor] += np.where(good, shift, 0.0)
            trial[:, slot] = np.where(good, coefficient, trial[:, slot])
            moved.append(part.table(values, trial[:, slot, None], product, slopes))
        return trial, moved

    def predict(self, q: Array, tables: list[Table], rows: slice) -> Array:
        """See Model."""
        first, *others = zip(self._parts, tables, strict=True)
        total = first[0].gather(first[1][0], rows)
        for part, (value, _) in others:
            total += part.gather(value, rows)
        if self._floor is not None:
            total += q[:, self._floor, None]
        return total

    def jacobian(self, q: Array, tables: list[Table], rows: slice) -> Array:
        """See Model."""
        out = np.empty((len(q), len(self.law.names), len(range(*rows.indices(self.rows)))))
        written: set[int] = set()
        if self._floor is not None:
            out[:, self._floor] = 1.0
            written.add(self._floor)
        for part, (_, columns) in zip(self._parts, tables, strict=True):
            part.write(columns, rows, out, written)
        return out

    def bases(self, q: Array) -> Array:
        """Every linear coefficient's column (b, k, rows), floor first: the law at coefficient one, for variable
        projection."""
        values = self._named(q)
        everything = slice(0, self.rows)
        columns = [np.ones((len(q), self.rows))] if self._floor is not None else []
        columns += [part.gather(part.evaluate(values)[0], everything) for part in self._parts]
        return np.stack(columns, axis=1)


def _exp(log: Array) -> Array:
    """exp, but no infinity: a shift that nothing holds runs off to where its size no longer matters."""
    return np.asarray(np.exp(np.minimum(log, _LARGEST_LOG)))


def _shifted(law: TermLaw, name: str) -> str:
    """The variable that a shift is added to, or nothing."""
    added = (f.shift_of(name) for term in law.terms for f in term.factors)
    return next((variable for variable in added if variable), "")


def compile_law(law: Law, x: Variables, unit: Mapping[str, float] | None = None) -> Model:
    """The law on the table x, a dict of arrays (n,) that holds at least the law's variables. unit: of variables inside, by
    default their geometric means; with none for a variable its coefficient is internally what it is naturally."""
    if isinstance(law, TermLaw):
        return TermModel(law, x, unit)
    assert isinstance(law, FunctionLaw), law.name
    return FunctionModel(law, x, unit)
