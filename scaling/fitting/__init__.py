"""Fitting laws to run tables: one batched solver, resampled intervals, and what a table does not identify.

Names are loaded when first used: a plan of a saved fit needs no pandas.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scaling.fitting.base_losses import BaseLosses
    from scaling.fitting.corpus_fit import CorpusFit
    from scaling.fitting.fit_runs import fit, provenance
    from scaling.fitting.groups import fit_groups, fit_points
    from scaling.fitting.intervals.interval import Estimate
    from scaling.fitting.intervals.profile import Profile, profile
    from scaling.fitting.result import Fit, Provenance
    from scaling.fitting.saved import load_fit

_WHERE = {
    "base_losses": ("BaseLosses",),
    "corpus_fit": ("CorpusFit",),
    "fit_runs": ("fit", "provenance"),
    "groups": ("fit_groups", "fit_points"),
    "intervals.interval": ("Estimate",),
    "intervals.profile": ("Profile", "profile"),
    "result": ("Fit", "Provenance"),
    "saved": ("load_fit",),
}
_PUBLIC = {name: module for module, names in _WHERE.items() for name in names}

__all__ = [
    "BaseLosses",
    "CorpusFit",
    "Estimate",
    "Fit",
    "Profile",
    "Provenance",
    "fit",
    "fit_groups",
    "fit_points",
    "load_fit",
    "profile",
    "provenance",
]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_PUBLIC[name]}"), name)
    globals()[name] = value
    return value
