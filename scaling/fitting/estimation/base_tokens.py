"""How many tokens the bases saw: what a run table says of it, and what is taken where it says nothing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from scaling.arrays import Array
from scaling.nearness import SAME

if TYPE_CHECKING:
    from scaling.runs import Runs

UNKNOWN = 1000.0  # times the CPT tokens: so many that progress is small and the same for every base


@dataclass(frozen=True)
class BaseTokens:
    """tokens (k,) that the base of each size in params (k,) saw, sizes rising. known: whether the table says so; where it
    does not they are UNKNOWN times its largest CPT token count."""

    params: tuple[float, ...]
    tokens: tuple[float, ...]
    known: bool

    @property
    def varies(self) -> bool:
        """Whether bases of different sizes saw different numbers of tokens."""
        return max(self.tokens) > (1 + SAME) * min(self.tokens)

    @cached_property
    def _power_law(self) -> tuple[float, float]:
        """Slope and level of log tokens over log size: a plan asks for them at each step of its search for a root."""
        slope, level = np.polyfit(np.log(self.params), np.log(self.tokens), 1)
        return float(slope), float(level)

    def at(self, params: npt.ArrayLike) -> Array:
        """The tokens of a base of that size, an array of its shape: those in the table at the sizes of the table, else from
        a power law in the size through them (bases of equal tokens and of equal tokens per parameter are both on one)."""
        sizes = np.asarray(params, float)
        x, y = np.log(self.params), np.log(self.tokens)
        if not self.varies:
            return np.full(sizes.shape, float(np.exp(y.mean())))
        slope, level = self._power_law
        carried = np.exp(level + slope * np.log(sizes))
        distance = np.abs(np.log(sizes)[..., None] - x)
        nearest = np.argmin(distance, axis=-1)
        own = np.take_along_axis(distance, nearest[..., None], axis=-1)[..., 0] <= np.log1p(SAME)
        return np.asarray(np.where(own, np.asarray(self.tokens)[nearest], carried))


def base_tokens(runs: Runs) -> BaseTokens:
    """What the column base_tokens says; the geometric mean where the bases of one size differ. A table in which it is
    missing or empty for a size says nothing."""
    frame = runs.frame
    trained = frame[frame["tokens"] > 0]
    sizes = np.unique(trained["params"])
    if "base_tokens" in frame:
        logged = frame[frame["base_tokens"] > 0]
        means = np.exp(np.log(logged["base_tokens"]).groupby(logged["params"]).mean()).reindex(sizes)
        if means.notna().all():
            return BaseTokens(tuple(map(float, sizes)), tuple(map(float, means)), True)
    many = UNKNOWN * float(trained["tokens"].max())
    return BaseTokens(tuple(map(float, sizes)), (many,) * len(sizes), False)


def progress_of(runs: Runs, params: Array, tokens: Array, logged: Array | None) -> Array:
    """CPT tokens over those of the base, (n,), row by row where the rows log them (n,)."""
    return progress_at(base_tokens(runs), params, tokens, logged)


def progress_at(typical: BaseTokens, params: Array, tokens: Array, logged: Array | None) -> Array:
    """The same where what the table says of its bases is known."""
    own = typical.at(params)
    if typical.known and logged is not None:
        own = np.where(logged > 0, logged, own)
    return np.asarray(tokens / own)
