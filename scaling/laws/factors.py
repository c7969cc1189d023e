"""Factors: what a term multiplies its coefficient with. A new kind of factor is one more class.

docs/add-a-law.md writes one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

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


class Factor(ABC):
    """One factor of a term.

    A new factor gives its variables, its parameters, its value with derivatives, and its formula as `latex` and
    `text`. The rest has defaults. In shapes, u is the number of combinations of the variables.

    in_log: True if `value` is the logarithm of the factor. Such factors of a term share one exponential, and are
    taken to be above zero everywhere. sign: -1 if the formula has the factor below the line. scalable: True if the
    solver may change the units of the variables; then `unit_log` and `shift_of` say what that does.
    """

    in_log: bool = False
    sign: int = 1
    scalable: bool = False

    @property
    @abstractmethod
    def variables(self) -> tuple[str, ...]:
        """The variables it depends on."""

    @property
    @abstractmethod
    def parameters(self) -> tuple[str, ...]:
        """The names of its parameters, in the order of its derivatives."""

    @abstractmethod
    def value(self, theta: Values, prepared: Array) -> Array:
        """The factor (..., u), or its logarithm with `in_log`.

        theta: name -> values (..., 1). prepared: what `prepare` gives, by default the variable (u,).
        """

    def derivatives(self, theta: Values, prepared: Array) -> list[Array]:
        """The derivative of `value` to each parameter, shaped (..., u), or (u,) where theta does not matter."""
        assert not self.parameters, f"{type(self).__name__} has parameters, so it needs derivatives"
        return []

    @abstractmethod
    def latex(self) -> str:
        """The factor in LaTeX, as it stands above or below the line."""

    @abstractmethod
    def text(self) -> str:
        """The same in plain arithmetic, with ^ for powers, `log` and `exp`."""

    def prepare(self, x: Variables) -> Array:
        """What depends on the variables alone, computed once per table.

        By default the variable (u,), or several as rows (k, u) in their order.
        """
        columns = [np.asarray(x[name], float) for name in self.variables]
        return columns[0] if len(columns) == 1 else np.stack(np.broadcast_arrays(*columns))

    def unit_log(self, theta: Values, unit: Mapping[str, float]) -> Array:
        """log of factor(x) / factor(x / unit): what the coefficient takes up if variables are measured in `unit`."""
        return np.zeros(())

    def shift_of(self, parameter: str) -> str | None:
        """The variable that a parameter is added to and shares its unit with, if there is one."""
        return None

    def needs_positive(self, parameters: Mapping[str, Parameter]) -> tuple[str, ...]:
        """The variables at whose zero the factor is infinite for some allowed parameters."""
        return ()


@dataclass(frozen=True)
class Power(Factor):
    """(variable + shift) ** (sign * exponent); shift is a parameter's name or None."""

    variable: str
    exponent: str
    sign: int = 1
    shift: str | None = None

    in_log = True
    scalable = True

    @property
    def variables(self) -> tuple[str, ...]:
        """The one variable."""
        return (self.variable,)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The exponent, and the shift if there is one."""
        return (self.exponent,) if self.shift is None else (self.exponent, self.shift)

    def prepare(self, x: Variables) -> Array:
        """log(variable) (u,), or the variable where a shift is still to be added."""
        variable = np.asarray(x[self.variable], float)
        if self.shift is not None:
            return variable
        with np.errstate(divide="ignore"):
            return np.asarray(np.maximum(np.log(variable), LOG_ZERO))

    def value(self, theta: Values, prepared: Array) -> Array:
        """sign * exponent * log(variable + shift)."""
        return self.sign * theta[self.exponent] * self._log_base(theta, prepared)

    def derivatives(self, theta: Values, prepared: Array) -> list[Array]:
        """To the exponent, and to the shift if there is one."""
        to_exponent = self.sign * self._log_base(theta, prepared)
        if self.shift is None:
            return [to_exponent]
        return [to_exponent, self.sign * theta[self.exponent] / (prepared + theta[self.shift])]

    def _log_base(self, theta: Values, prepared: Array) -> Array:
        return prepared if self.shift is None else np.log(prepared + theta[self.shift])

    def unit_log(self, theta: Values, unit: Mapping[str, float]) -> Array:
        """A power of the unit; a shift is measured in that unit too."""
        return np.asarray(self.sign * theta[self.exponent] * np.log(unit.get(self.variable, 1.0)))

    def shift_of(self, parameter: str) -> str | None:
        """The variable, for the shift."""
        return self.variable if parameter == self.shift else None

    def needs_positive(self, parameters: Mapping[str, Parameter]) -> tuple[str, ...]:
        """The variable, if its power may be negative and nothing is added to it."""
        limit = parameters[self.exponent]
        lowest = limit.lower if self.sign > 0 else -limit.upper
        return (self.variable,) if self.shift is None and lowest < 0 else ()

    def latex(self) -> str:
        """(D + m)^{beta}, say."""
        symbol, exponent = latex_name(SYMBOLS[self.variable]), latex_name(self.exponent)
        base = symbol if self.shift is None else f"({symbol} + {latex_name(self.shift)})"
        return f"{base}^{{{exponent}}}"

    def text(self) -> str:
        """(D + m)^beta, say."""
        symbol = SYMBOLS[self.variable]
        base = symbol if self.shift is None else f"({symbol} + {self.shift})"
        return f"{base}^{self.exponent}"


@dataclass(frozen=True)
class Exponential(Factor):
    """base ** (sign * variable); base is a positive parameter of kind "shift", so that it is solved for by its log."""

    variable: str
    base: str
    sign: int = 1

    in_log = True

    @property
    def variables(self) -> tuple[str, ...]:
        """The one variable."""
        return (self.variable,)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The base."""
        return (self.base,)

    def value(self, theta: Values, prepared: Array) -> Array:
        """sign * variable * log(base)."""
        return self.sign * prepared * np.log(theta[self.base])

    def derivatives(self, theta: Values, prepared: Array) -> list[Array]:
        """To the base."""
        return [self.sign * prepared / theta[self.base]]

    def latex(self) -> str:
        """b^{r}, say."""
        return f"{latex_name(self.base)}^{{{latex_name(SYMBOLS[self.variable])}}}"

    def text(self) -> str:
        """b^r, say."""
        return f"{self.base}^{SYMBOLS[self.variable]}"
