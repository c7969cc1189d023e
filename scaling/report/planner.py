"""What the page's own planner computes with: the fit, its draws, and the noise that a plan adds to them, as plain data."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from scaling.fitting import CorpusFit, Fit
from scaling.fitting.intervals.interval import scattered
from scaling.laws import Law
from scaling.planning.base_loss import by_size_term
from scaling.planning.rise import GRID, MISS_SEED
from scaling.report.formula import javascript
from scaling.units import finite_or_none


def planner_data(fit: Fit, level: float) -> dict[str, Any]:
    """The data of assets/planner.js for a fit with a general corpus; numbers that are not finite are None."""
    assert fit.general is not None
    bases = fit.base_losses("general")
    additive = by_size_term(fit.general)
    count = 1 + len(fit.general.draws)
    # A size term has one number to find in the base losses, its offset; a power law has two.
    freedom = len(bases.params) - (1 if additive else 2)
    return {
        "level": level,
        "general": _corpus(fit.general),
        "domain": None if fit.domain is None else _corpus(fit.domain),
        "bases": [{"params": size, "loss": loss} for size, loss in zip(bases.params, bases.losses, strict=True)],
        "additive": additive,
        "noise": {
            "base": _plain(scattered(count, 1.0, freedom)),
            "miss": _plain(scattered(count, 1.0, seed=MISS_SEED)),
        },
        "grid": _plain(GRID),
        "warnings": list(fit.warnings),
    }


def law_functions(fit: Fit) -> dict[str, str]:
    """JavaScript of the laws that the fit's corpora have, by name."""
    return {one.law.name: javascript(one.law) for one in fit.corpora.values()}


def _corpus(one: CorpusFit) -> dict[str, Any]:
    law = one.law
    return {
        "law": one.law.name,
        "corpus": one.corpus,
        "differences": law.target == "delta",
        "variables": list(law.variables),
        "usesBase": one.looks_at_base,
        "theta": _plain(one.theta),
        "draws": [_plain(row) for row in one.draws],
        "ranges": {name: list(limits) for name, limits in one.ranges.items()},
        "ratios": list(one.ratios),
        "misses": _plain(np.array(one.misses)),
        "held": dict(one.held),
        "elsewhere": {name: float(value) for name, value in one.other_values().items()},
        "baseTokens": _base_tokens(one, law),
        "residualSd": finite_or_none(one.residual_sd),
        "status": one.status,
        "warnings": list(one.warnings),
    }


def _base_tokens(one: CorpusFit, law: Law) -> dict[str, Any] | None:
    seen = one.base_tokens
    if seen is None:
        assert "progress" not in law.variables, law.name
        return None
    return {"params": list(seen.params), "tokens": list(seen.tokens), "known": seen.known, "varies": seen.varies}


def _plain(values: NDArray[np.float64]) -> list[float | None]:
    return [finite_or_none(value) for value in values]
