"""Two small worlds to draw: losses that follow D-CPT, and changes of the general loss that follow the forgetting law."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import scaling
from scaling.fitting import Fit
from scaling.laws import get_law
from scaling.runs import Runs, validate

mpl.use("agg")
SIZES = (1e8, 3e8, 1e9)
RATIOS = (0.0, 0.25, 0.5, 0.75, 0.9, 1.0)


@dataclass(frozen=True)
class World:
    """A table and its fit."""

    runs: Runs
    fit: Fit


def table() -> pd.DataFrame:
    """A small D-CPT world with base losses 0.02 nats below pure replay's and a little luck in each run."""
    law, rows, luck = get_law("dcpt"), [], np.random.default_rng(0)
    general = np.array([1.9, 50.0, 0.3, 31.0, 0.3, 0.5, 0.25, 0.15, 0.02])
    domain = np.array([1.2, 40.0, 0.3, 40.0, 0.3, 0.5, 0.3, 0.2, 0.02])
    for size in SIZES:
        rows.append((size, 0.0, 0.5, 2.2 + 50.0 / size**0.3, 2.6 + 40.0 / size**0.3))
        for ratio in RATIOS:
            lucky = luck.normal(0.0, 0.004, 2)
            for tokens in np.geomspace(1e8, 3e9, 6):
                at = {"params": np.array([size]), "tokens": np.array([tokens])}
                losses = (
                    law.value(theta, {**at, "share": np.array([share])})[0] + shift
                    for theta, share, shift in zip((general, domain), (1 - ratio, ratio), lucky, strict=True)
                )
                rows.append((size, tokens, ratio, *losses))
    return pd.DataFrame(rows, columns=["params", "tokens", "ratio", "general_loss", "domain_loss"])


@pytest.fixture(scope="session")
def runs() -> Runs:
    return validate(table())


@pytest.fixture(scope="session")
def fit(runs: Runs) -> Fit:
    return scaling.fit(runs, law="dcpt", draws=20, burn_in=0.25, threads=1)


@pytest.fixture(scope="session")
def without_draws(runs: Runs) -> Fit:
    return scaling.fit(runs, law="dcpt", draws=0, burn_in=0.25, threads=1)


@pytest.fixture(scope="session")
def general_only(runs: Runs) -> World:
    alone = validate(runs.frame.drop(columns="domain_loss"))
    return World(alone, scaling.fit(alone, draws=0, burn_in=0.25, threads=1))


@pytest.fixture(scope="session")
def changes(forgetting_world: Callable[..., pd.DataFrame]) -> World:
    """A table with two checkpoints in the burn-in, and a law of changes."""
    made = validate(forgetting_world(noise=0.01))
    return World(made, scaling.fit(made, law="forgetting", draws=20, burn_in=0.3, threads=1))


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")
