"""Fits made by hand, so that planning is tested on known parameters and not on the fitting engine."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from scaling.fitting import BaseLosses, CorpusFit, Fit, Provenance
from scaling.fitting.estimation.base_tokens import BaseTokens
from scaling.laws import get_law

# E, A, alpha, B, beta, eta, C, gamma, eps: the token term is off, so that roots have a closed form.
THETA = np.array([1.9, 50.0, 0.3, 0.0, 0.3, 0.5, 0.25, 0.15, 0.02])
SIZES = (1e8, 3e8, 1e9)
FORGETTING = np.array([0.02, 0.1, 0.05, 0.05, 0.1, 1e7])  # h, g, C, kappa, delta, m
PER_PARAM = 20.0  # tokens a parameter of the bases
RANGES = {"params": (1e8, 1e9), "tokens": (1e8, 3.2e9), "ratio": (0.0, 1.0)}


def corpus_fit(
    theta: np.ndarray, draws: np.ndarray | None = None, corpus: str = "general", **changes: Any
) -> CorpusFit:
    """A D-CPT corpus fit with these parameters; without draws, three that equal the fit."""
    values: dict[str, Any] = {
        "law": get_law("dcpt"),
        "corpus": corpus,
        "parameters": {},
        "theta": np.asarray(theta, float),
        "draws": np.tile(theta, (3, 1)) if draws is None else np.asarray(draws, float),
        "dropped": {},
        "held": {},
        "ranges": RANGES,
        "rows": 100,
        "runs": 21,
        "huber": 0.0,
        "r2": 1.0,
        "mape": 0.0,
        "residual_sd": 1e-4,
        "level": 0.9,
    }
    if isinstance(changes.get("law"), str):
        changes["law"] = get_law(changes["law"])
    return CorpusFit(**{**values, **changes})


@pytest.fixture
def size_term() -> Callable[[float], float]:
    """A / N^alpha of THETA."""
    return lambda params: float(THETA[1] / params ** THETA[2])


@pytest.fixture
def make_fit() -> Callable[..., Fit]:
    """A fit of both corpora; `base` is the general base loss less the size term, one for all sizes or one a size."""

    def make(
        theta: np.ndarray = THETA, draws: np.ndarray | None = None, base: Any = 2.2, sizes: Any = SIZES, **changes: Any
    ) -> Fit:
        offsets = np.broadcast_to(base, len(sizes))
        records = [
            {"params": n, "loss": float(o + THETA[1] / n ** THETA[2]), "se": float("nan")}
            for n, o in zip(sizes, offsets, strict=True)
        ]
        domain = corpus_fit(np.array([1.2, 40.0, 0.3, 0.0, 0.3, 0.5, 0.3, 0.2, 0.02]), corpus="domain")
        general = corpus_fit(theta, draws, **changes)
        bases = {"general": BaseLosses.of(records)}
        return Fit(get_law("dcpt"), general, domain, bases, 0.0, 0.9, Provenance("made by hand", 100, "", ""))

    return make


@pytest.fixture
def make_forgetting(make_fit: Callable[..., Fit]) -> Callable[..., Fit]:
    """As `make_fit`, the general loss by the forgetting law; known: whether the table has the column base_tokens."""

    def make(
        theta: np.ndarray = FORGETTING, draws: np.ndarray | None = None, known: bool = True, **changes: Any
    ) -> Fit:
        seen = BaseTokens(SIZES, tuple(PER_PARAM * n for n in SIZES), known)
        return replace(make_fit(theta, draws, law="forgetting", base_tokens=seen, **changes), law=get_law("forgetting"))

    return make


@pytest.fixture
def forgetting_root() -> Callable[..., float]:
    """The critical ratio of `make_forgetting` in closed form."""

    def closed(params: float, tokens: float, tolerance: float, seen: float | None = None) -> float:
        h, g, c, kappa, delta, m = FORGETTING
        gain = g * np.log1p(tokens / (PER_PARAM * params if seen is None else seen))
        folds = (tolerance - h + gain) * params**kappa / (c * tokens**delta)
        return float(1 - ((tokens + m) * np.exp(-folds) - m) / tokens)

    return closed


@pytest.fixture
def world() -> Callable[..., pd.DataFrame]:
    """A table whose forgetting depends on size: the general loss is linear in -log of the replay share.

    The level rises, then falls below the base by `gain`, which grows with size; the slope c grows with tokens.
    """

    def make(sizes: Any = (3e5, 1e6, 3e6), noise: float = 2e-4, slope: float = 0.155) -> pd.DataFrame:
        random, rows = np.random.default_rng(0), []
        for params in sizes:
            base = 3.7 + 0.3 * (params / 1e6) ** -0.3
            rows.append({"params": params, "tokens": 0, "ratio": 0.5, "general_loss": base, "domain_loss": 6.8})
            gain = 0.037 * (params / 3e5) ** 0.2
            for ratio in (0, 0.1, 0.25, 0.5, 0.75, 0.9, 1):
                shift = random.normal(0, noise)
                for t in np.geomspace(0.02, 1, 12):
                    level = 0.25 * t**0.25 * np.exp(-t) - 0.25 * np.exp(-1) * t - gain * t
                    loss = base + level - slope * t**0.3 * np.log(1 - ratio + 1e-4) + shift
                    domain = 6.8 - 1.7 * (ratio + 0.02) ** 0.1 * t**0.12
                    row = {"params": params, "tokens": t * 1e8, "ratio": ratio}
                    rows.append({**row, "general_loss": loss, "domain_loss": domain})
        return pd.DataFrame(rows)

    return make


@pytest.fixture
def true_ratio() -> Callable[..., float]:
    """The critical ratio of `world` at its last checkpoint."""

    def truth(params: float, tolerance: float = 0.05, slope: float = 0.155) -> float:
        return float(1 + 1e-4 - np.exp(-(tolerance + 0.037 * (params / 3e5) ** 0.2) / slope))

    return truth


def test_the_law_is_as_the_fixtures_think() -> None:
    assert get_law("dcpt").names == ("E", "A", "alpha", "B", "beta", "eta", "C", "gamma", "eps")
