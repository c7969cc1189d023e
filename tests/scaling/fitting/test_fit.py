import os
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaling.errors import InputError
from scaling.fitting import fit
from scaling.fitting.engine.model import compile_law
from scaling.fitting.engine.objective import Objective
from scaling.fitting.engine.problems import Data
from scaling.fitting.engine.search import cold_fit
from scaling.fitting.engine.solver import Options
from scaling.laws import get_law
from scaling.runs import validate

WHERE = {"params": 8e9, "tokens": 20e9, "ratio": 0.3}


def digits(got, expected):
    """Digits of agreement, as the certified-answer tests of lmfit count them."""
    return -np.log10(max(abs(got - expected) / abs(expected), 1e-16))


def fitted(frame, law="dcpt", **options):
    return fit(validate(frame, "runs.csv"), law, **{"draws": 0, "threads": 1, **options})


@pytest.mark.parametrize("law", ["dcpt", "chinchilla"])
def test_a_world_without_noise_is_recovered(world, truth, law):
    frame = world() if law == "dcpt" else world().query("ratio == 0.5").drop(columns="general_loss")
    made = fitted(frame, law)
    for corpus, one in made.corpora.items():
        if law == "dcpt":
            for name, estimate in one.parameters.items():
                assert digits(estimate.value, truth[corpus][name]) > 5, name
        assert one.huber < 1e-15
        assert one.r2 == pytest.approx(1)
    far = made.domain.curve(8e9, 20e9, 0.5)
    theta = np.array([truth["domain"][n] for n in get_law("dcpt").names])
    expected = get_law("dcpt").value(
        theta, {"params": np.array([8e9]), "tokens": np.array([20e9]), "share": np.array([0.5])}
    )
    assert digits(float(far), float(expected[0])) > 6


def test_noise_leaves_the_truth_inside_the_intervals(world, truth):
    made = fitted(world(noise=1e-3), draws=200)
    law = get_law("dcpt")
    for corpus, one in made.corpora.items():
        share = 0.3 if corpus == "domain" else 0.7
        theta = np.array([truth[corpus][n] for n in law.names])
        x = {"params": np.array([8e9]), "tokens": np.array([20e9]), "share": np.array([share])}
        loss = made.predict(**WHERE)[f"{corpus}_loss"]
        assert loss.low < law.value(theta, x)[0] < loss.high
        assert 0 < loss.high - loss.low < 0.1
        wide = made.predict(**WHERE, kind="prediction")[f"{corpus}_loss"]
        assert wide.high - wide.low > loss.high - loss.low
        assert one.residual_sd == pytest.approx(np.sqrt(2) * 1e-3, rel=0.3)


@given(tokens=st.floats(1e-9, 1e3), params=st.floats(1e-9, 1e3))
@settings(max_examples=5, deadline=None)
def test_units_do_not_matter(world, tokens, params):
    frame = world(noise=1e-3, checkpoints=5)
    changed = frame.assign(tokens=frame["tokens"] * tokens, params=frame["params"] * params)
    one, other = fitted(frame).domain, fitted(changed).domain
    assert other.huber == pytest.approx(one.huber, rel=1e-8)
    there = other.curve(8e9 * params, 20e9 * tokens, 0.3)
    assert float(there) == pytest.approx(float(one.curve(8e9, 20e9, 0.3)), rel=1e-4)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=3, deadline=None)
def test_row_order_and_run_names_do_not_matter(world, seed):
    frame = world(noise=1e-3, checkpoints=5)
    mixed = frame.sample(frac=1, random_state=seed).assign(run=lambda f: "x" + f["run"])
    one, other = fitted(frame).general, fitted(mixed).general
    assert other.huber == pytest.approx(one.huber, rel=1e-8)
    assert float(other.curve(8e9, 20e9, 0.3)) == pytest.approx(float(one.curve(8e9, 20e9, 0.3)), rel=1e-4)


