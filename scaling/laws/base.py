"""What a law is: named parameters, required variables, a value and a gradient.

Most laws are a floor plus terms (`scaling.laws.terms.TermLaw`). A law outside that shape is a pure function with its
own gradient (`FunctionLaw`); the fitting engine sees both through the same few methods.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Index = NDArray[np.intp]
Variables = Mapping[str, Array]
Kind = Literal["coefficient", "exponent", "shift", "other"]

VARIABLES = ("params", "tokens", "share")


@dataclass(frozen=True)
class Parameter:
    """One parameter of a law, in natural units.

    lower, upper: bounds of the fit. start: the range that starting points are spread over (only for parameters in which
    the law is not linear). typical: (centre, standard deviation) of what is published for it; used only where a table
    cannot identify the parameter, and said so in the fit.
    """

    name: str
    lower: float
    upper: float
    unit: str
    meaning: str
    kind: Kind = "coefficient"
    start: tuple[float, float] | None = None
    typical: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        assert self.lower < self.upper, self.name
        assert self.kind == "coefficient" or self.start is not None, self.name

    @property
    def signed(self) -> bool:
        """True if the parameter may be negative."""
        return self.lower < 0


@dataclass(frozen=True)
class Law(ABC):
    """A parametric loss function with a source.

    target: what the law gives: a "loss", a "delta" (loss minus base loss) or a "ratio". Deltas and ratios may be
    negative or tiny, so they are fitted on plain residuals, losses on log residuals.
    """

    name: str
    title: str
    source: str
    parameters: tuple[Parameter, ...]
    variables: tuple[str, ...]
    target: Literal["loss", "delta", "ratio"] = "loss"

    @property
    def names(self) -> tuple[str, ...]:
        """Parameter names in declared order."""
        return tuple(p.name for p in self.parameters)

    def parameter(self, name: str) -> Parameter:
        """The parameter of that name."""
        return self.parameters[self.names.index(name)]

    @abstractmethod
    def value(self, theta: Array, x: Variables) -> Array:
        """The law at theta (..., p), natural units, and x, a dict of arrays that broadcast to (n,): an array (...,
        n)."""

    @abstractmethod
    def gradient(self, theta: Array, x: Variables) -> Array:
        """Derivatives of value to the parameters: an array (..., p, n)."""

    @abstractmethod
    def latex(self) -> str:
        """The formula in LaTeX, without dollar signs."""

    @abstractmethod
    def text(self) -> str:
        """The formula in plain text."""


Function = Callable[[Array, Variables], Array]


@dataclass(frozen=True)
class FunctionLaw(Law):
    """A law outside the common shape: two pure functions and its formula written out.

    function(theta (..., p), x (n,)) -> (..., n); derivative -> (..., p, n). Starting points are spread over the
    parameters' `start` ranges, so every parameter needs one. Units are the user's: such a law is not rescaled inside
    the solver.
    """

    function: Function | None = None
    derivative: Function | None = None
    formula_latex: str = ""
    formula_text: str = ""

    def __post_init__(self) -> None:
        assert self.function is not None, self.name
        assert self.derivative is not None, self.name
        assert all(p.start is not None for p in self.parameters), self.name

    def value(self, theta: Array, x: Variables) -> Array:
        """See Law.value."""
        assert self.function is not None
        return self.function(np.asarray(theta, float), x)

    def gradient(self, theta: Array, x: Variables) -> Array:
        """See Law.gradient."""
        assert self.derivative is not None
        return self.derivative(np.asarray(theta, float), x)

    def latex(self) -> str:
        """See Law.latex."""
        return self.formula_latex

    def text(self) -> str:
        """See Law.text."""
        return self.formula_text
