"""L5 of the D-CPT paper: tokens of the other corpus count as sigma tokens of the own one.

    L = E + A/N^alpha + B / (r D + (1 - r) sigma D)^beta

The bracket is D times (r + (1 - r) sigma), so the token term is a power of tokens times a power of that blend, with one
exponent. The authors find that it fits worst.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scaling.arrays import Array
from scaling.laws._dcpt import FLOOR, SIZE, SIZE_TERM, SOURCE, TOKENS
from scaling.laws.base import Parameter
from scaling.laws.factors import SYMBOLS, Factor, Power, Values, latex_name
from scaling.laws.terms import Term, TermLaw


@dataclass(frozen=True)
class Blend(Factor):
    """(share + (1 - share) * weight) ** -exponent."""

    variable: str
    exponent: str
    weight: str

    in_log = True
    sign = -1

    @property
    def variables(self) -> tuple[str, ...]:
        """The share."""
        return (self.variable,)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The exponent and the weight."""
        return (self.exponent, self.weight)

    def value(self, theta: Values, prepared: Array) -> Array:
        """-exponent * log(share + (1 - share) * weight)."""
        return -theta[self.exponent] * np.log(self._blend(theta, prepared))

    def derivatives(self, theta: Values, prepared: Array) -> list[Array]:
        """To the exponent and to the weight."""
        blend = self._blend(theta, prepared)
        return [-np.log(blend), -theta[self.exponent] * (1.0 - prepared) / blend]

    def _blend(self, theta: Values, prepared: Array) -> Array:
        return prepared + (1.0 - prepared) * theta[self.weight]

    def latex(self) -> str:
        """As the sum that the bracket holds."""
        share = SYMBOLS[self.variable]
        return f"({share} + (1 - {share}) {latex_name(self.weight)})^{{{latex_name(self.exponent)}}}"

    def text(self) -> str:
        """As the sum that the bracket holds."""
        share = SYMBOLS[self.variable]
        return f"({share} + (1 - {share}) * {self.weight})^{self.exponent}"


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
            lower=1e-6,
            upper=1e3,
            unit="1",
            meaning="worth of a token of the other corpus, relative to one of this corpus",
            kind="shift",
            start=(1e-3, 1.0),
            typical=(1.0, 2.0),
        ),
    ),
    variables=("params", "tokens", "share"),
    floor="E",
    terms=(SIZE_TERM, Term("B", (Power("tokens", "beta", sign=-1), Blend("share", "beta", "sigma")))),
)
