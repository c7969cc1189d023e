"""A law on one table: predictions and derivatives for a block of parameter vectors at once.

The solver works on internal parameters: exponents and coefficients as they are, shifts by their log, variables divided
by their geometric mean over the table, so that coefficients are of order one and nothing depends on the unit of a
column.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from scaling.fitting.linear import nonnegative
from scaling.fitting.part import Part, Table
from scaling.laws.base import Array, FunctionLaw, Law, Variables
from scaling.laws.terms import TermLaw


class Model(Protocol):
    """What the solver needs of a law on a table; b parameter vectors, p parameters, m rows of a slice.

    Tables hold what can be computed for internal parameters q (b, p) before rows are looked at: pairs of arrays whose
    first axis is b.
    """

    law: Law
    x: Variables
    rows: int
    lower: Array
    upper: Array

    def tables(self, q: Array) -> list[Table]:
        """The tables at q."""

    def move(self, q: Array, step: Array, tables: list[Table]) -> tuple[Array, list[Table]]:
        """Where a step (b, p) from q leads (q + step to first order, within the bounds), and the tables there."""

    def predict(self, q: Array, tables: list[Table], rows: slice) -> Array:
        """Predictions (b, m)."""

    def jacobian(self, q: Array, tables: list[Table], rows: slice) -> Array:
        """Derivatives (b, p, m) of the predictions to q."""

    def natural(self, q: Array) -> Array:
        """Natural-unit parameters (..., p) of internal ones."""

    def internal(self, theta: Array) -> Array:
        """Internal parameters (..., p) of natural ones."""


class TermModel:
    """A law of terms on a table; see `scaling.fitting.part.Part` for how a term is evaluated."""

    def __init__(self, law: TermLaw, x: Variables) -> None:
        self.law: Law = law
        self.terms = law
        self.x: Variables = {v: np.asarray(x[v], float) for v in law.variables}
        self.rows = len(next(iter(x.values())))
        self.unit = {v: _geometric_mean(x[v]) for v in law.variables if v not in law.unscaled()}
        scaled = {v: np.asarray(x[v], float) / self.unit.get(v, 1.0) for v in law.variables}
        self._parts = [Part(law, term, scaled) for term in law.terms]
        self._floor = None if law.floor is None else law.names.index(law.floor)
        self._logged = np.flatnonzero([p.kind == "shift" for p in law.parameters])
        self._shift_unit = np.array([np.log(self.unit.get(_shifted(law, law.names[j]), 1.0)) for j in self._logged])
        self.lower = self._log_shifts(np.array([p.lower for p in law.parameters]))
        self.upper = self._log_shifts(np.array([p.upper for p in law.parameters]))

    def _log_shifts(self, theta: Array) -> Array:
        q = np.array(theta, float)
        q[..., self._logged] = np.log(q[..., self._logged]) - self._shift_unit
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
        theta[..., self._logged] = np.exp(q[..., self._logged] + self._shift_unit)
        for j, log_unit in self._unit_logs(theta):
            theta[..., j] = q[..., j] * np.exp(-log_unit)
        return theta

    def _named(self, q: Array) -> dict[str, Array]:
        """Each parameter as (b, 1), shifts no longer as logs."""
        values = {name: q[:, j, None] for j, name in enumerate(self.law.names)}
        for j in self._logged:
            values[self.law.names[j]] = np.exp(q[:, j, None])
        return values

    def tables(self, q: Array) -> list[Table]:
        """See Model: each term and its derivatives on the distinct combinations of its variables."""
        values = self._named(q)
        return [part.table(values, values[part.term.coefficient], *part.evaluate(values)) for part in self._parts]

    def move(self, q: Array, step: Array, tables: list[Table]) -> tuple[Array, list[Table]]:
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
        for part, (value, columns) in zip(self._parts, tables, strict=True):
            product, slopes = part.evaluate(values)
            aim = value + np.matmul(step[:, None, part.slots], columns)[:, 0]
            coefficient, shift = part.follow(product, aim, self._floor is not None)
            slot = part.slots[0]
            good = np.isfinite(coefficient) & (coefficient > self.lower[slot])
            if self._floor is not None:
                good &= trial[:, self._floor] + shift > self.lower[self._floor]
                trial[:, self._floor] += np.where(good, shift, 0.0)
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


def _geometric_mean(values: Array) -> float:
    """Over the positive entries; a column of zeros keeps its unit."""
    positive = np.asarray(values, float)
    positive = positive[positive > 0]
    return float(np.exp(np.mean(np.log(positive)))) if len(positive) else 1.0


def _shifted(law: TermLaw, name: str) -> str:
    """The variable that a shift is added to, or nothing."""
    for term in law.terms:
        for factor in term.factors:
            if getattr(factor, "shift", None) == name:
                return factor.variables[0]
    return ""


class FunctionModel:
    """A law that is a pure function, on a table. Variables that its `units` name are divided by their geometric mean,
    shifts are internal by their log; there are no tables, since rows share nothing that we can see."""

    def __init__(self, law: FunctionLaw, x: Variables) -> None:
        self.law: Law = law
        self.x: Variables = {v: np.asarray(x[v], float) for v in law.variables}
        self.rows = len(next(iter(self.x.values())))
        self._unit = {v: _geometric_mean(self.x[v]) for v, _ in law.units.values()}
        self._scaled = {v: values / self._unit.get(v, 1.0) for v, values in self.x.items()}
        self._coefficients = [(law.names.index(c), law.names.index(e), v) for c, (v, e) in law.units.items()]
        self._logged = np.flatnonzero([p.kind == "shift" for p in law.parameters])
        self._linear = [law.names.index(n) for n in law.linear]
        self._signed = np.array([law.parameter(n).signed for n in law.linear])
        self.lower = self.of_scaled(np.array([p.lower for p in law.parameters]))
        self.upper = self.of_scaled(np.array([p.upper for p in law.parameters]))

    def _slice(self, rows: slice) -> dict[str, Array]:
        return {v: values[rows] for v, values in self._scaled.items()}

    def of_scaled(self, theta: Array) -> Array:
        """Internal parameters (..., p) of parameters for the scaled variables."""
        q = np.array(theta, float)
        q[..., self._logged] = np.log(q[..., self._logged])
        return q

    def _to_scaled(self, q: Array) -> Array:
        theta = np.array(q, float)
        theta[..., self._logged] = np.exp(q[..., self._logged])
        return theta

    def tables(self, q: Array) -> list[Table]:
        """See Model."""
        return []

    def move(self, q: Array, step: Array, tables: list[Table]) -> tuple[Array, list[Table]]:
        """See Model."""
        return np.asarray(np.clip(q + step, self.lower, self.upper)), []

    def predict(self, q: Array, tables: list[Table], rows: slice) -> Array:
        """See Model."""
        return self.law.value(self._to_scaled(q), self._slice(rows))

    def jacobian(self, q: Array, tables: list[Table], rows: slice) -> Array:
        """See Model."""
        theta = self._to_scaled(q)
        out = np.array(self.law.gradient(theta, self._slice(rows)))
        out[:, self._logged] *= theta[:, self._logged, None]
        return out

    def natural(self, q: Array) -> Array:
        """See Model."""
        theta = self._to_scaled(q)
        for coefficient, exponent, variable in self._coefficients:
            theta[..., coefficient] *= self._unit[variable] ** theta[..., exponent]
        return theta

    def internal(self, theta: Array) -> Array:
        """See Model."""
        q = self.of_scaled(theta)
        for coefficient, exponent, variable in self._coefficients:
            q[..., coefficient] *= self._unit[variable] ** -q[..., exponent]
        return q

    def project(self, q: Array, observed: Array, importance: Array) -> tuple[Array, Array]:
        """Replace the coefficients in which the law is linear by their least-squares values for observed (n,), rows
        weighted by importance (n,); returns the squared residuals (b,) and q (b, p)."""
        everything, q = slice(0, self.rows), q.copy()
        if self._linear:
            q[:, self._linear] = 0.0
            bases = self.jacobian(q, [], everything)[:, self._linear] * importance
            left = (observed - self.predict(q, [], everything)) * importance
            right = np.matmul(bases, left[:, :, None])[:, :, 0]
            q[:, self._linear] = nonnegative(np.matmul(bases, bases.transpose(0, 2, 1)), right, self._signed)
        residual = (self.predict(q, [], everything) - observed) * importance
        return np.asarray((residual**2).sum(axis=1)), q


def compile_law(law: Law, x: Variables) -> Model:
    """The law on the table x, a dict of arrays (n,) that holds at least the law's variables."""
    if isinstance(law, TermLaw):
        return TermModel(law, x)
    assert isinstance(law, FunctionLaw), law.name
    return FunctionModel(law, x)
