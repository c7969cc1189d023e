"""The Cross-Domain D-CPT law: several domains share one D-CPT law and are told apart by how well each can be learned.

    L = E + A/N^alpha + B r^eta/D^beta + C/(r + eps)^gamma + F/K^mu

K is read off a short run on the domain: k1 is the domain loss before training, k2 how far it falls over the first
evaluations (`scaling.fitting.estimation.learnability` computes both from a run table). Three forms of the paper, one law each:

    K1 = w1/k1        K2 = w2 k2        K3 = w1/k1 + w2 k2, the one the authors chose

A common factor of the w cannot be told from F: F/(w1 K')^mu is (F/w1^mu)/K'^mu. So w1 (w2 in K2) is 1 here, and K3 has
w = w2/w1. A table of one domain identifies nothing of the last term, which then joins E.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scaling.arrays import Array
from scaling.laws._dcpt import ETA, FLOOR, SHARE, SHARE_TERM, SIZE, SIZE_TERM, SOURCE, TOKENS
from scaling.laws.base import Parameter
from scaling.laws.factors import Factor, Power, Values, latex_name
from scaling.laws.terms import Term, TermLaw


@dataclass(frozen=True)
class Learnability(Factor):
    """(1/k1 + weight * k2) ** -exponent."""

    exponent: str
    weight: str

    variables = ("k1", "k2")
    in_log = True
    sign = -1

    @property
    def parameters(self) -> tuple[str, ...]:
        """The exponent and the weight."""
        return (self.exponent, self.weight)

    def value(self, theta: Values, prepared: Array) -> Array:
        """-exponent * log(1/k1 + weight * k2)."""
        return -theta[self.exponent] * np.log(self._learnability(theta, prepared))

    def derivatives(self, theta: Values, prepared: Array) -> list[Array]:
        """To the exponent and to the weight."""
        learnability = self._learnability(theta, prepared)
        return [-np.log(learnability), -theta[self.exponent] * prepared[1] / learnability]

    def _learnability(self, theta: Values, prepared: Array) -> Array:
        start, fall = prepared
        return np.asarray(1.0 / start + theta[self.weight] * fall)

    def latex(self) -> str:
        """As K3 is defined."""
        return f"(1/k_{{1}} + {latex_name(self.weight)} k_{{2}})^{{{latex_name(self.exponent)}}}"

    def text(self) -> str:
        """As K3 is defined."""
        return f"(1/k1 + {self.weight} * k2)^{self.exponent}"


_WEIGHT = Parameter(
    "w",
    lower=1e-6,
    upper=1e6,
    unit="1/nats^2",
    meaning="weight of the first fall beside the start loss",
    kind="shift",
    start=(0.01, 10.0),
    typical=(0.2, 2.0),
)


def _law(form: str, formula: str, factor: Factor, *more: Parameter) -> TermLaw:
    return TermLaw(
        name=f"dcpt_cross_{form.lower()}",
        title=f"Cross-Domain D-CPT law, learnability {form}",
        source=f"{SOURCE}, Cross-Domain D-CPT Law with {formula}",
        parameters=(
            FLOOR,
            *SIZE,
            *TOKENS,
            ETA,
            *SHARE,
            Parameter("F", unit="nats/token, w1 = 1", meaning="strength of the learnability term"),
            Parameter(
                "mu",
                upper=10.0,
                unit="1",
                meaning="how fast the term falls with learnability",
                kind="exponent",
                start=(0.1, 3.0),
                typical=(1.0, 0.7),
            ),
            *more,
        ),
        variables=("params", "tokens", "share", *factor.variables),
        floor="E",
        terms=(
            SIZE_TERM,
            Term("B", (Power("share", "eta"), Power("tokens", "beta", sign=-1))),
            SHARE_TERM,
            Term("F", (factor,)),
        ),
    )


LAWS = (
    _law("K1", "K1 = w1/k1", Power("k1", "mu")),
    _law("K2", "K2 = w2 k2", Power("k2", "mu", sign=-1)),
    _law("K3", "K3 = w1/k1 + w2 k2", Learnability("mu", "w"), _WEIGHT),
)
