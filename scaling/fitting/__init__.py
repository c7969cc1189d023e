"""Fitting laws to run tables: one batched solver, resampled intervals, and what a table does not identify."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scaling.fitting.base_losses import BaseLosses
from scaling.fitting.corpus_fit import CorpusFit
from scaling.fitting.fit import fit, provenance
from scaling.fitting.groups import fit_groups, fit_points
from scaling.fitting.intervals.interval import Estimate
from scaling.fitting.intervals.profile import Profile, profile
from scaling.fitting.result import Fit, Provenance

if TYPE_CHECKING:
    from pathlib import Path

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


def load_fit(path: str | Path) -> Fit:
    """Read a fit that `Fit.save` wrote. Raises InputError, naming the file, for anything else."""
    from scaling.fitting.saved import load_fit as load  # pydantic is slow to import and most callers do not need it

    return load(path)
