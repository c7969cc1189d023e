"""L4 of the D-CPT paper: the share enters through exponentials.

Finite at share 0 without a shift. The authors count against it that its trends are not the expected ones everywhere.
"""

from scaling.laws._dcpt import FLOOR, SIZE, SIZE_TERM, SOURCE, TOKENS
from scaling.laws.base import Parameter
from scaling.laws.factors import Exponential, Power
from scaling.laws.terms import Term, TermLaw

LAW = TermLaw(
    name="dcpt_l4",
    title="D-CPT law, form L4",
    source=f"{SOURCE}, law L4",
    parameters=(
        FLOOR,
        *SIZE,
        *TOKENS,
        Parameter(
            "b",
            lower=1e-4,
            upper=1e4,
            unit="1",
            meaning="how the token term grows from share 0 to share 1",
            kind="shift",
            start=(0.1, 10.0),
            typical=(1.0, 1.0),
        ),
        Parameter("C", unit="nats/token", meaning="strength of the share term, which is its value at share 0"),
        Parameter(
            "c",
            lower=1e-4,
            upper=1e6,
            unit="1",
            meaning="by what factor share 1 lowers the share term",
            kind="shift",
            start=(1.1, 100.0),
            typical=(3.0, 1.5),
        ),
    ),
    variables=("params", "tokens", "share"),
    floor="E",
    terms=(
        SIZE_TERM,
        Term("B", (Exponential("share", "b"), Power("tokens", "beta", sign=-1))),
        Term("C", (Exponential("share", "c", sign=-1),)),
    ),
)