def test_a_seed_makes_the_draws_and_corpora_share_them(world):
    frame = world(noise=1e-3, checkpoints=5)
    one, same, other = (fitted(frame, draws=20, seed=s) for s in (0, 0, 1))
    np.testing.assert_array_equal(one.general.draws, same.general.draws)
    assert not np.allclose(one.general.draws, other.general.draws)
    twin = frame.assign(general_loss=frame["domain_loss"], ratio=frame["ratio"])
    alone = fitted(twin.drop(columns="general_loss"), draws=20)
    np.testing.assert_allclose(alone.domain.draws, one.domain.draws)


def test_rows_with_zero_tokens_give_base_losses_and_are_not_fitted(world):
    frame = world(noise=1e-3, checkpoints=5)
    start = frame.groupby("run").first().reset_index().assign(tokens=0.0, general_loss=9.0, domain_loss=9.5)
    made = fitted(pd.concat([frame, start]), burn_in=0)
    assert made.general.rows == len(frame)
    assert made.general.ranges["tokens"] == (frame["tokens"].min(), frame["tokens"].max())
    assert made.base["general"].losses == (9.0,) * 4
    assert made.general.r2 > 0.99


@pytest.mark.parametrize(
    ("query", "gone", "held", "refused"),
    [
        ("params == 1e9", {"A", "alpha"}, {"params": 1e9}, {"params": 2e9}),
        ("tokens == tokens.max()", {"B", "beta", "eta"}, {"tokens": 10e9}, {"tokens": 2e9}),
        ("ratio == 0.5", {"eta", "C", "gamma", "eps"}, {"ratio": 0.5}, {"ratio": 0.4}),
        (
            "params == 1e9 and tokens == tokens.max()",
            {"A", "alpha", "B", "beta", "eta"},
            {"params": 1e9, "tokens": 10e9},
            {"tokens": 1e9},
        ),
    ],
)
def test_a_table_that_lacks_a_dimension(world, query, gone, held, refused):
    frame = world(noise=5e-4).query(query)
    made = fitted(frame, draws=30)
    inside = {"params": 1e9, "tokens": 10e9, "ratio": 0.5}
    for one in made.corpora.values():
        assert set(one.dropped) == gone
        assert not gone & set(one.parameters)
        assert one.held == pytest.approx(held)
        assert one.status == "warning"
        measured = frame.query("params == 1e9 and ratio == 0.5 and tokens == tokens.max()")[f"{one.corpus}_loss"].iloc[
            0
        ]
        assert one.predict(**inside).value == pytest.approx(measured, rel=3e-3)
        assert np.isfinite(one.draws).all()
        (name,) = refused
        with pytest.raises(InputError, match={"ratio": "only one ratio"}.get(name, f"all probes have .* {name}")):
            one.predict(**{**inside, **refused})


@pytest.mark.parametrize(
    ("query", "parameters", "ratio"),
    [
        ("params <= 1e9", {"alpha"}, 0.3),
        ("ratio in (0.25, 0.75)", {"gamma", "eps"}, 0.02),
        ("tokens >= 5e9", {"beta"}, 0.3),
    ],
)
def test_two_values_of_a_dimension_predict_with_a_wide_interval(world, query, parameters, ratio):
    frame = world(noise=5e-4).query(query)
    made = fitted(frame, draws=60).domain
    assert made.status == "not_identified"
    for name in parameters:
        assert any(f"do not identify {name} beside" in w for w in made.warnings)
    full = fitted(world(noise=5e-4), draws=60).domain
    far = {"params": 16e9, "tokens": 200e9, "ratio": ratio}
    there, known = made.predict(**far), full.predict(**far)
    assert there.high - there.low > 1.5 * (known.high - known.low)
    assert there.low < known.value < there.high


