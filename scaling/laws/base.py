"""What a law is: named parameters, required variables, a value and a gradient.

Most laws are a floor plus terms (`scaling.laws.terms.TermLaw`). A law outside that shape is a pure function with its
own gradient (`FunctionLaw`); the fitting engine sees both through the same few methods.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Literal

import numpy as np

from scaling.arrays import Array

Variables = Mapping[str, Array]
Kind = Literal["coefficient", "exponent", "shift", "other"]


@dataclass(frozen=True)
class Parameter:
    """One parameter of a law, in natural units. All but its name is given by keyword.

    kind: a "coefficient" is one in which the law is linear (or nearly); a "shift" is positive and solved for by its
    log, which suits bases of exponentials and relative weights as well. A shift of a variable that has a unit (tokens)
    has its start range and typical value in shares of that variable's geometric mean over the table.
    lower, upper: bounds of the fit, by default 0 and infinity; a parameter that may be negative says so by `lower`.
    start: the range that starting points are spread over (only for parameters in which the law is not linear).
    typical: (centre, standard deviation; of its log for a shift) of where it usually lies, by what the law's file says;
    used only where a table cannot identify the parameter, and said so in the fit.
    """

    name: str
    _: KW_ONLY
    unit: str
    meaning: str
    lower: float = 0.0
    upper: float = math.inf
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

    @property
    def neutral(self) -> float:
        """What stands in the parameter's place where its term is not fitted and it does nothing."""
        return (self.typical or (1.0, 0.0))[0] if self.kind == "shift" else 0.0


@dataclass(frozen=True)
class Law(ABC):
    """A parametric loss function with a source.

    target: what the law gives: a "loss", a "delta" (loss minus base loss) or a "ratio". Deltas and ratios may be
    negative or tiny, so they are fitted on plain residuals, losses on log residuals. loss: what a fit minimises of them
    unless asked otherwise. partner: for a law of the general loss alone, the law that a fit takes for the domain loss.
    follows_rise: whether it can follow a loss that first rises and then falls. weight_at_none: the weight in a fit of rows
    that have none of the corpus, where a law describes them less well than the others. floor: the parameter that the law
    tends to as everything else vanishes, if there is one.
    """

    name: str
    title: str
    source: str
    parameters: tuple[Parameter, ...]
    variables: tuple[str, ...]
    target: Literal["loss", "delta", "ratio"] = "loss"
    loss: Literal["huber", "squared"] = "huber"
    partner: str | None = None
    follows_rise: bool = False
    weight_at_none: float = 1.0
    floor: str | None = None

    def __str__(self) -> str:
        return self.name

    @property
    def names(self) -> tuple[str, ...]:
        """Parameter names in declared order."""
        return tuple(p.name for p in self.parameters)

    def parameter(self, name: str) -> Parameter:
        """The parameter of that name."""
        return self.parameters[self.names.index(name)]

    def value(self, theta: Array, x: Variables) -> Array:
        """The law at theta (..., p), natural units, and x, a dict of arrays that broadcast to (n,): an array (...,
        n). It may be infinite at a share of 0, which is an answer and no fault, so numpy does not warn of it."""
        with np.errstate(over="ignore", divide="ignore"):
            return self._value(np.asarray(theta, float), x)

    def needs_positive(self) -> tuple[str, ...]:
        """The variables that must be above zero in every row; by default none."""
        return ()

    def canonical(self, theta: Array) -> Array:
        """theta (..., p) with interchangeable parameters in a fixed order; by default there are none."""
        return theta

    @abstractmethod
    def _value(self, theta: Array, x: Variables) -> Array:
        """What `value` gives."""

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
    parameters' `start` ranges, so every parameter needs one. What the engine cannot see in a function is declared:

    units: coefficient -> (variable, exponent) where the formula has coefficient / variable^exponent; those variables
    are rescaled inside the solver, to order one, and the coefficient's start range is for that scale. Variables not
    named there keep their unit. linear: the coefficients in which the law is linear, solved for at every start.
    absent: variable -> the parameters that do nothing at their neutral value and are left out where a table has one
    value of that variable only. shapes: variable -> the exponents and shifts that its values tell, in the order in which
    few values tell them.
    """

    function: Function | None = None
    derivative: Function | None = None
    formula_latex: str = ""
    formula_text: str = ""
    units: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    linear: tuple[str, ...] = ()
    absent: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    shapes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert self.function is not None, self.name
        assert self.derivative is not None, self.name
        assert all(p.start is not None for p in self.parameters), self.name

    def _value(self, theta: Array, x: Variables) -> Array:
        """See Law._value."""
        assert self.function is not None
        return self.function(theta, x)

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

    def without(self, names: Collection[str]) -> FunctionLaw:
        """The law with those parameters fixed at their neutral values."""
        if not names:
            return self
        whole, kept = self, np.array([j for j, n in enumerate(self.names) if n not in names])
        neutral = np.array([p.neutral for p in self.parameters])

        def full(theta: Array) -> Array:
            out = np.broadcast_to(neutral, (*theta.shape[:-1], len(neutral))).copy()
            out[..., kept] = theta
            return out

        return replace(
            self,
            parameters=tuple(self.parameters[j] for j in kept),
            function=lambda theta, x: whole.value(full(theta), x),
            derivative=lambda theta, x: whole.gradient(full(theta), x)[..., kept, :],
            floor=None if self.floor in names else self.floor,
            units={c: u for c, u in self.units.items() if c not in names},
            linear=tuple(n for n in self.linear if n not in names),
            shapes={v: tuple(n for n in own if n not in names) for v, own in self.shapes.items()},
        )
