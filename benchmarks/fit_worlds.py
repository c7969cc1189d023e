"""Synthetic D-CPT worlds for the benchmarks: 3 sizes x 9 ratios x 20 checkpoints, noise correlated within runs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from scaling.laws import get_law

SIZES = (0.5e9, 1.8e9, 4e9)
RATIOS = (0.0, 0.1, 0.2, 0.33, 0.5, 0.67, 0.8, 0.9, 1.0)
NOISE = 0.002


def random_theta(rng: np.random.Generator) -> dict[str, float]:
    """D-CPT parameters of a plausible corpus; coefficients such that each term matters at 1e9 params and 1e9 tokens."""
    theta = {
        "E": rng.uniform(0.5, 2.0),
        "alpha": rng.uniform(0.1, 0.6),
        "beta": rng.uniform(0.1, 0.6),
        "eta": rng.uniform(0.1, 1.0),
        "gamma": rng.uniform(0.05, 0.5),
        "eps": 10 ** rng.uniform(-2.5, -1.0),
    }
    theta["A"] = rng.uniform(0.2, 0.8) * 1e9 ** theta["alpha"]
    theta["B"] = rng.uniform(0.05, 0.5) * 1e9 ** theta["beta"]
    theta["C"] = rng.uniform(0.1, 0.8)
    return theta


def grid(checkpoints: int = 20) -> pd.DataFrame:
    """params, tokens, ratio, run of every checkpoint."""
    tokens = np.geomspace(0.2e9, 10e9, checkpoints)
    rows = [(n, d, r, f"{n:.3g}-{r}") for n in SIZES for r in RATIOS for d in tokens]
    return pd.DataFrame(rows, columns=["params", "tokens", "ratio", "run"])


def world(
    seed: int, noise: float = NOISE, checkpoints: int = 20, noise_seed: int | None = None
) -> tuple[pd.DataFrame, dict[str, dict[str, float]]]:
    """A run table with both losses and the true parameters a corpus. noise_seed: another draw of the noise on them."""
    rng = np.random.default_rng(seed)
    noisy = rng if noise_seed is None else np.random.default_rng([seed, noise_seed])
    frame = grid(checkpoints)
    law = get_law("dcpt")
    truth = {}
    run = frame["run"].astype("category").cat.codes.to_numpy()
    for corpus, share in (("general", 1 - frame["ratio"]), ("domain", frame["ratio"])):
        truth[corpus] = random_theta(rng)
        theta = np.array([truth[corpus][n] for n in law.names])
        x = {"params": frame["params"].to_numpy(), "tokens": frame["tokens"].to_numpy(), "share": share.to_numpy()}
        common = noisy.normal(0, noise / np.sqrt(2), run.max() + 1)[run]
        own = noisy.normal(0, noise / np.sqrt(2), len(frame))
        frame[f"{corpus}_loss"] = law.value(theta, x) * np.exp(common + own)
    return frame, truth
