import numpy as np
import pytest

from scaling.fitting import fit
from scaling.fitting.engine.covariance import standard_errors
from scaling.fitting.engine.model import compile_law
from scaling.fitting.engine.objective import Objective
from scaling.fitting.engine.search import Data, cold_fit
from scaling.fitting.engine.solver import Options
from scaling.fitting.estimation.identify import Reduction, level_count, reduce_law, unseen_directions
from scaling.fitting.intervals.bootstrap import choose_method, resample
from scaling.laws import get_law
from scaling.runs import validate


def grid(params=(1.0, 2.0, 4.0), tokens=(1.0, 3.0, 9.0), share=(0.0, 0.2, 0.5, 0.8, 1.0)):
    mesh = np.meshgrid(params, tokens, share, indexing="ij")
    return {name: axis.ravel() for name, axis in zip(("params", "tokens", "share"), mesh, strict=True)}


def reduced(law: str, x: dict[str, np.ndarray]) -> Reduction:
    """The law on a table of which every row is a run."""
    return reduce_law(get_law(law), x, np.arange(len(x["share"])))


@pytest.mark.parametrize(
    ("values", "count"), [([1e9, 1e9], 1), ([1e9, 1e9 + 1], 1), ([1, 1.001], 2), ([0, 0, 0.1], 2), ([3], 1)]
)
def test_shares_count_as_different_but_for_their_last_digits(values, count):
    assert level_count("share", np.array(values, float), np.arange(len(values))) == count


@pytest.mark.parametrize("variable", ["params", "tokens", "progress"])
def test_counts_within_a_percent_count_as_one(variable):
    ends = np.array([1.998e9, 2e9, 2.003e9, 4e9])
    assert level_count(variable, ends, np.arange(4)) == 2
    assert level_count(variable, ends, np.array([0, 1, 0, 1])) == 2
    checkpoints = np.array([1.99e9, 2e9, 2.003e9])
    assert level_count(variable, checkpoints, np.zeros(3, int)) == 3


@pytest.mark.parametrize(
    ("lacks", "left", "text"),
    [
        ({}, "E A alpha B beta eta C gamma eps", "L = E + A / N^alpha + B * r^eta / D^beta + C / (r + eps)^gamma"),
        ({"params": (1.0,)}, "E B beta eta C gamma eps", "L = E + B * r^eta / D^beta + C / (r + eps)^gamma"),
        ({"tokens": (1.0,)}, "E A alpha C gamma eps", "L = E + A / N^alpha + C / (r + eps)^gamma"),
        ({"share": (0.5,)}, "E A alpha B beta", "L = E + A / N^alpha + B / D^beta"),
        ({"params": (1.0,), "tokens": (1.0,)}, "E C gamma eps", "L = E + C / (r + eps)^gamma"),
        ({"params": (1.0,), "share": (0.0,)}, "E B beta", "L = E + B / D^beta"),
    ],
)
def test_reduction_of_dcpt(lacks, left, text):
    reduction = reduced("dcpt", grid(**lacks))
    assert reduction.law.names == tuple(left.split())
    assert reduction.law.text() == text
    assert set(reduction.dropped) | set(reduction.law.names) == set(get_law("dcpt").names)
    assert set(reduction.held) == set(lacks)
    assert not reduction.pulled


@pytest.mark.parametrize(
    ("few", "pulled"),
    [
        ({"params": (1.0, 2.0)}, {"alpha"}),
        ({"tokens": (1.0, 2.0)}, {"beta"}),
        ({"share": (0.1, 0.5, 1.0)}, {"eps"}),
        ({"share": (0.1, 1.0)}, {"eps", "gamma"}),
        ({"params": (1.0, 2.0), "tokens": (1.0, 2.0)}, {"alpha", "beta"}),
    ],
)
def test_too_few_values_for_a_shape_name_the_parameters(few, pulled):
    reduction = reduced("dcpt", grid(**few))
    assert set(reduction.pulled) == pulled
    assert not reduction.dropped
    for name in pulled:
        assert name in reduction.pulled[name]
        assert "would identify it" in reduction.pulled[name]


