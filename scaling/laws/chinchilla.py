"""The Chinchilla law: loss against model size and tokens, at one mixture ratio.

Typical exponents are the authors' (0.34 and 0.28), with a spread that holds other published fits.
"""

from scaling.laws.base import Parameter
from scaling.laws.factors import Power
from scaling.laws.terms import Term, TermLaw

FLOOR = Parameter("E", unit="nats/token", meaning="loss that neither size nor tokens remove")
SIZE = (
    Parameter("A", unit="nats/token * params^alpha", meaning="strength of the size term"),
    Parameter(
        "alpha",
        upper=3.0,
        unit="1",
        meaning="how fast the loss falls with size",
        kind="exponent",
        start=(0.05, 1.2),
        typical=(0.34, 0.15),
    ),
)
TOKENS = (
    Parameter("B", unit="nats/token * tokens^beta", meaning="strength of the token term"),
    Parameter(
        "beta",
        upper=3.0,
        unit="1",
        meaning="how fast the effect of tokens levels off",
        kind="exponent",
        start=(0.05, 1.2),
        typical=(0.28, 0.15),
    ),
)
SIZE_TERM = Term("A", (Power("params", "alpha", sign=-1),))

LAW = TermLaw(
    name="chinchilla",
    title="Chinchilla law",
    source="Hoffmann et al. 2022, Training Compute-Optimal Large Language Models, arXiv 2203.15556, equation 2",
    parameters=(FLOOR, *SIZE, *TOKENS),
    variables=("params", "tokens"),
    floor="E",
    terms=(SIZE_TERM, Term("B", (Power("tokens", "beta", sign=-1),))),
)
