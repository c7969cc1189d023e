"""A world whose general loss follows the forgetting law, for the fits, plans and commands that are tested on it."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pytest

from scaling.fitting import Fit, fit
from scaling.runs import validate

FORGETTING = {"h": 0.03, "g": 0.4, "C": 0.07, "kappa": 0.12, "delta": 0.15, "m": 2e6}
SIZES = (1e6, 3e6, 1e7)
RATIOS = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
TOKENS = (1e7, 2e7, 4e7, 7e7, 1e8)
PER_PARAM = (400.0, 150.0, 100.0)  # tokens a parameter of the bases, not on a power law


def rise_of(params: np.ndarray, tokens: np.ndarray, ratio: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """The law as its module writes it, of plain numpy; seen: the tokens of the base."""
    h, g, c, kappa, delta, m = FORGETTING.values()
    thinning = np.log((tokens + m) / ((1 - ratio) * tokens + m))
    return h - g * np.log1p(tokens / seen) + c / params**kappa * tokens**delta * thinning


def base_loss_of(params: np.ndarray, corpus: str) -> np.ndarray:
    return {"general": 3.0, "domain": 4.5}[corpus] + 2.0 * (params / 1e6) ** -0.3


def make_table(
    noise: float = 0.0,
    sizes: Sequence[float] = SIZES,
    per_param: Sequence[float] = PER_PARAM,
    ratios: Sequence[float] = RATIOS,
    tokens: Sequence[float] = TOKENS,
    lift: float = 0.0,
) -> pd.DataFrame:
    """lift: added to the general loss of every trained row. Noise is half a run's luck and half a checkpoint's."""
    seen = [n * p for n, p in zip(sizes, per_param, strict=False)]
    bases = [(n, 0.0, 0.5, b, f"{n:g}-base") for n, b in zip(sizes, seen, strict=True)]
    rows = [(n, d, r, b, f"{n:g}-{r}") for n, b in zip(sizes, seen, strict=True) for r in ratios for d in tokens]
    frame = pd.DataFrame([*bases, *rows], columns=["params", "tokens", "ratio", "base_tokens", "run"])
    params, seen_tokens, ratio, saw = (frame[c].to_numpy() for c in ("params", "tokens", "ratio", "base_tokens"))
    trained, random = seen_tokens > 0, np.random.default_rng(0)
    luck = random.normal(0, noise, frame["run"].nunique())[frame["run"].factorize()[0]]
    shift = np.where(trained, luck + random.normal(0, noise, len(frame)), 0.0)
    general = np.where(trained, rise_of(params, seen_tokens, ratio, saw) + lift, 0.0) + shift
    domain = np.where(trained, -1.5 * (ratio + 0.02) ** 0.2 * (seen_tokens / 1e8) ** 0.1, 0.0) + 2 * shift
    return frame.assign(
        general_loss=base_loss_of(params, "general") + general, domain_loss=base_loss_of(params, "domain") + domain
    )


@pytest.fixture(scope="session")
def forgetting_truth() -> dict[str, float]:
    return dict(FORGETTING)


@pytest.fixture(scope="session")
def forgetting_world() -> Callable[..., pd.DataFrame]:
    return make_table


@pytest.fixture(scope="session")
def forgetting_rise() -> Callable[..., np.ndarray]:
    """(params, tokens, ratio, base tokens) -> the world's rise."""
    return rise_of


@pytest.fixture(scope="session")
def forgetting_ratio() -> Callable[..., float]:
    """The world's critical ratio in closed form."""

    def truth(params: float, tokens: float, seen: float, tolerance: float = 0.05) -> float:
        h, g, c, kappa, delta, m = FORGETTING.values()
        folds = (tolerance - h + g * np.log1p(tokens / seen)) * params**kappa / (c * tokens**delta)
        return float(1 - ((tokens + m) * np.exp(-folds) - m) / tokens)

    return truth


@pytest.fixture(scope="session")
def forgetting_fit() -> Fit:
    """The forgetting law fitted to the world with a little noise."""
    return fit(validate(make_table(noise=1e-3), "runs.csv"), "forgetting", draws=30, threads=1)