def test_chinchilla_reduces_too():
    reduction = reduced("chinchilla", grid(params=(1.0,)))
    assert reduction.law.names == ("E", "B", "beta")


def test_sizes_that_hardly_differ_are_no_sizes(world):
    frame = world(noise=2e-3, sizes=(1e9, 1.015e9, 1.03e9))
    made = fit(validate(frame, "w"), draws=0, threads=1).domain
    assert made.status == "not_identified"
    assert any("about alpha" in w and "wider range of model sizes" in w for w in made.warnings)
    assert made.parameters["alpha"].value == pytest.approx(0.34, abs=0.05)


def test_unseen_directions_are_named():
    column = np.random.default_rng(0).normal(size=(3, 50))
    column[2] = 2 * column[0]
    condition, unseen = unseen_directions(column @ column.T, np.ones(3, bool), ("A", "B", "E"))
    assert unseen == [("A", "E")]
    assert condition > 1e6
    assert unseen_directions(np.eye(3), np.ones(3, bool), ("A", "B", "E")) == (1.0, [])


def test_standard_errors_of_a_linear_law():
    """With plain squares and independent rows they are the textbook's."""
    rng = np.random.default_rng(0)
    share = np.linspace(0.05, 1, 400)
    law = get_law("cmr_ratio")
    observed = law.value(np.array([0.5, -0.2, 1.5]), {"share": share}) + rng.normal(0, 0.01, 400)
    model = compile_law(law, {"share": share})
    data, squares = Data(observed, np.arange(400)), Objective("raw", "squared")
    best = cold_fit(model, data, squares, Options(threads=1))
    errors = standard_errors(model, data.problems(best.q[None]), squares, best.q, np.ones(3, bool))
    slopes = law.gradient(model.natural(best.q), {"share": share})
    textbook = 0.01 * np.sqrt(np.diag(np.linalg.inv(slopes @ slopes.T)))
    np.testing.assert_allclose(errors, textbook, rtol=0.15)


def test_few_runs_choose_the_wild_bootstrap():
    assert choose_method("runs", 28, 9) == ("runs", None)
    assert choose_method("runs", 17, 9)[1].endswith("17 runs for 9 free parameters (fewer than 2 each)")
    assert choose_method("wild", 100, 9)[1].endswith("asked for")


def test_resampling_keeps_each_size_and_every_run():
    strata = np.repeat([0, 1, 2, 3], [6, 5, 2, 1])
    drawn = resample("runs", strata, 4000, 0).draws
    assert (drawn > 0).all()
    assert (drawn.std(axis=0) > 0.5).all()
    for pooled in ([0], [1], [2, 3]):
        mine = np.isin(strata, pooled)
        np.testing.assert_allclose(drawn[:, mine].sum(axis=1), mine.sum())
    wild = resample("wild", strata, 5000, 0).draws
    assert wild.mean() == pytest.approx(0, abs=0.02)
    assert wild.var() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize(("parameters", "variance"), [(0, 1.0), (9, 1.5), (12, 1.8)])
def test_weights_vary_more_where_parameters_have_followed_the_noise(parameters, variance):
    drawn = resample("runs", np.repeat([0, 1, 2], 9), 20000, 0, parameters).draws
    np.testing.assert_allclose(drawn.var(axis=0), variance, rtol=0.1)


def test_a_large_table_is_thinned_only_for_its_starts(world, monkeypatch):
    frame = world(noise=1e-3)
    whole = fit(validate(frame, "w"), draws=0, threads=1)
    monkeypatch.setattr("scaling.fitting.engine.search.THINNED", 100)
    thinned = fit(validate(frame, "w"), draws=0, threads=1)
    assert thinned.domain.huber == pytest.approx(whole.domain.huber, rel=1e-7)
    assert thinned.general.huber == pytest.approx(whole.general.huber, rel=1e-7)
