"""A fit against its table, its rollouts and its parameters."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

import scaling
from scaling.errors import InputError
from scaling.fitting import Fit
from scaling.fitting.validation import Validation, validate_law
from scaling.fitting.validation.residuals import residuals
from scaling.laws import get_law
from scaling.runs import Runs, validate

from .conftest import World


@pytest.fixture(scope="module")
def rollout(runs: Runs) -> Validation:
    return validate_law(runs, "dcpt", "params", burn_in=0.25, threads=1)


def of_marker(ax: Axes, marker: str) -> np.ndarray:
    return np.concatenate([line.get_xydata() for line in ax.lines if line.get_marker() == marker])


def test_residuals_are_those_that_the_fit_summarises(runs: Runs, fit: Fit, changes: World) -> None:
    rows = residuals(runs, fit, "domain")
    one = fit.corpora["domain"]
    kept = rows[rows["fitted"]]
    assert len(kept) == one.rows
    assert len(rows) == len(runs.rows("domain"))
    assert (kept["predicted"] / kept["observed"] - 1).abs().mean() == pytest.approx(one.mape)
    change = residuals(changes.runs, changes.fit)
    kept = change[change["fitted"]]
    assert len(kept) == changes.fit.corpora["general"].rows
    assert (kept["observed"] - kept["predicted"]).abs().mean() == pytest.approx(changes.fit.corpora["general"].mape)


def test_rows_of_a_size_that_was_not_fitted_are_left_out(runs: Runs) -> None:
    smaller = scaling.fit(runs.select(runs.frame["params"] < 1e9), draws=0, burn_in=0.25, threads=1)
    rows = residuals(runs, smaller)
    assert set(rows.loc[rows["fitted"], "params"]) == {1e8, 3e8}


def test_observed_against_predicted_tells_the_fitted_rows(runs: Runs, fit: Fit) -> None:
    ax = scaling.plot.observed_predicted(runs, fit)
    rows = residuals(runs, fit)
    hollow = next(line for line in ax.lines if line.get_markerfacecolor() == "none")
    assert len(hollow.get_xdata()) == (~rows["fitted"]).sum()
    own = rows[rows["fitted"] & (rows["params"] == 3e8)]
    drawn = of_marker(ax, "s")
    assert drawn[:, 0] == pytest.approx(own["predicted"].to_numpy())
    assert drawn[:, 1] == pytest.approx(own["observed"].to_numpy())
    assert ax.get_xlim() == ax.get_ylim()
    assert ax.get_xlabel() == "predicted general loss (nats/token)"


def test_a_law_of_changes_is_drawn_as_changes(changes: World) -> None:
    ax = scaling.plot.observed_predicted(changes.runs, changes.fit)
    assert "change of general loss over base" in ax.get_ylabel()
    assert ax.get_xlim()[1] < 1.0


@pytest.mark.parametrize("by", ["params", "tokens", "ratio"])
def test_residuals_with_their_mean(runs: Runs, fit: Fit, by: str) -> None:
    ax = scaling.plot.residuals(runs, fit, by=by)  # type: ignore[arg-type]
    rows = residuals(runs, fit)
    kept = rows[rows["fitted"]]
    mean = (kept["observed"] - kept["predicted"]).groupby(kept[by]).mean()
    assert of_marker(ax, "_") == pytest.approx(np.column_stack([mean.index, mean]))
    drawn = sum(len(line.get_xdata()) for line in ax.lines if line.get_linestyle() == "None")
    assert drawn == len(rows)
    assert "nats/token" in ax.get_ylabel()


def test_a_legend_of_many_keys_leaves_the_axes_room(runs: Runs) -> None:
    """Twenty-five ratios and sizes: both ends are named, and the title says of how many."""
    frame = pd.concat(
        runs.frame.assign(params=runs.frame["params"] * 1.04**i, ratio=runs.frame["ratio"] * (1 - i / 100))
        for i in range(9)
    )
    many = validate(frame.drop(columns="run"), "many.csv")
    fit = scaling.fit(many, law="dcpt", draws=0, burn_in=0.25, threads=1)
    sizes, ratios = frame["params"].nunique(), frame.loc[frame["tokens"] > 0, "ratio"].nunique()
    assert min(sizes, ratios) > 25
    pictures = {
        scaling.plot.residuals(many, fit): f"ratio, 12 of {ratios}",
        scaling.plot.residuals(many, fit, by="tokens"): f"params, 12 of {sizes}",
        scaling.plot.observed_predicted(many, fit): f"params, 12 of {sizes}",
        scaling.plot.loss_by_ratio(many, fit): f"params, 12 of {sizes}",
    }
    for ax, title in pictures.items():
        ax.figure.canvas.draw()
        assert ax.get_legend().get_title().get_text() == title
        assert ax.get_position().height > 0.5
        texts = [text.get_text() for text in ax.get_legend().get_texts()]
        ends = ("0", "1") if title.startswith("ratio") else ("100M", "1.37B")
        assert set(ends) <= set(texts)
        assert 12 <= len(texts) <= 14
    assert len(next(iter(pictures)).get_xticks()) == 7


def test_rows_beyond_the_axes_are_counted(runs: Runs, fit: Fit) -> None:
    frame = runs.frame.copy()
    frame.loc[frame["tokens"] == 1e8, "general_loss"] += 9.0
    ax = scaling.plot.residuals(Runs(frame, "far.csv"), fit)
    rows = residuals(Runs(frame, "far.csv"), fit)
    beyond = ~(rows["observed"] - rows["predicted"]).between(*ax.get_ylim())
    assert beyond.sum() >= 18
    assert ax.get_title(loc="right") == f"{beyond.sum()} rows left out of the fit beyond the axes"
    assert ax.get_ylim()[1] < 1.0


def test_rollout_draws_the_mean_of_every_group(rollout: Validation) -> None:
    ax = scaling.plot.rollout([rollout, rollout])
    for corpus, marker in (("general", "o"), ("domain", "s")):
        big = [line for line in ax.lines if line.get_marker() == marker and line.get_markersize() == 7]
        values = [float(line.get_xdata()[0]) for line in big if len(line.get_xdata())]
        assert values == pytest.approx(2 * [100 * rollout.groups[0].scores[corpus].error])
    assert [tick.get_text() for tick in ax.get_yticklabels()] == 2 * ["1B params *"]
    assert "%" in ax.get_xlabel()
    title = get_law(rollout.law).title
    assert [text.get_text() for text in ax.texts if "held out" in text.get_text()] == 2 * [f"{title}, held out: params"]


def test_an_error_beyond_the_axis_is_an_arrow(rollout: Validation) -> None:
    rows = rollout.rows.copy()
    few = rows.index[:1]
    rows.loc[few, "predicted"] *= 100
    far = Validation(**{**vars(rollout), "rows": rows})
    ax = scaling.plot.rollout(far)
    assert any(line.get_marker() == ">" for line in ax.lines)
    assert any(text.get_text().startswith("+") and text.get_text().endswith(" %") for text in ax.texts)


def test_parameters_show_interval_number_and_meaning(changes: World) -> None:
    one = changes.fit.corpora["general"]
    ax = scaling.plot.parameters(changes.fit)
    names = [tick.get_text().split(":")[0] for tick in ax.get_yticklabels()]
    assert names == list(one.parameters)
    bars = {line.get_ydata()[0]: line.get_xdata() for line in ax.lines if line.get_linewidth() == 2.2}
    for y, estimate in enumerate(one.parameters.values()):
        share = 100 * (np.array([estimate.low, estimate.high]) / estimate.value - 1)
        assert bars[y] == pytest.approx(np.clip(share, *ax.get_xlim()))
    texts = [text.get_text() for text in ax.texts]
    assert texts[-1].endswith(" tokens")
    assert texts[0].endswith(" nats/token")
    assert "warming" in ax.get_yticklabels()[0].get_text()


def test_parameters_without_an_interval_are_hollow(without_draws: Fit) -> None:
    ax = scaling.plot.parameters(without_draws, "domain")
    marks = [line for line in ax.lines if line.get_marker() == "o"]
    assert len(marks) == len(without_draws.corpora["domain"].parameters)
    assert {line.get_markerfacecolor() for line in marks} == {"white"}


def test_parameters_that_the_table_does_not_identify_are_named(runs: Runs) -> None:
    one_size = scaling.fit(runs.select(runs.frame["params"] == 1e8), draws=0, threads=1)
    assert one_size.general is not None
    assert one_size.general.dropped
    texts = [text.get_text() for text in scaling.plot.parameters(one_size).texts]
    assert texts.count("not identified") == len(one_size.general.dropped)


def test_draws_on_the_axes_given(runs: Runs, fit: Fit, rollout: Validation) -> None:
    _, axes = plt.subplots(2, 2)
    assert scaling.plot.observed_predicted(runs, fit, ax=axes[0, 0]) is axes[0, 0]
    assert scaling.plot.residuals(runs, fit, ax=axes[0, 1]) is axes[0, 1]
    assert scaling.plot.rollout(rollout, ax=axes[1, 0]) is axes[1, 0]
    assert scaling.plot.parameters(fit, ax=axes[1, 1]) is axes[1, 1]
    assert len(plt.get_fignums()) == 1


def test_what_cannot_be_drawn_is_said(runs: Runs, general_only: World) -> None:
    fit = general_only.fit
    for draw in (scaling.plot.observed_predicted, scaling.plot.residuals):
        with pytest.raises(InputError, match="the fit has no domain corpus"):
            draw(runs, fit, "domain")
        other = runs.select(runs.frame["params"] > 3e8)
        small = scaling.fit(runs.select(runs.frame["params"] < 1e9), draws=0, threads=1)
        with pytest.raises(InputError, match="none of its rows"):
            draw(other, small)
    with pytest.raises(InputError, match="the fit has no domain corpus"):
        scaling.plot.parameters(fit, "domain")
    with pytest.raises(InputError, match="by is 'run'"):
        scaling.plot.residuals(runs, fit, by="run")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="no validation to draw"):
        scaling.plot.rollout([])
