"""A fitted loss anywhere: size, tokens and ratio may differ from draw to draw."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from scaling.fitting import CorpusFit, Estimate, Fit
from scaling.fitting.intervals.interval import interval
from scaling.laws import get_law
from scaling.nearness import same
from scaling.planning.question import NotIdentified
from scaling.runs import share
from scaling.units import format_count

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Surface:
    """One corpus' loss for the fit and its draws, B = 1 + draws, the fit itself first. `base` is what a law of
    differences is added to, 0 for a law of losses, NaN where it is not known; nats per token."""

    fit: CorpusFit
    base: float = 0.0

    def losses(self, params: npt.ArrayLike, tokens: npt.ArrayLike, ratio: npt.ArrayLike) -> Array:
        """Losses (B, n), without `base`, at inputs that broadcast to (1, n) or (B, n)."""
        where = np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in (params, tokens, ratio)))
        x = self.fit.variables(where[0], where[1], share(self.fit.corpus, where[2]))
        thetas = np.concatenate([self.fit.theta[None, :], self.fit.draws])
        # A law may be infinite at share 0, which is an answer here: it is never the least loss.
        return np.asarray(get_law(self.fit.law).value(thetas, x))

    def at(self, params: float, tokens: float, ratio: float, level: float) -> Estimate[float]:
        """The loss, `base` added, at one place with its interval."""
        values = self.losses([[params]], [[tokens]], [[ratio]])[:, 0] + self.base
        return interval(values[0], values[1:], level)


def surface(fit: Fit, corpus: str, params: float) -> tuple[Surface, list[str]]:
    """The surface of one corpus (which the fit must have) at one model size, with a note where its level is not known.

    A law of differences is added to the base loss that the table measured at `params`.
    """
    one = fit.corpora[corpus]
    if get_law(one.law).target == "loss":
        return Surface(one), []
    known = [record["loss"] for record in fit.base.get(corpus, []) if same(record["params"], params)]
    if known:
        return Surface(one, known[0]), []
    size = format_count(params)
    note = f"the law {one.law} gives changes of the loss, and the table has no base {corpus} loss at {size} params"
    return Surface(one, math.nan), [f"{note}, so the {corpus} loss itself is unknown"]


def identified(fit: CorpusFit, free: Sequence[str], fixed: Mapping[str, float]) -> None:
    """Raise `NotIdentified` where the fit does not know the loss along the `free` variables ("params", "tokens",
    "ratio") with the others `fixed` at these values."""
    looks_at = {"ratio" if name == "share" else name for name in get_law(fit.law).variables}
    held = {"ratio" if name == "share" else name: only for name, only in fit.held.items()}
    for name in free:
        if name not in looks_at:
            raise NotIdentified(f"the law {fit.law} does not look at {_THE.get(name, name)}")
        if name in held:
            raise NotIdentified(f"{_only(name, held[name])}, so nothing is known at others")
    for name, value in fixed.items():
        if name in held:
            if not _equal(name, held[name], value):
                raise NotIdentified(f"{_only(name, held[name])}, so nothing is known at {_written(name, value)}")
        elif name not in looks_at and not _equal(name, *fit.ranges[name]) and (name != "ratio" or fit.ratios):
            which = _THE.get(name, name)
            raise NotIdentified(f"the law {fit.law} does not look at {which}, in which the probes differ")


_THE = {"ratio": "the ratio"}


def _equal(name: str, a: float, b: float) -> bool:
    return abs(a - b) <= 1e-3 if name == "ratio" else same(a, b)


def _only(name: str, value: float) -> str:
    if name == "ratio":
        return f"the table has only one ratio ({value:g})"
    return f"all probes have {format_count(value)} {name}"


def _written(name: str, value: float) -> str:
    return f"{value:g}" if name == "ratio" else format_count(value)
