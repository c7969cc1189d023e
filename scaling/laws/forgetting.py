"""The forgetting law: how far the general loss has moved from the base loss, against size, tokens and replay.

    dL = h - g log(1 + D/D0) + C / N^kappa * D^delta * log((D + m) / (r D + m))

r is the share of general text (replay), D0 the tokens that the base itself saw. Three things happen at once: the warm-up of
the learning rate costs h; the replayed text goes on with the base's own training, which gains g an e-fold of it; and what is
not replayed is forgotten, in proportion to the log of how thinly replay is spread. Ours; derivation, limits, evidence and
failures are in docs/forgetting.md. What it builds on:

- At a fixed size and token count the general loss is close to linear in -log(r), in published sweeps from 1M to 1.8B
  parameters (D-CPT Table 5, arXiv 2406.01375, is one). With D + m over r D + m the log is 0 at tokens 0 and at pure replay,
  levels off at -log(r) once r D is well above m, and at no replay keeps growing as log(1 + D/m).
- g log(1 + D/D0) is Chinchilla's token term B/D^beta (arXiv 2203.15556) taken from D0 to D0 + D, for a small beta.

So the critical ratio has a closed form: r* D + m = (D + m) exp(-(tolerance - h + g log(1 + D/D0)) N^kappa / (C D^delta)).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from scaling.arrays import Array
from scaling.laws.base import Parameter
from scaling.laws.factors import Factor, Power, Values, latex_name
from scaling.laws.terms import Term, TermLaw


@dataclass(frozen=True)
class Progress(Factor):
    """-log(1 + progress), with progress the CPT tokens over those of the base's own training."""

    variables = ("progress",)
    parameters = ()

    def value(self, theta: Values, prepared: Array) -> Array:
        """(u,), the same for every theta."""
        return -np.log1p(prepared)

    def latex(self) -> str:
        """With D/D0 for the progress."""
        return r"(-\log(1 + D/D_{0}))"

    def text(self) -> str:
        """With D/D0 for the progress."""
        return "(-log(1 + D/D0))"


@dataclass(frozen=True)
class Thinning(Factor):
    """log((D + shift) / (r D + shift)): how thinly the replayed text is spread."""

    shift: str

    variables = ("share", "tokens")
    scalable = True  # the shift is measured in the unit of the tokens, so the factor has none

    @property
    def parameters(self) -> tuple[str, ...]:
        """The shift."""
        return (self.shift,)

    def value(self, theta: Values, prepared: Array) -> Array:
        """0 at no tokens and at pure replay."""
        above, below = self._sides(theta, prepared)
        return np.log(above / below)

    def derivatives(self, theta: Values, prepared: Array) -> list[Array]:
        """To the shift."""
        above, below = self._sides(theta, prepared)
        return [1.0 / above - 1.0 / below]

    def _sides(self, theta: Values, prepared: Array) -> tuple[Array, Array]:
        share, tokens = prepared
        return tokens + theta[self.shift], share * tokens + theta[self.shift]

    def shift_of(self, parameter: str) -> str | None:
        """The tokens, for the shift."""
        return "tokens" if parameter == self.shift else None

    def latex(self) -> str:
        """A fraction inside the log."""
        shift = latex_name(self.shift)
        return rf"\log\frac{{D + {shift}}}{{r D + {shift}}}"

    def text(self) -> str:
        """The same in one line."""
        return f"log((D + {self.shift}) / (r * D + {self.shift}))"


# Typical values are judged from our own sweeps, where kappa is 0.05 to 0.21, delta 0 to 0.10 and m 0.001 to 0.03 of the
# token count. Without any replay the loss rises by more than a nat, three times what it does at a tenth of replay: rows
# there tell m, and at full weight would bend everything else (docs/forgetting.md).
LAW = TermLaw(
    name="forgetting",
    title="Forgetting law",
    source="this project, docs/forgetting.md; after arXiv 2406.01375, 2407.17467 and 2203.15556",
    parameters=(
        Parameter("h", lower=-math.inf, unit="nats/token", meaning="change from warming the learning rate up again"),
        Parameter("g", unit="nats/token", meaning="gain from replay, per e-fold of base training"),
        Parameter("C", unit="nats/token * N^kappa / D^delta", meaning="forgetting per e-fold of thinner replay"),
        Parameter(
            "kappa",
            lower=-1.0,
            upper=3.0,
            unit="1",
            meaning="how fast forgetting falls with size",
            kind="exponent",
            start=(-0.2, 0.6),
            typical=(0.1, 0.2),
        ),
        Parameter(
            "delta",
            upper=2.0,
            unit="1",
            meaning="how forgetting grows with tokens",
            kind="exponent",
            start=(0.0, 0.5),
            typical=(0.1, 0.1),
        ),
        Parameter(
            "m",
            lower=1e-12,
            unit="tokens",
            meaning="how much replay domain text is worth",
            kind="shift",
            start=(1e-4, 0.1),
            typical=(0.01, 1.5),
        ),
    ),
    variables=("params", "tokens", "share", "progress"),
    target="delta",
    loss="huber",
    partner="dcpt",
    weight_at_none=0.1,
    floor="h",
    terms=(
        Term("g", (Progress(),)),
        Term("C", (Power("params", "kappa", sign=-1), Power("tokens", "delta"), Thinning("m"))),
    ),
    symbol="dL",
)
