"""Synthetic run tables in which forgetting depends on the model size, of three families, none of them a law of this project.

All have bases on a Chinchilla curve, which the replayed text follows further down (the gain), and a bump from warming the
learning rate up again, which rises and then decays to a level. What is forgotten is, by family:

- "replay": A D^b ((1 + B p) N)^-a with the replay share p, after arXiv 2502.06042.
- "bounded": C N^-k (1 - exp(-(D/D1)^q)) ((p + eps)^-gamma - (1 + eps)^-gamma), which levels off in tokens and in p.
- "shift": C N^-k (1 - (1 + E S)^-b) r^s with the sum S of learning rates and the domain share r, after arXiv 2505.07796;
  unlike the sweeps in data/, it is concave in r.

Runs are like those of our own sweeps: 3 sizes over a factor of 8, 7 ratios, 9 checkpoints, base losses at tokens 0, and
noise that is mostly common to a run. Bases saw equal tokens, or equal tokens a parameter. Parameters are drawn from
`Families`' ranges until the true critical ratio at 0.05 nats and 8 times the largest size is between 0.05 and 0.95.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import brentq

Array = np.ndarray
Forgetting = Callable[[Array, Array, Array], Array]  # (N over the middle size, D over the longest run, ratio) -> nats

SIZES = ((0.33e6, 0.80e6, 2.66e6), (1e8, 2.8e8, 8e8))
TOKENS = (262_144.0, 2e10)  # of a run, at either of these scales
RATIOS = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
TOLERANCE, FARTHER = 0.05, 8.0
COMMON, OWN = 0.006, 0.003  # nats, of a run and of a checkpoint; half of that on the domain loss
CHECKPOINTS = np.geomspace(1 / 32, 1.0, 9)


@dataclass(frozen=True)
class World:
    """The truth: `forgets` and what all families share. Sizes and tokens are counts, losses nats per token."""

    seed: int
    family: str
    sizes: tuple[float, ...]
    longest: float
    base: tuple[float, float, float, float, float]  # E, A, alpha, B, beta at the middle size and its base tokens
    bump: tuple[float, float, float]  # level, height, place of the top in tokens over the longest run
    middle_base_tokens: float
    per_param: bool  # bases saw equal tokens a parameter
    forgets: Forgetting

    @property
    def target(self) -> float:
        """The size that is asked for."""
        return FARTHER * self.sizes[-1]

    def base_tokens(self, params: float) -> float:
        """What the base of that size saw."""
        return self.middle_base_tokens * (params / self.sizes[1] if self.per_param else 1.0)

    def base_loss(self, params: float, more: Array | float = 0.0) -> Array:
        """General loss of the base, had it seen `more` tokens."""
        floor, size, alpha, data, beta = self.base
        seen = (self.base_tokens(params) + np.asarray(more)) / self.middle_base_tokens
        return floor + size * (params / self.sizes[1]) ** -alpha + data * seen**-beta

    def rise(self, params: float, tokens: Array | float, ratio: Array | float) -> Array:
        """The true rise of the general loss over the base loss."""
        level, height, top = self.bump
        done = np.asarray(tokens) / self.longest
        bump = level * done / (done + top) + height * (done / top) * np.exp(1 - done / top)
        gain = self.base_loss(params) - self.base_loss(params, tokens)
        return bump - gain + self.forgets(np.asarray(params / self.sizes[1]), done, np.asarray(ratio))

    def critical(self, params: float, tolerance: float = TOLERANCE) -> float:
        """The true critical ratio at the longest run; 0 where no ratio passes, 1 where all do."""
        over = [float(self.rise(params, self.longest, r)) - tolerance for r in (0.0, 1.0)]
        if over[0] > 0 or over[1] < 0:
            return float(over[1] < 0)
        return float(brentq(lambda r: float(self.rise(params, self.longest, r)) - tolerance, 0.0, 1.0))

    def train(self, params: float, ratio: float, seed: int = 0) -> pd.DataFrame:
        """The rows of one run, base losses first: always the same for the same run, another seed is other noise."""
        rng = np.random.default_rng([self.seed, round(params), round(1e6 * ratio), seed])
        tokens = np.append(0.0, CHECKPOINTS * self.longest)
        noise = np.array([[COMMON], [COMMON / 2]]) * rng.standard_normal((2, 1))
        noise = noise + np.array([[OWN], [OWN / 2]]) * rng.standard_normal((2, len(tokens)))
        noise[:, 0] = 0.0
        done = tokens / self.longest
        size = params / self.sizes[1]
        domain = 2.0 + 0.5 * size**-0.2 + 1.5 * (1 - 0.6 * (ratio + 0.01) ** 0.15 * done**0.2)
        frame = pd.DataFrame({"params": params, "tokens": tokens, "ratio": ratio})
        frame["general_loss"] = self.base_loss(params) + self.rise(params, tokens, ratio) + noise[0]
        frame["domain_loss"] = domain + noise[1]
        frame["base_tokens"] = self.base_tokens(params)
        return frame.assign(seed=seed, base=f"n{params:.3g}", run=f"n{params:.3g}-r{ratio:g}-s{seed}")

    def table(self, runs: Iterable[tuple[float, float, int]] | None = None) -> pd.DataFrame:
        """Runs (params, ratio, seed) as one table; by default the full grid."""
        asked = [(n, r, 0) for n in self.sizes for r in RATIOS] if runs is None else list(runs)
        return pd.concat([self.train(*one) for one in asked], ignore_index=True)


def world(seed: int) -> World:
    """The world of a seed."""
    rng = np.random.default_rng([seed, 1])
    while True:
        drawn = _draw(seed, rng)
        # At seed 0 of no run: the truth alone decides.
        if 0.05 <= drawn.critical(drawn.target) <= 0.95:
            return drawn


def _draw(seed: int, rng: np.random.Generator) -> World:
    family = str(rng.choice(list(FAMILIES)))
    scale = int(rng.integers(2))
    longest = TOKENS[scale]
    return World(
        seed,
        family,
        SIZES[scale],
        longest,
        (
            rng.uniform(1.0, 2.0),
            rng.uniform(0.3, 1.0),
            rng.uniform(0.1, 0.4),
            rng.uniform(0.4, 1.2),
            rng.uniform(0.1, 0.4),
        ),
        (rng.uniform(0.0, 0.05), rng.uniform(0.0, 0.06), rng.uniform(0.05, 0.4)),
        longest * _log_uniform(rng, 5.0, 50.0),
        bool(rng.integers(2)),
        FAMILIES[family](rng),
    )


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _replay(rng: np.random.Generator) -> Forgetting:
    most, weight = _log_uniform(rng, 0.1, 1.5), _log_uniform(rng, 10.0, 1e4)
    a, b = rng.uniform(0.05, 0.4), rng.uniform(0.1, 0.6)
    return lambda size, done, ratio: most * done**b * ((1 + weight * (1 - ratio)) * size) ** -a


def _bounded(rng: np.random.Generator) -> Forgetting:
    most, gamma, eps = _log_uniform(rng, 0.03, 0.3), rng.uniform(0.05, 0.6), _log_uniform(rng, 1e-3, 3e-2)
    k, soon, q = rng.uniform(0.0, 0.3), rng.uniform(0.1, 0.6), rng.uniform(0.5, 1.0)

    def forgets(size: Array, done: Array, ratio: Array) -> Array:
        thin = ((1 - ratio + eps) ** -gamma - (1 + eps) ** -gamma) / gamma
        return most * size**-k * (1 - np.exp(-((done / soon) ** q))) * thin

    return forgets


def _shift(rng: np.random.Generator) -> Forgetting:
    most, k, b = _log_uniform(rng, 0.1, 1.0), rng.uniform(0.0, 0.3), rng.uniform(0.2, 1.0)
    rates, s = _log_uniform(rng, 2.0, 50.0), rng.uniform(0.3, 1.0)
    return lambda size, done, ratio: most * size**-k * (1 - (1 + rates * done) ** -b) * ratio**s


FAMILIES: dict[str, Callable[[np.random.Generator], Forgetting]] = {
    "replay": _replay,
    "bounded": _bounded,
    "shift": _shift,
}
