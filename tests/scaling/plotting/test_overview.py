"""The surface over ratio and tokens, and a fit at a glance."""

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.contour import QuadContourSet

import scaling
from scaling.errors import InputError
from scaling.fitting import Fit
from scaling.planning import critical_ratio
from scaling.runs import Runs

from .conftest import World


def tolerance_line(ax: Axes) -> np.ndarray:
    lines = [one for one in ax.collections if isinstance(one, QuadContourSet) and len(one.levels) == 1]
    return np.concatenate([path.vertices for path in lines[0].get_paths()])


def hatched(ax: Axes) -> int:
    return sum(patch.get_hatch() is not None for patch in ax.patches)


def test_the_tolerance_on_a_surface_is_the_critical_ratio(fit: Fit) -> None:
    ax = scaling.plot.surface(fit, 1e9, tolerance=0.05)
    ratio, tokens = tolerance_line(ax).T
    there = np.argsort(tokens)
    found = np.interp(2e9, tokens[there], ratio[there])
    assert found == pytest.approx(critical_ratio(fit, 1e9, 2e9, 0.05).value, abs=0.003)
    assert ax.get_ylim() == pytest.approx(fit.corpora["general"].ranges["tokens"])
    assert hatched(ax) == 0
    assert "change of general loss over base (nats/token)" in ax.figure.axes[1].get_ylabel()


def test_a_surface_of_changes(changes: World) -> None:
    ratio, tokens = tolerance_line(scaling.plot.surface(changes.fit, 4e7, tolerance=0.05, base_tokens=1e9)).T
    wanted = critical_ratio(changes.fit, 4e7, 1e8, 0.05, base_tokens=1e9).value
    assert ratio[np.argmax(tokens)] == pytest.approx(wanted, abs=0.003)


def test_what_was_not_probed_is_hatched(runs: Runs, fit: Fit) -> None:
    ax = scaling.plot.surface(fit, 4e9, 9e9)
    assert hatched(ax) == 1
    assert ax.get_ylim()[1] == pytest.approx(9e9)
    assert "4x the largest probe" in ax.get_title(loc="left")
    inner = runs.select((runs.frame["ratio"] >= 0.25) & (runs.frame["ratio"] <= 0.75))
    assert hatched(scaling.plot.surface(scaling.fit(inner, draws=0, threads=1), 1e9)) == 2


def test_a_tolerance_that_no_ratio_or_every_ratio_meets(fit: Fit) -> None:
    for base, said in ((1.0, "no ratio passes"), (20.0, "every ratio passes")):
        ax = scaling.plot.surface(fit, 1e9, tolerance=0.05, base_general_loss=base)
        assert said in ax.get_legend().get_texts()[0].get_text()


def test_a_surface_without_base_losses_is_of_the_loss(fit: Fit) -> None:
    bare = replace(fit, base={})
    for ax in (scaling.plot.surface(bare, 1e9), scaling.plot.surface(fit, 1e9, corpus="domain")):
        assert ax.figure.axes[1].get_ylabel().endswith("loss (nats/token)")
        assert "change" not in ax.figure.axes[1].get_ylabel()


def test_surfaces_that_cannot_be_drawn_are_said(runs: Runs, fit: Fit, general_only: World) -> None:
    with pytest.raises(InputError, match="no domain corpus"):
        scaling.plot.surface(general_only.fit, 1e9, corpus="domain")
    with pytest.raises(InputError, match="a tolerance is of the change"):
        scaling.plot.surface(fit, 1e9, corpus="domain", tolerance=0.05)
    blind = scaling.fit(runs.select(runs.frame["params"] == 1e8), draws=0, threads=1)
    for corpus in ("general", "domain"):
        with pytest.raises(InputError, match=r"all probes have 100M params|fitted at one model size"):
            scaling.plot.surface(blind, 1e9, corpus=corpus)
    for bad in (-1.0, 0.0):
        with pytest.raises(InputError, match="above 0"):
            scaling.plot.surface(fit, bad)
        with pytest.raises(InputError, match="above 0"):
            scaling.plot.surface(fit, 1e9, bad)


def test_a_fit_at_a_glance(runs: Runs, fit: Fit) -> None:
    figure = scaling.plot.fit(fit, runs)
    left = [ax for ax in figure.axes if ax.get_xlabel().startswith("ratio")]
    assert [ax.get_ylabel() for ax in left] == [
        "change of general loss over base (nats/token)",
        "domain loss (nats/token)",
    ]
    assert all(any(line.get_linestyle() == "None" for line in ax.lines) for ax in left)
    assert "D-CPT law" in figure.get_suptitle()
    assert len(figure.axes) == 4


def test_a_fit_at_a_glance_without_its_table(fit: Fit, changes: World, general_only: World) -> None:
    for one, count in ((fit, 4), (changes.fit, 4), (general_only.fit, 2)):
        figure = scaling.plot.fit(one)
        assert len(figure.axes) == count
        curves = [line for line in figure.axes[0].lines if len(line.get_xdata()) > 150]
        assert len(curves) == 3
        assert len(figure.axes[0].get_legend().get_texts()) == 3
    assert len(plt.get_fignums()) == 3


def test_a_law_of_changes_at_a_glance_needs_no_base_loss(changes: World) -> None:
    bare = replace(changes.fit, base={})
    assert "change" in scaling.plot.fit(bare).axes[0].get_ylabel()


def test_changes_without_base_losses_are_drawn_as_losses(runs: Runs) -> None:
    without_base = runs.select(runs.frame["tokens"] > 0)
    made = scaling.fit(without_base, draws=0, burn_in=0.25, threads=1)
    for figure in (scaling.plot.fit(made), scaling.plot.fit(made, without_base)):
        assert figure.axes[0].get_ylabel() == "general loss (nats/token)"
