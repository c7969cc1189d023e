"""L1 of the D-CPT paper: size, tokens and share each on their own.

Tokens help as much at a small share as at a large one, which the authors count against it (no implicit trend).
"""

from scaling.laws._dcpt import FLOOR, SHARE, SHARE_TERM, SIZE, SIZE_TERM, SOURCE, TOKENS
from scaling.laws.factors import Power
from scaling.laws.terms import Term, TermLaw

LAW = TermLaw(
    name="dcpt_l1",
    title="D-CPT law, form L1",
    source=f"{SOURCE}, law L1",
    parameters=(FLOOR, *SIZE, *TOKENS, *SHARE),
    variables=("params", "tokens", "share"),
    floor="E",
    terms=(SIZE_TERM, Term("B", (Power("tokens", "beta", sign=-1),)), SHARE_TERM),
)