def test_dcpt_table_5(published):
    table = pd.read_csv(published / "dcpt_table5_chemistry.csv")
    made = fit(validate(table, "table 5"), "dcpt", threads=1)
    general = made.general
    assert set(general.parameters) == {"E", "C", "gamma", "eps"}
    assert any("wild bootstrap" in w for w in general.warnings)
    ratios = np.linspace(0.9, 1.0, 10001)
    limit = 1.03 * 2.8602
    assert ratios[general.curve(1.8e9, 10e9, ratios) <= limit].max() == pytest.approx(0.924, abs=0.005)
    drawn = general.curve(1.8e9, 10e9, ratios, draws=True) <= limit
    roots = np.where(drawn.any(axis=1), ratios[drawn.shape[1] - 1 - drawn[:, ::-1].argmax(axis=1)], np.nan)
    low, high = np.nanquantile(roots, [0.05, 0.95])
    assert 0.90 < low < 0.924 < high < 0.94


def test_burn_in_given_leaves_the_beginning_of_each_run_out(world):
    frame = world(noise=1e-3)
    frame.loc[frame["params"] == 1e9, "tokens"] *= 3
    made = fitted(frame, burn_in=0.25)
    last = frame.groupby("run")["tokens"].transform("max")
    assert made.burn_in == 0.25
    assert made.general.rows == int((frame["tokens"] >= 0.25 * last).sum())


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"burn_in": 1.0}, "burn_in"),
        ({"level": 90}, "level"),
        ({"draws": -1}, "draws"),
        ({"delta": 0}, "delta"),
        ({"resample": "rows"}, "resample"),
        ({"loss": "l1"}, "loss"),
        ({"residual": "relative"}, "residual"),
        ({"weights": "se"}, "general_loss_se"),
        ({"weights": "rows"}, "weights"),
        ({"loss": "absolute"}, "loss is 'absolute'"),
        ({"residual": "plain"}, "residual is 'plain'"),
        ({"law": "dcpd"}, "no law"),
        ({"law": "cmr_critical"}, "ratio"),
        ({"law": "cmr_token"}, "base general loss"),
    ],
)
def test_options_that_cannot_be_used(world, options, says):
    with pytest.raises(InputError, match=says):
        fitted(world(), **options)


def test_too_little_to_fit(world):
    frame = world()
    with pytest.raises(InputError, match=r"runs\.csv: the rows of general_loss have one model size"):
        fitted(frame.iloc[:1])
    with pytest.raises(InputError, match="rows of general_loss cannot fit"):
        fitted(frame.groupby("params").head(1).assign(ratio=[0.1, 0.2, 0.3, 0.4]))


def test_standard_errors_weight_rows_when_asked(world):
    frame = world(noise=1e-3, checkpoints=5)
    bad = frame["ratio"] == 0.25
    frame.loc[bad, "domain_loss"] *= 1.1
    frame["domain_loss_se"] = np.where(bad, 1.0, 1e-3)
    plain, weighted = (fitted(frame.drop(columns="general_loss"), weights=w).domain for w in (None, "se"))
    good = fitted(frame[~bad].drop(columns="general_loss")).domain
    at = {"params": 1e9, "tokens": 1e9, "ratio": 0.25}
    assert float(weighted.curve(**at)) == pytest.approx(float(good.curve(**at)), rel=1e-3)
    assert plain.huber > good.huber


@pytest.mark.parametrize(
    "objective", [{"loss": "squared"}, {"residual": "raw"}, {"loss": "squared", "residual": "raw"}]
)
def test_other_objectives(world, objective):
    frame = world(noise=1e-3, checkpoints=5)
    made, default = fitted(frame, draws=20, **objective), fitted(frame)
    at = {"params": 2e9, "tokens": 5e9, "ratio": 0.4}
    for corpus, one in made.corpora.items():
        other = default.corpora[corpus]
        assert float(one.curve(**at)) == pytest.approx(float(other.curve(**at)), rel=2e-3)
        assert one.huber > other.huber  # both on log residuals, which the default minimises
        assert one.residual_sd == pytest.approx(other.residual_sd, rel=0.1)
        assert np.isfinite(one.draws).all()
    if objective.get("loss") == "squared":
        where = (frame["params"], frame["tokens"], frame["ratio"])
        miss = [f.domain.curve(*where) - frame["domain_loss"] for f in (made, default)]
        miss = miss if "residual" in objective else [np.log1p(m / frame["domain_loss"]) for m in miss]
        assert (miss[0] ** 2).sum() <= (miss[1] ** 2).sum()
    assert ("plain" in made.objective) == ("residual" in objective)
    assert default.objective == "Huber of log residuals, delta 0.001"


