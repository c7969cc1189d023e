"""The Chinchilla law: loss against model size and tokens, at one mixture ratio.

Typical exponents are the authors' (0.34 and 0.28), with a spread that holds other published fits.
"""

import math

from scaling.laws.base import Parameter
from scaling.laws.factors import Power
from scaling.laws.terms import Term, TermLaw

FLOOR = Parameter("E", 0.0, math.inf, "nats/token", "loss that neither size nor tokens remove")
SIZE = (
    Parameter("A", 0.0, math.inf, "nats/token * params^alpha", "strength of the size term"),
    Parameter("alpha", 0.0, 3.0, "1", "how fast size pays", "exponent", (0.05, 1.2), (0.34, 0.15)),
)
TOKENS = (
    Parameter("B", 0.0, math.inf, "nats/token * tokens^beta", "strength of the token term"),
    Parameter("beta", 0.0, 3.0, "1", "how fast tokens pay", "exponent", (0.05, 1.2), (0.28, 0.15)),
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
