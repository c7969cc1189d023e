"""CMR's ratio law: loss of a corpus against its share, at one model size and one token count."""

import math

from scaling.laws.base import Parameter
from scaling.laws.factors import Power
from scaling.laws.terms import Term, TermLaw

LAW = TermLaw(
    name="cmr_ratio",
    title="CMR ratio law",
    source="Gu et al. 2024, CMR Scaling Law, arXiv 2407.17467, section 4: L(R) = a R^s + b at the last token count",
    parameters=(
        Parameter("a", lower=-math.inf, unit="nats/token", meaning="what the share changes"),
        Parameter(
            "s",
            lower=-3.0,
            upper=3.0,
            unit="1",
            meaning="how fast the loss falls with the share",
            kind="exponent",
            start=(-1.5, 1.5),
            typical=(-0.1, 0.3),
        ),
        Parameter("b", lower=-math.inf, unit="nats/token", meaning="what it does not change"),
    ),
    variables=("share",),
    floor="b",
    terms=(Term("a", (Power("share", "s"),)),),
)
