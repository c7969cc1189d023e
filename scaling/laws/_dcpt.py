"""What the laws of the D-CPT paper share: its parameters, of one meaning in all of them, and its terms.

Size and tokens are those of Chinchilla's law, to which D-CPT reduces at a fixed share. The paper prints no fitted values:
typical gamma, eps and eta, used only where a table identifies nothing, are judged from our fits to the paper's Table 5 and
to our own sweep (gamma 0.23 and 0.42 there, eps 0.002 and 0.03), with wide spreads.
"""

from scaling.laws.base import Parameter
from scaling.laws.chinchilla import SIZE as SIZE
from scaling.laws.chinchilla import SIZE_TERM as SIZE_TERM
from scaling.laws.chinchilla import TOKENS as TOKENS
from scaling.laws.factors import Power
from scaling.laws.terms import Term

SOURCE = "Que et al. 2024, D-CPT Law: Domain-specific Continual Pre-Training Scaling Law, arXiv 2406.01375"

FLOOR = Parameter("E", unit="nats/token", meaning="loss that neither size, tokens nor share remove")
# Not down to 0: at share 0 the token term is 0 for every eta > 0 but B / D^beta for eta = 0, and a fit cannot cross a
# jump.
ETA = Parameter(
    "eta",
    lower=1e-3,
    upper=10.0,
    unit="1",
    meaning="how the token term grows with the share",
    kind="exponent",
    start=(0.05, 2.0),
    typical=(0.5, 0.4),
)
SHARE = (
    Parameter("C", unit="nats/token", meaning="strength of the share term"),
    Parameter(
        "gamma",
        upper=10.0,
        unit="1",
        meaning="how fast the loss falls with the share",
        kind="exponent",
        start=(0.02, 1.0),
        typical=(0.15, 0.1),
    ),
    Parameter(
        "eps",
        lower=1e-6,
        upper=2.0,
        unit="1",
        meaning="share at which the share term levels off",
        kind="shift",
        start=(1e-3, 0.3),
        typical=(0.01, 1.5),
    ),
)

SHARE_TERM = Term("C", (Power("share", "gamma", sign=-1, shift="eps"),))
