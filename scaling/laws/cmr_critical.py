"""CMR's critical-ratio law: the critical mixture ratio against tokens, at one model size."""

import math

from scaling.laws.base import Parameter
from scaling.laws.factors import Power
from scaling.laws.terms import Term, TermLaw

LAW = TermLaw(
    name="cmr_critical",
    title="CMR critical-ratio law",
    source="Gu et al. 2024, CMR Scaling Law, arXiv 2407.17467, section 5 and table 5: R(T) = a4 T^s4 + b3",
    parameters=(
        Parameter("a4", lower=-math.inf, unit="tokens^-s4", meaning="what tokens change"),
        Parameter(
            "s4",
            lower=-3.0,
            upper=3.0,
            unit="1",
            meaning="how fast the effect of tokens levels off",
            kind="exponent",
            start=(-1.5, 1.5),
            typical=(0.0, 0.4),
        ),
        Parameter("b3", lower=-math.inf, unit="1", meaning="ratio that tokens do not change"),
    ),
    variables=("tokens",),
    target="ratio",
    loss="squared",
    floor="b3",
    terms=(Term("a4", (Power("tokens", "s4"),)),),
    symbol="R",
)
