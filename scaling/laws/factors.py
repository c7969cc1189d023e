"""Factors: what a term multiplies its coefficient with. A new kind of factor is one more class here.

A factor gives either its logarithm (`in_log` True: several of them share one exponential) or its plain value (for
factors that can be zero or negative, such as -log(share + eps)).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from scaling.arrays import Array
from scaling.laws.base import Parameter, Variables

# log(0), finite so that exponent * LOG_ZERO is minus "infinity" for a positive exponent and exactly 0 for exponent 0:
# then 0**e is 0, 0**0 is 1, and no derivative is NaN.
LOG_ZERO = -1e30

Values = Mapping[str, Array]

SYMBOLS = {"params": "N", "tokens": "D", "share": "r", "progress": "D/D0", "k1": "k1", "k2": "k2"}
GREEK = frozenset(["alpha", "beta", "gamma", "delta", "eta", "eps", "kappa", "mu", "sigma", "lambda"])


def latex_name(name: str) -> str:
    """A parameter's name in LaTeX: Greek letters, and trailing digits as a subscript."""
    stem = name.rstrip("0123456789")
    digits = name[len(stem) :]
    symbol = {"eps": r"\epsilon"}.get(stem, "\\" + stem if stem in GREEK else stem)
    return f"{symbol}_{{{digits}}}" if digits else symbol


class Factor(Protocol):
    """One factor of a term; theta maps names to arrays (..., 1), x names to arrays (u,)."""

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables it depends on."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """The parameters it uses, in the order of its derivatives."""

    @property
    def in_log(self) -> bool:
        """True if evaluate gives the factor's logarithm."""

    @property
    def scalable(self) -> bool:
        """True if its variables may be rescaled inside the solver (see unit_log)."""

    def prepare(self, x: Variables) -> Array:
        """What depends on the variables alone (u,), computed once a table."""

    def evaluate(self, theta: Values, prepared: Array, gradient: bool) -> tuple[Array, list[Array]]:
        """The factor (or its log), shape (..., u), and the derivatives of that, one a parameter (empty without
        gradient); a derivative's leading axes may be missing where it is the same for every theta."""

    def unit_log(self, theta: Values, unit: Mapping[str, float]) -> Array:
        """log of factor(x) / factor(x / unit): what the coefficient takes up when variables are measured in `unit`."""

    def needs_positive(self, parameters: Mapping[str, Parameter]) -> tuple[str, ...]:
        """The variables at whose zero the factor is infinite for some allowed parameters."""

    def latex(self) -> tuple[str, str]:
        """Its LaTeX as (numerator, denominator), either may be empty."""

    def text(self) -> tuple[str, str]:
        """Its plain text as (numerator, denominator), either may be empty."""


@dataclass(frozen=True)
class Power:
    """(variable + shift) ** (sign * exponent); shift is a parameter's name or None."""

    variable: str
    exponent: str
    sign: int = 1
    shift: str | None = None

    in_log = True
    scalable = True

    @property
    def variables(self) -> tuple[str, ...]:
        """See Factor."""
        return (self.variable,)

    @property
    def parameters(self) -> tuple[str, ...]:
        """See Factor."""
        return (self.exponent,) if self.shift is None else (self.exponent, self.shift)

    def prepare(self, x: Variables) -> Array:
        """See Factor: log(variable), or the variable where a shift is still to be added."""
        variable = np.asarray(x[self.variable], float)
        if self.shift is not None:
            return variable
        with np.errstate(divide="ignore"):
            return np.asarray(np.maximum(np.log(variable), LOG_ZERO))

    def evaluate(self, theta: Values, prepared: Array, gradient: bool) -> tuple[Array, list[Array]]:
        """See Factor. log(x + s) is what both the value and its derivatives need, so it is computed once."""
        exponent = self.sign * theta[self.exponent]
        if self.shift is None:
            return exponent * prepared, [self.sign * prepared] if gradient else []
        base = prepared + theta[self.shift]
        log_base = np.log(base)
        derivatives = [self.sign * log_base, exponent / base] if gradient else []
        return exponent * log_base, derivatives

    def unit_log(self, theta: Values, unit: Mapping[str, float]) -> Array:
        """See Factor."""
        return np.asarray(self.sign * theta[self.exponent] * np.log(unit.get(self.variable, 1.0)))

    def needs_positive(self, parameters: Mapping[str, Parameter]) -> tuple[str, ...]:
        """See Factor."""
        limit = parameters[self.exponent]
        lowest = limit.lower if self.sign > 0 else -limit.upper
        return (self.variable,) if self.shift is None and lowest < 0 else ()

    def latex(self) -> tuple[str, str]:
        """See Factor."""
        symbol, exponent = latex_name(SYMBOLS[self.variable]), latex_name(self.exponent)
        base = symbol if self.shift is None else f"({symbol} + {latex_name(self.shift)})"
        return _sides(self.sign, f"{base}^{{{exponent}}}")

    def text(self) -> tuple[str, str]:
        """See Factor."""
        symbol = SYMBOLS[self.variable]
        base = symbol if self.shift is None else f"({symbol} + {self.shift})"
        return _sides(self.sign, f"{base}^{self.exponent}")


@dataclass(frozen=True)
class Exponential:
    """base ** (sign * variable); base is a positive parameter of kind "shift", so that it is solved for by its log."""

    variable: str
    base: str
    sign: int = 1

    in_log = True
    scalable = False

    @property
    def variables(self) -> tuple[str, ...]:
        """See Factor."""
        return (self.variable,)

    @property
    def parameters(self) -> tuple[str, ...]:
        """See Factor."""
        return (self.base,)

    def prepare(self, x: Variables) -> Array:
        """See Factor: the variable with its sign."""
        return self.sign * np.asarray(x[self.variable], float)

    def evaluate(self, theta: Values, prepared: Array, gradient: bool) -> tuple[Array, list[Array]]:
        """See Factor."""
        base = theta[self.base]
        return prepared * np.log(base), [prepared / base] if gradient else []

    def unit_log(self, theta: Values, unit: Mapping[str, float]) -> Array:
        """See Factor: the variable keeps its unit."""
        return np.zeros(())

    def needs_positive(self, parameters: Mapping[str, Parameter]) -> tuple[str, ...]:
        """See Factor."""
        return ()

    def latex(self) -> tuple[str, str]:
        """See Factor."""
        return _sides(self.sign, f"{latex_name(self.base)}^{{{latex_name(SYMBOLS[self.variable])}}}")

    def text(self) -> tuple[str, str]:
        """See Factor."""
        return _sides(self.sign, f"{self.base}^{SYMBOLS[self.variable]}")


def _sides(sign: int, formula: str) -> tuple[str, str]:
    return (formula, "") if sign > 0 else ("", formula)
