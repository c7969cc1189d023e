"""Laws of the common shape, declared as data: a floor plus terms, each a coefficient times factors.

Value, gradient, LaTeX, text, the parts that are linear and what is left where a variable never varies all come from the
one declaration.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from scaling.arrays import Array
from scaling.laws.base import Law, Variables
from scaling.laws.factors import Factor, Values, latex_name


@dataclass(frozen=True)
class Term:
    """coefficient * product of factors; the coefficient is a parameter's name."""

    coefficient: str
    factors: tuple[Factor, ...]

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables of all factors, each once."""
        return tuple(dict.fromkeys(v for f in self.factors for v in f.variables))

    @property
    def shape(self) -> tuple[str, ...]:
        """The parameters of the factors, each once, in order: those in which the term is not linear."""
        return tuple(dict.fromkeys(p for f in self.factors for p in f.parameters))

    def prepare(self, x: Variables) -> list[Array]:
        """What depends on the variables alone, one array (u,) a factor."""
        return [f.prepare(x) for f in self.factors]

    def evaluate(self, theta: Values, prepared: list[Array], gradient: bool) -> tuple[Array, dict[str, Array]]:
        """The product of the factors (..., u) without the coefficient, and its derivative to each shape parameter."""
        done = [(f, p, f.value(theta, p)) for f, p in zip(self.factors, prepared, strict=True)]
        logs = [value for f, _, value in done if f.in_log]
        plain = [value for f, _, value in done if not f.in_log]
        product = np.exp(sum(logs[1:], logs[0])) if logs else np.ones(())
        exponential = product
        for value in plain:
            product = product * value
        if not gradient:
            return product, {}
        slopes: dict[str, Array] = {}
        for factor, given, value in done:
            rest = product if factor.in_log else _without(exponential, plain, value)
            for name, derivative in zip(factor.parameters, factor.derivatives(theta, given), strict=True):
                slope = rest * derivative
                slopes[name] = slopes[name] + slope if name in slopes else slope
        return product, slopes

    def latex(self) -> str:
        """The term in LaTeX."""
        top = r" \, ".join([latex_name(self.coefficient), *(f.latex() for f in self.factors if f.sign > 0)])
        bottom = r" \, ".join(f.latex() for f in self.factors if f.sign < 0)
        return rf"\frac{{{top}}}{{{bottom}}}" if bottom else top

    def text(self) -> str:
        """The term in plain text."""
        top = " * ".join([self.coefficient, *(f.text() for f in self.factors if f.sign > 0)])
        below = [f.text() for f in self.factors if f.sign < 0]
        bottom = " * ".join(below) if len(below) < 2 else f"({' * '.join(below)})"
        return f"{top} / {bottom}" if bottom else top


def _without(exponential: Array, plain: list[Array], value: Array) -> Array:
    """The product of all factors but one that is not in log; a division would fail where that one is zero."""
    rest = exponential
    for other in plain:
        if other is not value:
            rest = rest * other
    return rest


@dataclass(frozen=True)
class TermLaw(Law):
    """floor + sum of terms. `symbol` is what the formula calls the left-hand side."""

    terms: tuple[Term, ...] = ()
    symbol: str = "L"

    def __post_init__(self) -> None:
        used = {t.coefficient for t in self.terms} | {p for t in self.terms for p in t.shape}
        assert used | ({self.floor} - {None}) == set(self.names), self.name
        assert {v for t in self.terms for v in t.variables} <= set(self.variables), self.name

    @property
    def coefficients(self) -> tuple[str, ...]:
        """The parameters in which the law is linear: the floor first, then one a term."""
        return (*((self.floor,) if self.floor else ()), *(t.coefficient for t in self.terms))

    @property
    def shape(self) -> tuple[str, ...]:
        """The parameters in which the law is not linear, in declared order."""
        return tuple(n for n in self.names if n not in self.coefficients)

    def _values(self, theta: Array) -> dict[str, Array]:
        theta = np.asarray(theta, float)
        assert theta.shape[-1] == len(self.parameters), (self.name, theta.shape)
        return {name: theta[..., j, None] for j, name in enumerate(self.names)}

    def _value(self, theta: Array, x: Variables) -> Array:
        """See Law._value."""
        values = self._values(theta)
        total = values[self.floor] if self.floor else np.zeros(())
        for term in self.terms:
            total = total + values[term.coefficient] * term.evaluate(values, term.prepare(x), False)[0]
        return total + np.zeros(np.broadcast_shapes(*(np.shape(x[v]) for v in self.variables if v in x)))

    def gradient(self, theta: Array, x: Variables) -> Array:
        """See Law.gradient."""
        values = self._values(theta)
        columns: dict[str, Array] = {} if self.floor is None else {self.floor: np.ones(())}
        for term in self.terms:
            product, slopes = term.evaluate(values, term.prepare(x), True)
            coefficient = values[term.coefficient]
            for name, column in ((term.coefficient, product), *((k, coefficient * s) for k, s in slopes.items())):
                columns[name] = columns[name] + column if name in columns else column
        return np.stack(np.broadcast_arrays(*(columns[name] for name in self.names)), axis=-2)

    def latex(self) -> str:
        """See Law.latex."""
        parts = ([latex_name(self.floor)] if self.floor else []) + [t.latex() for t in self.terms]
        return f"{self.symbol} = " + " + ".join(parts)

    def text(self) -> str:
        """See Law.text."""
        parts = ([self.floor] if self.floor else []) + [t.text() for t in self.terms]
        return f"{self.symbol} = " + " + ".join(parts)

    def needs_positive(self) -> tuple[str, ...]:
        """The variables at whose zero a factor is infinite."""
        limits = {p.name: p for p in self.parameters}
        return tuple(dict.fromkeys(v for t in self.terms for f in t.factors for v in f.needs_positive(limits)))

    def unscaled(self) -> frozenset[str]:
        """The variables that the solver must leave in their own unit; the share always has one."""
        fixed = {v for t in self.terms for f in t.factors if not f.scalable for v in f.variables}
        return frozenset(fixed | {"share"})

    def canonical(self, theta: Array) -> Array:
        """theta (..., p) with interchangeable terms put in the order of falling first shape parameter.

        Two terms of one form (CMR's two-term token law) can swap their labels without changing the law; without an
        order, intervals of single parameters would mix the two.
        """
        theta = np.array(theta, float)
        for group in self._interchangeable():
            columns = np.array([[self.names.index(n) for n in (*t.shape, t.coefficient)] for t in group])
            order = np.argsort(-theta[..., columns[:, 0]], axis=-1, kind="stable")
            blocks = np.take_along_axis(theta[..., columns], order[..., None], axis=-2)
            theta[..., columns] = blocks
        return theta

    def _interchangeable(self) -> list[list[Term]]:
        groups: dict[tuple[object, ...], list[Term]] = {}
        for term in self.terms:
            key = tuple((type(f), f.variables, len(f.parameters), f.sign) for f in term.factors)
            groups.setdefault(key, []).append(term)
        return [g for g in groups.values() if len(g) > 1]

    def keep(self, dropped: Collection[str], gone: Collection[str]) -> TermLaw:
        """The law without the terms whose coefficient is in `dropped`, and without the factors of which every variable is
        in `gone`."""
        terms = [
            replace(t, factors=tuple(f for f in t.factors if not set(f.variables) <= set(gone)))
            for t in self.terms
            if t.coefficient not in dropped
        ]
        used = {t.coefficient for t in terms} | {p for t in terms for p in t.shape} | {self.floor}
        parameters = tuple(p for p in self.parameters if p.name in used)
        seen = {v for t in terms for v in t.variables}
        variables = tuple(v for v in self.variables if v not in gone or v in seen)
        return replace(self, parameters=parameters, terms=tuple(terms), variables=variables)