def test_weights_by_standard_error_are_on_the_objectives_residuals(world):
    frame = world(noise=1e-3, checkpoints=5).drop(columns="general_loss")
    same_sd = frame.assign(domain_loss_se=0.01)
    plain, weighted = (fitted(same_sd, residual="raw", weights=w).domain for w in (None, "se"))
    np.testing.assert_allclose(weighted.theta, plain.theta)
    relative = frame.assign(domain_loss_se=0.01 * frame["domain_loss"])
    plain, weighted = (fitted(relative, weights=w).domain for w in (None, "se"))
    np.testing.assert_allclose(weighted.theta, plain.theta, rtol=1e-6)
    with pytest.raises(InputError, match=r"runs.csv: run .*, tokens .*, column domain_loss_se: .* above 0"):
        fitted(frame.assign(domain_loss_se=0.0), weights="se")


@pytest.mark.parametrize("loss", ["huber", "squared"])
@pytest.mark.parametrize("residual", ["log", "raw"])
def test_every_objective_recovers_a_world_without_noise(world, truth, loss, residual):
    made = fitted(world(checkpoints=5), loss=loss, residual=residual).domain
    for name, estimate in made.parameters.items():
        assert digits(estimate.value, truth["domain"][name]) > 4, name


def test_squared_and_huber_part_ways_at_an_outlier(world):
    frame = world(noise=1e-3, checkpoints=5).drop(columns="general_loss")
    clean = fitted(frame).domain
    frame.loc[frame.index[7], "domain_loss"] *= 1.2
    robust, squared = (fitted(frame, loss=loss).domain for loss in ("huber", "squared"))
    moved = [abs(float(one.curve(**WHERE)) - float(clean.curve(**WHERE))) for one in (robust, squared)]
    assert moved[0] < 0.3 * moved[1]


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=5, deadline=None)
def test_a_row_of_weight_two_is_the_row_twice(world, seed):
    frame = world(noise=1e-3, checkpoints=4, seed=3)
    twice = np.random.default_rng(seed).random(len(frame)) < 0.2
    law = get_law("dcpt")
    x = {v: frame[c].to_numpy() for v, c in (("params", "params"), ("tokens", "tokens"), ("share", "ratio"))}
    y, rows = np.log(frame["domain_loss"].to_numpy()), np.append(np.arange(len(frame)), np.flatnonzero(twice))
    group, one = np.zeros(len(rows), np.intp), Options(threads=1)
    weighted, repeated = compile_law(law, x), compile_law(law, {v: values[rows] for v, values in x.items()})
    a = cold_fit(weighted, Data(y, group[: len(y)], 1.0 + twice), Objective(), one)
    b = cold_fit(repeated, Data(y[rows], group), Objective(), one)
    assert a.objective == pytest.approx(b.objective, rel=1e-8)
    far = {"params": np.array([8e9]), "tokens": np.array([20e9]), "share": np.array([0.3])}
    one_loss, other = (law.value(m.natural(o.q), far)[0] for m, o in ((weighted, a), (repeated, b)))
    assert one_loss == pytest.approx(other, rel=1e-5)


