"""What is drawn, read off the Axes: the right numbers in the right place."""

from collections.abc import Iterator

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import scaling
from scaling.errors import InputError
from scaling.fitting import Fit
from scaling.laws import get_law
from scaling.planning import critical_ratio
from scaling.planning.measured import measured_critical_ratio
from scaling.runs import Runs, validate

mpl.use("agg")
SIZES = (1e8, 3e8, 1e9)
RATIOS = (0.0, 0.25, 0.5, 0.75, 0.9, 1.0)


def table() -> pd.DataFrame:
    """A small noiseless D-CPT world with base losses 0.02 nats below pure replay's."""
    law, rows = get_law("dcpt"), []
    general = np.array([1.9, 50.0, 0.3, 31.0, 0.3, 0.5, 0.25, 0.15, 0.02])
    domain = np.array([1.2, 40.0, 0.3, 40.0, 0.3, 0.5, 0.3, 0.2, 0.02])
    for size in SIZES:
        rows.append((size, 0.0, 0.5, 2.2 + 50.0 / size**0.3, 2.6 + 40.0 / size**0.3))
        for ratio in RATIOS:
            for tokens in np.geomspace(1e8, 3e9, 6):
                at = {"params": np.array([size]), "tokens": np.array([tokens])}
                losses = (
                    law.value(theta, {**at, "share": np.array([share])})[0]
                    for theta, share in ((general, 1 - ratio), (domain, ratio))
                )
                rows.append((size, tokens, ratio, *losses))
    return pd.DataFrame(rows, columns=["params", "tokens", "ratio", "general_loss", "domain_loss"])


@pytest.fixture(scope="module")
def runs() -> Runs:
    return validate(table())


@pytest.fixture(scope="module")
def fit(runs: Runs) -> Fit:
    return scaling.fit(runs, law="dcpt", draws=20, burn_in=0.25)


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


def test_loss_by_ratio_draws_finished_runs_and_a_curve_a_size(runs: Runs, fit: Fit) -> None:
    ax = scaling.plot_loss_by_ratio(runs, fit, "general", over_base=True, tolerance=0.05)
    points = [line for line in ax.lines if line.get_linestyle() == "None"]
    curves = [line for line in ax.lines if len(line.get_xdata()) == 201]
    assert len(points) == len(curves) == len(SIZES)
    assert points[0].get_xdata().tolist() == list(RATIOS)
    own = runs.frame[(runs.frame["params"] == SIZES[0]) & (runs.frame["tokens"] == runs.frame["tokens"].max())]
    base = 2.2 + 50.0 / SIZES[0] ** 0.3
    assert points[0].get_ydata() == pytest.approx(own["general_loss"].to_numpy() - base)
    assert "nats/token" in ax.get_ylabel()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["100M", "300M", "1B"]


def test_loss_by_tokens_starts_the_fit_at_the_burn_in(runs: Runs, fit: Fit) -> None:
    ax = scaling.plot_loss_by_tokens(runs, fit, "domain", params=3e8)
    dashed = [line for line in ax.lines if line.get_linestyle() == "--"]
    assert len(dashed) == len(RATIOS)
    assert dashed[0].get_xdata()[0] == pytest.approx(0.25 * 3e9)
    assert ax.get_xscale() == "log"
    assert any("burn-in" in text.get_text() for text in ax.texts)


def test_tradeoff_marks_the_plan(fit: Fit) -> None:
    plan = critical_ratio(fit, 1e9, 3e9, 0.05)
    ax = scaling.plot_tradeoff(fit, 1e9, 3e9, 0.05)
    mark = next(line for line in ax.lines if line.get_marker() == "D")
    rise = plan.general_loss.value - plan.base_general_loss.value
    assert mark.get_xdata()[0] == pytest.approx(rise)
    assert rise == pytest.approx(0.05, abs=1e-6)
    assert f"{plan.value:.2f}" in str(mark.get_label())


def test_critical_ratio_shows_probes_and_targets(runs: Runs, fit: Fit) -> None:
    plans = {"D-CPT law": critical_ratio(fit, 4e9, 3e9, 0.05)}
    ax = scaling.plot_critical_ratio(measured_critical_ratio(runs, 0.05), plans)
    x = np.concatenate([line.get_xdata() for line in ax.lines if line.get_marker() in "os"])
    assert {*SIZES, 4e9} <= set(x)
    assert ax.get_ylim() == (-0.02, 1.02)


def test_draws_on_the_axes_given(runs: Runs, fit: Fit) -> None:
    _, ax = plt.subplots()
    assert scaling.plot_loss_by_ratio(runs, ax=ax) is ax
    assert scaling.plot_loss_by_tokens(runs, ax=ax) is ax
    assert scaling.plot_tradeoff(fit, 1e9, 3e9, ax=ax) is ax
    assert len(plt.get_fignums()) == 1


def test_what_cannot_be_drawn_is_said(runs: Runs) -> None:
    with pytest.raises(InputError, match="no general loss at 7B params"):
        scaling.plot_loss_by_tokens(runs, params=7e9)
    without_base = runs.select(runs.frame["tokens"] > 0)
    with pytest.raises(InputError, match="over a base loss"):
        scaling.plot_loss_by_ratio(without_base, over_base=True)
    alone = scaling.fit(validate(runs.frame.drop(columns="domain_loss")), draws=0)
    with pytest.raises(InputError, match="both corpora"):
        scaling.plot_tradeoff(alone, 1e9, 3e9)
