"""L5 of the D-CPT paper: tokens of the other corpus count as sigma tokens of the own one.

    L = E + A/N^alpha + B / (r D + (1 - r) sigma D)^beta

The bracket is D times (r + (1 - r) sigma), so the token term is a power of tokens times a power of that blend, with one
exponent. The authors find that it fits worst.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scaling.arrays import Array
from scaling.laws._dcpt import FLOOR, SIZE, SIZE_TERM, SOURCE, TOKENS
from scaling.laws.base import Parameter, Variables
from scaling.laws.factors import SYMBOLS, Power, Values, latex_name
from scaling.laws.terms import Term, TermLaw


@dataclass(frozen=True)
class Blend:
    """(share + (1 - share) * weight) ** -exponent."""

    variable: str
    exponent: str
    weight: str

    in_log = True
    scalable = False

    @property
    def variables(self) -> tuple[str, ...]:
        """See Factor."""
        return (self.variable,)

    @property
    def parameters(self) -> tuple[str, ...]:
        """See Factor."""
        return (self.exponent, self.weight)

    def prepare(self, x: Variables) -> Array:
        """See Factor: the share."""
        return np.asarray(x[self.variable], float)

    def evaluate(self, theta: Values, prepared: Array, gradient: bool) -> tuple[Array, list[Array]]:
        """See Factor."""
        exponent, other = theta[self.exponent], 1.0 - prepared
        blend = prepared + other * theta[self.weight]
        logarithm = np.log(blend)
        return -exponent * logarithm, [-logarithm, -exponent * other / blend] if gradient else []

    def unit_log(self, theta: Values, unit: Mapping[str, float]) -> Array:
        """See Factor: a share keeps its unit."""
        return np.zeros(())

    def needs_positive(self, parameters: Mapping[str, Parameter]) -> tuple[str, ...]:
        """See Factor: the weight is above 0, so the blend is."""
        return ()

    def latex(self) -> tuple[str, str]:
        """See Factor."""
        share = SYMBOLS[self.variable]
        return "", f"({share} + (1 - {share}) {latex_name(self.weight)})^{{{latex_name(self.exponent)}}}"

    def text(self) -> tuple[str, str]:
        """See Factor."""
        share = SYMBOLS[self.variable]
        return "", f"({share} + (1 - {share}) * {self.weight})^{self.exponent}"


LAW = TermLaw(
    name="dcpt_l5",
    title="D-CPT law, form L5",
    source=f"{SOURCE}, law L5",
    parameters=(
        FLOOR,
        *SIZE,
        *TOKENS,
        Parameter(
            "sigma",
            1e-6,
            1e3,
            "1",
            "what a token of the other corpus is worth beside one of the own",
            "shift",
            (1e-3, 1.0),
            (1.0, 2.0),
        ),
    ),
    variables=("params", "tokens", "share"),
    floor="E",
    terms=(SIZE_TERM, Term("B", (Power("tokens", "beta", sign=-1), Blend("share", "beta", "sigma")))),
)