@given(st.text("abc-_.7 é", min_size=1, max_size=8))
@settings(max_examples=5, deadline=None)
def test_a_constant_added_to_every_run_id_changes_nothing(world, prefix):
    frame = world(noise=1e-3, checkpoints=4)
    one = fitted(frame, draws=5)
    other = fitted(frame.assign(run=prefix + frame["run"]), draws=5)
    np.testing.assert_array_equal(one.domain.theta, other.domain.theta)
    np.testing.assert_array_equal(one.domain.draws, other.domain.draws)


@pytest.mark.parametrize("method", ["runs", "wild", "sandwich"])
def test_resampling_methods_agree_on_the_width(world, method):
    frame = world(noise=1e-3)
    made = fitted(frame, draws=300, resample=method)
    reference = fitted(frame, draws=300)
    for name, loss in made.predict(**WHERE).items():
        known = reference.predict(**WHERE)[name]
        assert loss.value == known.value
        assert 0.5 < (loss.high - loss.low) / (known.high - known.low) < 2
    assert any(method in w for w in made.general.warnings) == (method != "runs")


def test_sandwich_draws_are_paired_and_seeded(world):
    frame = world(noise=1e-3, checkpoints=5)
    one, same = (fitted(frame, draws=20, resample="sandwich") for _ in range(2))
    np.testing.assert_array_equal(one.general.draws, same.general.draws)
    twin = frame.assign(general_loss=frame["domain_loss"], ratio=frame["ratio"])
    alone = fitted(twin.drop(columns="general_loss"), draws=20, resample="sandwich")
    np.testing.assert_allclose(alone.domain.draws, one.domain.draws)


def test_curve_broadcasts(world):
    made = fitted(world(noise=1e-3, checkpoints=5), draws=7)
    grid = made.general.curve([[1e9], [2e9]], 5e9, [0.1, 0.2, 0.3])
    assert grid.shape == (2, 3)
    assert made.general.curve([[1e9], [2e9]], 5e9, [0.1, 0.2, 0.3], draws=True).shape == (7, 2, 3)
    assert made.general.curve(1e9, 5e9, 0.1).shape == ()
    assert made.general.curve(1e9, 5e9, 0.1, draws=True).shape == (7,)
    assert grid[1, 2] == made.general.curve(2e9, 5e9, 0.3)


def test_summary_names_what_matters(world):
    text = fitted(world(noise=1e-3).query("params == 1e9"), draws=20).summary()
    for part in ("D-CPT", "arXiv 2406.01375", "gamma", "held: params", "R2", "burn-in", "interval 90 %"):
        assert part in text


def test_predictions_outside_what_a_loss_is_defined_for_are_refused(world):
    made = fitted(world())
    for where in ({"ratio": 1.5}, {"params": -1.0}, {"tokens": 0.0}):
        with pytest.raises(InputError, match=next(iter(where))):
            made.predict(**{"params": 1e9, "tokens": 1e9, "ratio": 0.5, **where})


def test_a_negative_seed_is_refused(world):
    with pytest.raises(InputError, match="seed"):
        fit(validate(world()), seed=-1)


def test_the_printed_summary_is_the_golden_file(world):
    """SCALING_GOLDEN=write rewrites it; look at the difference before you commit it."""
    frame = world(noise=1e-3, checkpoints=5).query("params <= 1e9")
    text = fitted(frame, draws=20, threads=1).summary() + "\n"
    golden = Path(__file__).parent / "golden" / "summary.txt"
    if os.environ.get("SCALING_GOLDEN") == "write":
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    expected = golden.read_text(encoding="utf-8")
    assert NUMBER.sub("#", re.sub(" +", " ", text)) == NUMBER.sub("#", re.sub(" +", " ", expected))
    # The last digits differ between machines.
    got, wanted = ([float(m.group()) for m in NUMBER.finditer(t)] for t in (text, expected))
    np.testing.assert_allclose(got, wanted, rtol=0.05, atol=1e-6)


NUMBER = re.compile(r"(?<![\w.])\d+(\.\d+)?(e[+-]\d+)?")
