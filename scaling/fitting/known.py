"""Where a fit can answer: the one refusal of predictions and plans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from scaling.nearness import same
from scaling.notes import Note, note

if TYPE_CHECKING:
    from scaling.fitting.corpus_fit import CorpusFit

_RATIO = 1e-3  # ratios that differ by less are one


def unknown(fit: CorpusFit, free: Sequence[str] = (), **at: npt.ArrayLike) -> Note | None:
    """Why the fit does not know the loss along the `free` variables ("params", "tokens", "ratio") with the others at
    these values; None where it does.

    A variable of which the table has one value only is known there alone. A law that does not look at a variable is no
    answer where the probes differ in it.
    """
    looks_at = {"ratio" if name == "share" else name for name in fit.law.variables}
    held = _held(fit)
    for name in free:
        if name not in looks_at:
            return note("law_blind_to", law=fit.law.name, name=_the(name))
        if name in held:
            return _only(name, held[name], None)
    for name, value in at.items():
        if name not in looks_at and not _all_same(name, *fit.ranges[name]) and (name != "ratio" or fit.ratios):
            return note("law_blind", law=fit.law.name, name=_the(name))
        if why := elsewhere(fit, **{name: value}):
            return why
    return None


def elsewhere(fit: CorpusFit, **at: npt.ArrayLike) -> Note | None:
    """Why a place is not known: the table has one value only of a variable, and this is another; None where it is."""
    held = _held(fit)
    for name, values in at.items():
        if name in held:
            away = [value for value in np.ravel(np.asarray(values, float)) if not _all_same(name, held[name], value)]
            if away:
                return _only(name, held[name], float(away[0]))
    return None


def _held(fit: CorpusFit) -> dict[str, float]:
    return {"ratio" if name == "share" else name: only for name, only in fit.held.items()}


def _all_same(name: str, a: float, b: float) -> bool:
    return abs(a - b) <= _RATIO if name == "ratio" else same(a, b)


def _the(name: str) -> str:
    return "the ratio" if name == "ratio" else name


def _only(name: str, only: float, asked: float | None) -> Note:
    if name == "ratio":
        return note("one_ratio", only=only) if asked is None else note("one_ratio_here", only=only, asked=asked)
    if asked is None:
        return note("one_value_only", only=only, name=name)
    return note("one_value", only=only, name=name, asked=asked)
