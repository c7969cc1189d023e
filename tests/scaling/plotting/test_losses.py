"""Losses against ratio and tokens: the right numbers in the right place."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

import scaling
from scaling.errors import InputError
from scaling.fitting import Fit
from scaling.runs import Runs

SIZES, RATIOS = (1e8, 3e8, 1e9), [0.0, 0.25, 0.5, 0.75, 0.9, 1.0]


def points(ax: Axes) -> list[Line2D]:
    return [line for line in ax.lines if line.get_linestyle() == "None"]


def curves(ax: Axes, style: str = "-") -> list[Line2D]:
    return [line for line in ax.lines if len(line.get_xdata()) > 150 and line.get_linestyle() == style]


def legend(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_loss_by_ratio_draws_finished_runs_and_a_curve_a_size(runs: Runs, fit: Fit) -> None:
    ax = scaling.plot.loss_by_ratio(runs, fit, "general", over_base=True, tolerance=0.05)
    assert len(points(ax)) == len(curves(ax)) == len(SIZES)
    assert not curves(ax, "--")
    assert points(ax)[0].get_xdata().tolist() == RATIOS
    own = runs.frame[(runs.frame["params"] == SIZES[0]) & (runs.frame["tokens"] == runs.frame["tokens"].max())]
    base = 2.2 + 50.0 / SIZES[0] ** 0.3
    assert points(ax)[0].get_ydata() == pytest.approx(own["general_loss"].to_numpy() - base)
    wanted = fit.predict(SIZES[0], 3e9, 0.5)["general_loss"].value - base
    assert np.interp(0.5, *curves(ax)[0].get_data()) == pytest.approx(wanted, abs=1e-4)
    assert "nats/token" in ax.get_ylabel()
    assert legend(ax) == ["100M", "300M", "1B"]


def test_curves_are_dashed_beyond_the_probed_ratios(runs: Runs) -> None:
    inner = runs.select((runs.frame["ratio"] >= 0.25) & (runs.frame["ratio"] <= 0.75))
    fit = scaling.fit(inner, draws=5, burn_in=0.25, threads=1)
    ax = scaling.plot.loss_by_ratio(inner, fit)
    solid, dashed = curves(ax)[0], curves(ax, "--")[0]
    drawn = [line.get_xdata()[np.isfinite(line.get_ydata())] for line in (solid, dashed)]
    assert (drawn[0].min(), drawn[0].max()) == (0.25, 0.75)
    assert drawn[1].min() == 0.0
    assert not ((drawn[1] > 0.26) & (drawn[1] < 0.74)).any()


def test_one_size_at_several_token_counts(runs: Runs, fit: Fit) -> None:
    ax = scaling.plot.loss_by_ratio(runs, fit, by="tokens", params=3e8)
    counts = sorted(runs.rows("general")["tokens"].unique())[-3:]  # those after the burn-in of a quarter
    assert len(points(ax)) == len(curves(ax)) == len(counts)
    for line, tokens in zip(points(ax), counts, strict=True):
        own = runs.frame[(runs.frame["params"] == 3e8) & (runs.frame["tokens"] == tokens)]
        assert line.get_ydata() == pytest.approx(own["general_loss"].to_numpy())
    assert [line.get_markerfacecolor() == "white" for line in points(ax)] == [True, True, False]
    assert "in mid-run" in legend(ax)[0]
    assert legend(ax)[-1] == "3B"
    assert len(points(scaling.plot.loss_by_ratio(runs, by="tokens"))) == 5


def test_one_size_alone(runs: Runs) -> None:
    assert legend(scaling.plot.loss_by_ratio(runs, params=3e8)) == ["300M"]


def test_loss_by_tokens_starts_the_fit_at_the_burn_in(runs: Runs, fit: Fit) -> None:
    ax = scaling.plot.loss_by_tokens(runs, fit, "domain", params=3e8)
    laws = [line for line in ax.lines if len(line.get_xdata()) == 100]
    assert len(laws) == len(RATIOS)
    assert laws[0].get_xdata()[0] == pytest.approx(0.25 * 3e9)
    wanted = fit.predict(3e8, 3e9, 0.0)["domain_loss"].value
    assert laws[0].get_ydata()[-1] == pytest.approx(wanted)
    assert ax.get_xscale() == "log"
    assert any("burn-in" in text.get_text() for text in ax.texts)


def test_what_has_no_text_of_its_own_does_not_flatten_the_rest(runs: Runs) -> None:
    frame = runs.frame.copy()
    frame.loc[(frame["ratio"] == 1.0) & (frame["tokens"] > 0), "general_loss"] += 5.0
    raised = Runs(frame, "raised.csv")
    for ax in (scaling.plot.loss_by_ratio(raised), scaling.plot.loss_by_tokens(raised)):
        assert ax.get_ylim()[1] < 5.0
        assert any("beyond the axis" in text.get_text() for text in ax.texts)


def test_draws_on_the_axes_given(runs: Runs) -> None:
    _, ax = plt.subplots()
    assert scaling.plot.loss_by_ratio(runs, ax=ax) is ax
    assert scaling.plot.loss_by_tokens(runs, ax=ax) is ax
    assert len(plt.get_fignums()) == 1


def test_what_cannot_be_drawn_is_said(runs: Runs) -> None:
    for draw in (scaling.plot.loss_by_tokens, scaling.plot.loss_by_ratio):
        with pytest.raises(InputError, match="no general loss at 7B params"):
            draw(runs, params=7e9)
        with pytest.raises(InputError, match="corpus 'both' is unknown"):
            draw(runs, None, "both")
    without_base = runs.select(runs.frame["tokens"] > 0)
    with pytest.raises(InputError, match="over a base loss"):
        scaling.plot.loss_by_ratio(without_base, over_base=True)
    with pytest.raises(InputError, match="by is 'seed'"):
        scaling.plot.loss_by_ratio(runs, by="seed")  # type: ignore[arg-type]
    no_domain = Runs(runs.frame.drop(columns="domain_loss"), "one.csv")
    for draw in (scaling.plot.loss_by_tokens, scaling.plot.loss_by_ratio):
        with pytest.raises(InputError, match=r"one\.csv: there is no domain loss"):
            draw(no_domain, None, "domain")
