"""A law that is a pure function, on one table; see `scaling.fitting.engine.model` for what the solver asks of it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from scaling.arrays import Array, Index
from scaling.fitting.engine.linear import nonnegative
from scaling.fitting.engine.part import Table
from scaling.laws.base import FunctionLaw, Law, Variables


def geometric_mean(values: Array) -> float:
    """Over the positive entries; a column of zeros keeps its unit."""
    positive = np.asarray(values, float)
    positive = positive[positive > 0]
    return float(np.exp(np.mean(np.log(positive)))) if len(positive) else 1.0


class FunctionModel:
    """A law that is a pure function, on a table. Variables that its `units` name are divided by their geometric mean,
    shifts are internal by their log; there are no tables, since rows share nothing that we can see."""

    def __init__(self, law: FunctionLaw, x: Variables, unit: Mapping[str, float] | None = None) -> None:
        self.law: Law = law
        self.x: Variables = {v: np.asarray(x[v], float) for v in law.variables}
        self.rows = len(next(iter(self.x.values())))
        scaled = [v for v, _ in law.units.values()]
        self.unit: Mapping[str, float] = {v: geometric_mean(self.x[v]) for v in scaled} if unit is None else dict(unit)
        self._scaled = {v: values / self.unit.get(v, 1.0) for v, values in self.x.items()}
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

    def take(self, index: Index) -> FunctionModel:
        """See Model."""
        return self

    def tables(self, q: Array) -> list[Table]:
        """See Model."""
        return []

    def move(self, q: Array, step: Array, tables: list[Table], held: tuple[int, ...] = ()) -> tuple[Array, list[Table]]:
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
            theta[..., coefficient] *= self.unit.get(variable, 1.0) ** theta[..., exponent]
        return theta

    def internal(self, theta: Array) -> Array:
        """See Model."""
        q = self.of_scaled(theta)
        for coefficient, exponent, variable in self._coefficients:
            q[..., coefficient] *= self.unit.get(variable, 1.0) ** -q[..., exponent]
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
