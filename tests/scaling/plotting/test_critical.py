"""Trade-off and critical ratios: what is marked is what the plan says."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection

import scaling
from scaling.errors import InputError
from scaling.fitting import Fit
from scaling.planning import critical_ratio
from scaling.planning.measured import measured_critical_ratio
from scaling.runs import Runs

from .conftest import World

SIZES = (1e8, 3e8, 1e9)


def labels(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_tradeoff_marks_the_plan(fit: Fit) -> None:
    plan = critical_ratio(fit, 1e9, 3e9, 0.05)
    ax = scaling.plot.tradeoff(fit, 1e9, 3e9, 0.05)
    mark = next(line for line in ax.lines if line.get_marker() == "D")
    rise = plan.general_loss.value - plan.base_general_loss.value
    assert mark.get_xdata()[0] == pytest.approx(rise)
    assert rise == pytest.approx(0.05, abs=1e-6)
    assert f"{plan.value:.2f}" in str(mark.get_label())
    assert labels(ax)[0] == "ratio along the curve"
    assert "x the" not in ax.get_title(loc="left")


def test_tradeoff_says_how_far_it_extrapolates(fit: Fit) -> None:
    title = scaling.plot.tradeoff(fit, 4e9, 6e9).get_title(loc="left")
    assert title.startswith("4B params (4x the largest probe), 6B tokens (2x the longest run)")


def test_tradeoff_is_dashed_beyond_the_probed_ratios(runs: Runs) -> None:
    inner = runs.select((runs.frame["ratio"] >= 0.25) & (runs.frame["ratio"] <= 0.75))
    ax = scaling.plot.tradeoff(scaling.fit(inner, draws=0, burn_in=0.25, threads=1), 1e9, 3e9)
    solid, dashed = (line for line in ax.lines if len(line.get_xdata()) > 300)
    assert (solid.get_linestyle(), dashed.get_linestyle()) == ("-", "--")
    assert np.isfinite(solid.get_ydata()).mean() == pytest.approx(0.5, abs=0.02)


def test_tradeoff_without_an_interval_or_an_answer(without_draws: Fit) -> None:
    assert not any("interval" in name for name in labels(scaling.plot.tradeoff(without_draws, 1e9, 3e9)))
    ax = scaling.plot.tradeoff(without_draws, 1e9, 3e9, base_general_loss=1.0)
    assert "no ratio stays within the tolerance" in labels(ax)


def test_critical_ratio_shows_probes_and_targets(runs: Runs, fit: Fit) -> None:
    plans = {"D-CPT law": critical_ratio(fit, 4e9, 3e9, 0.05)}
    ax = scaling.plot.critical_ratio(measured_critical_ratio(runs, 0.05), plans)
    x = np.concatenate([line.get_xdata() for line in ax.lines if line.get_marker() in "os"])
    assert {*SIZES, 4e9} <= set(x)
    assert ax.get_ylim() == (-0.02, 1.02)


def test_a_measured_ratio_beyond_those_of_single_seeds_is_drawn(fit: Fit) -> None:
    rows = [(1e8, 3e9, 0.5, 0.6, 0.7, 3), (3e8, 3e9, 0.5, 0.3, 0.4, 3), (1e9, 3e9, 0.5, 0.4, 0.6, 3)]
    measured = pd.DataFrame(rows, columns=["params", "tokens", "ratio", "low", "high", "seeds"])
    ax = scaling.plot.critical_ratio(measured, {"plan": critical_ratio(fit, 4e9, 3e9)})
    segments = ax.containers[0].lines[2][0].get_segments()
    assert [one[:, 1].tolist() for one in segments] == [
        pytest.approx(ends) for ends in ([0.5, 0.7], [0.3, 0.5], [0.4, 0.6])
    ]


def test_critical_ratio_draws_the_fit_to_the_farthest_target(changes: World) -> None:
    plans = {"near": critical_ratio(changes.fit, 1e7, 1e8), "far": critical_ratio(changes.fit, 4e7, 1e8)}
    ax = scaling.plot.critical_ratio(measured_critical_ratio(changes.runs), plans, fit=changes.fit)
    lines = [line for line in ax.lines if len(line.get_xdata()) == 20]
    assert [line.get_linestyle() for line in lines] == ["-", "--"]
    x, y = lines[1].get_data()
    assert (x[0], x[-1]) == (pytest.approx(1.02e6), 4e7)
    assert y[-1] == pytest.approx(plans["far"].value)
    assert np.isnan(y[x < 5e6]).all()
    assert any(isinstance(area, PolyCollection) for area in ax.collections)
    assert lines[0].get_label() == "Forgetting law at 100M tokens"


def test_plans_without_a_ratio_are_named(runs: Runs, fit: Fit) -> None:
    plans = {
        "none": critical_ratio(fit, 4e9, 3e9, base_general_loss=1.0),
        "all": critical_ratio(fit, 4e9, 3e9, base_general_loss=9.0),
        "blind": critical_ratio(scaling.fit(runs.select(runs.frame["params"] == 1e8), draws=0, threads=1), 4e9, 3e9),
    }
    assert [plan.status for plan in plans.values()] == ["infeasible", "unconstrained", "not_identified"]
    ax = scaling.plot.critical_ratio(measured_critical_ratio(runs, 0.05), plans)
    assert {"blind: not identified", "none: no ratio passes", "all: every ratio passes"} <= set(labels(ax))
    empty = measured_critical_ratio(runs.select(runs.frame["tokens"] > 0))
    assert labels(scaling.plot.critical_ratio(empty, plans))


def test_critical_ratio_by_tokens_marks_the_plan_and_the_checkpoints(changes: World) -> None:
    plan = critical_ratio(changes.fit, 1e7, 3e8, 0.05)
    ax = scaling.plot.critical_ratio_by_tokens(changes.fit, 1e7, 3e8, runs=changes.runs)
    lines = [line for line in ax.lines if len(line.get_xdata()) >= 20]
    assert [line.get_linestyle() for line in lines] == ["-", "--"]
    assert lines[1].get_ydata()[-1] == pytest.approx(plan.value)
    mark = next(line for line in ax.lines if line.get_marker() == "D")
    assert mark.get_xydata()[0] == pytest.approx([3e8, plan.value])
    late, early = (line for line in ax.lines if line.get_marker() == "o")
    assert late.get_xdata()[-1] == 1e8
    own = measured_critical_ratio(changes.runs).set_index("params")["ratio"]
    assert late.get_ydata()[-1] == pytest.approx(own[1e7])
    assert early.get_markerfacecolor() == "white"
    assert early.get_xdata().max() < 0.3 * 1e8


def test_critical_ratio_by_tokens_where_no_ratio_passes(fit: Fit) -> None:
    ax = scaling.plot.critical_ratio_by_tokens(fit, 4e9, 3e9, base_general_loss=1.0)
    assert labels(ax)[-1] == "critical ratio: no ratio passes"


def test_critical_ratio_by_tokens_of_a_larger_model_is_dashed(changes: World) -> None:
    ax = scaling.plot.critical_ratio_by_tokens(changes.fit, 4e7, 1e8, runs=changes.runs)
    assert {line.get_linestyle() for line in ax.lines if len(line.get_xdata()) >= 20} == {"--"}
    assert "4x the largest probe" in ax.get_title(loc="left")
    assert not any(line.get_marker() == "o" for line in ax.lines)


def test_draws_on_the_axes_given(runs: Runs, fit: Fit) -> None:
    _, ax = plt.subplots()
    assert scaling.plot.tradeoff(fit, 1e9, 3e9, ax=ax) is ax
    assert scaling.plot.critical_ratio_by_tokens(fit, 1e9, 3e9, ax=ax) is ax
    assert scaling.plot.critical_ratio(measured_critical_ratio(runs), {}, ax=ax) is ax
    assert len(plt.get_fignums()) == 1


def test_what_cannot_be_drawn_is_said(runs: Runs, fit: Fit, general_only: World) -> None:
    with pytest.raises(InputError, match="both corpora"):
        scaling.plot.tradeoff(general_only.fit, 1e9, 3e9)
    measured = measured_critical_ratio(runs)
    with pytest.raises(InputError, match="needs a plan"):
        scaling.plot.critical_ratio(measured, {}, fit=fit)
    domain_only = scaling.fit(Runs(runs.frame.drop(columns="general_loss"), "d.csv"), draws=0, threads=1)
    with pytest.raises(InputError, match="no general corpus"):
        scaling.plot.critical_ratio(measured, {"plan": critical_ratio(fit, 1e9, 3e9)}, fit=domain_only)
    with pytest.raises(InputError, match="no general corpus"):
        scaling.plot.critical_ratio_by_tokens(domain_only, 1e9, 3e9)
    blind = scaling.fit(runs.select(runs.frame["params"] == 1e8), draws=0, threads=1)
    for draw in (scaling.plot.tradeoff, scaling.plot.critical_ratio_by_tokens):
        with pytest.raises(InputError, match="all probes have 100M params"):
            draw(blind, 1e9, 3e9)
