"""The D-CPT law (L3 of the paper): loss against model size, tokens and the share of the corpus whose loss it is.

One law per validation corpus. The token term weighs more where the share is large (d2L/dD dr < 0), the last term is
finite at share 0, and at a fixed share the law is Chinchilla's.
"""

from scaling.laws._dcpt import ETA, FLOOR, SHARE, SHARE_TERM, SIZE, SIZE_TERM, SOURCE, TOKENS
from scaling.laws.factors import Power
from scaling.laws.terms import Term, TermLaw

LAW = TermLaw(
    name="dcpt",
    title="D-CPT law (L3)",
    source=f"{SOURCE}, law L3",
    parameters=(FLOOR, *SIZE, *TOKENS, ETA, *SHARE),
    variables=("params", "tokens", "share"),
    floor="E",
    terms=(SIZE_TERM, Term("B", (Power("share", "eta"), Power("tokens", "beta", sign=-1))), SHARE_TERM),
)
