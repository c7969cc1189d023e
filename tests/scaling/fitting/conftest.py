from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scaling.laws import get_law
from scaling.notes import Note, note

TRUTH = {
    "general": {
        "E": 1.6,
        "A": 600.0,
        "alpha": 0.32,
        "B": 40.0,
        "beta": 0.28,
        "eta": 0.6,
        "C": 0.35,
        "gamma": 0.2,
        "eps": 0.02,
    },
    "domain": {
        "E": 1.2,
        "A": 900.0,
        "alpha": 0.35,
        "B": 90.0,
        "beta": 0.31,
        "eta": 0.5,
        "C": 0.4,
        "gamma": 0.3,
        "eps": 0.03,
    },
}
SIZES = (0.5e9, 1e9, 2e9, 4e9)
RATIOS = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)


def make_world(
    noise: float = 0.0, seed: int = 0, checkpoints: int = 8, sizes: tuple[float, ...] = SIZES
) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    tokens = np.geomspace(0.2e9, 10e9, checkpoints)
    rows = [(n, d, r, f"{n:g}-{r}") for n in sizes for r in RATIOS for d in tokens]
    frame = pd.DataFrame(rows, columns=["params", "tokens", "ratio", "run"])
    law = get_law("dcpt")
    for corpus, theta in TRUTH.items():
        share = frame["ratio"] if corpus == "domain" else 1 - frame["ratio"]
        x = {"params": frame["params"].to_numpy(), "tokens": frame["tokens"].to_numpy(), "share": share.to_numpy()}
        common = np.repeat(rng.normal(0, noise, len(frame) // checkpoints), checkpoints)
        value = law.value(np.array([theta[k] for k in law.names]), x)
        frame[f"{corpus}_loss"] = value * np.exp(common + rng.normal(0, noise, len(frame)))
    return frame


@pytest.fixture(scope="session")
def world() -> Callable[..., pd.DataFrame]:
    return make_world


def as_branches(frame: pd.DataFrame) -> pd.DataFrame:
    """The same rows, each the end of a branch of what was its run."""
    names = frame["run"] + [f"-b{tokens:.0f}" for tokens in frame["tokens"]]
    return frame.assign(trunk=frame["run"], run=names)


@pytest.fixture(scope="session")
def branched() -> Callable[[pd.DataFrame], pd.DataFrame]:
    return as_branches


def codes_of(sentences: Iterable[str]) -> set[str]:
    """Their codes; each sentence must be a note whose code and values make its text again."""
    found = set()
    for one in sentences:
        assert isinstance(one, Note), one
        assert one.endswith(note(one.code, **one.values))
        found.add(one.code)
    return found


@pytest.fixture(scope="session")
def coded() -> Callable[[Iterable[str]], set[str]]:
    return codes_of


@pytest.fixture(scope="session")
def truth() -> dict[str, dict[str, float]]:
    return TRUTH


@pytest.fixture(scope="session")
def published() -> Path:
    return Path(__file__).parents[3] / "data" / "published"
