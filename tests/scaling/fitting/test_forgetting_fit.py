"""The forgetting law fitted to run tables: what is recovered, what a table does not tell, and what is saved."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from scaling import critical_ratio
from scaling.errors import InputError
from scaling.fitting import Fit, fit, load_fit
from scaling.fitting.estimation.base_tokens import UNKNOWN
from scaling.fitting.validation import compare_laws, validate_law
from scaling.runs import validate

World = Callable[..., pd.DataFrame]
RiseOf = Callable[..., np.ndarray]
TARGET: dict[str, Any] = {"params": 3e7, "tokens": 1e8}


def fitted(frame: pd.DataFrame, law: str = "forgetting", **options: Any) -> Fit:
    return fit(validate(frame, "runs.csv"), law, **{"draws": 0, "threads": 1, "burn_in": 0.0, **options})


def rises(made: Fit, params: float, tokens: float, unit: tuple[float, float] = (1.0, 1.0)) -> np.ndarray:
    """Fitted rises at some ratios; unit: of params and of tokens."""
    assert made.general is not None
    return made.general.curve(params * unit[0], tokens * unit[1], np.array([0.0, 0.1, 0.3, 0.6, 0.9]))


@pytest.fixture
def expected(forgetting_rise: RiseOf) -> Callable[..., np.ndarray]:
    """The world's rises at the ratios of `rises`."""
    return lambda params, tokens, seen: forgetting_rise(params, tokens, np.array([0.0, 0.1, 0.3, 0.6, 0.9]), seen)


def test_a_world_without_noise_is_recovered(forgetting_world: World, forgetting_truth: dict[str, float]) -> None:
    general = fitted(forgetting_world()).general
    assert general is not None
    found = {name: estimate.value for name, estimate in general.parameters.items()}
    assert found == pytest.approx(forgetting_truth, rel=1e-8)
    assert general.r2 == pytest.approx(1)
    assert (general.status, dict(general.dropped), dict(general.held)) == ("ok", {}, {})


def test_noise_leaves_the_truth_inside_the_intervals(forgetting_fit: Fit, expected: Callable[..., np.ndarray]) -> None:
    general = forgetting_fit.general
    assert general is not None
    found = general.predict(1e7, 1e8, np.array([0.0, 0.1, 0.3, 0.6, 0.9]))
    truth = expected(1e7, 1e8, 1e9)
    assert np.all((found.low - 5e-4 < truth) & (truth < found.high + 5e-4))
    assert np.all(found.high - found.low < 0.01)
    assert general.residual_sd == pytest.approx(np.sqrt(2) * 1e-3, rel=0.3)
    assert np.all(np.asarray(general.misses) < 4e-3)


@pytest.mark.parametrize("unit", [(1e-6, 1e3), (1e3, 1e-9)])
def test_the_units_of_params_and_tokens_do_not_matter(
    forgetting_world: World, forgetting_fit: Fit, unit: tuple[float, float]
) -> None:
    frame = forgetting_world(noise=1e-3)
    scaled = {"params": frame["params"] * unit[0], "tokens": frame["tokens"] * unit[1]}
    other = fitted(frame.assign(**scaled, base_tokens=frame["base_tokens"] * unit[1]))
    for params, tokens in ((1e6, 2e7), (3e7, 4e8)):
        ours = rises(forgetting_fit, params, tokens)
        np.testing.assert_allclose(rises(other, params, tokens, unit), ours, rtol=0, atol=1e-6)


def test_the_domain_loss_is_the_partners_with_the_same_draws(forgetting_world: World) -> None:
    frame = forgetting_world(noise=1e-3, tokens=(2e7, 5e7, 1e8))
    both = fitted(frame, draws=6)
    alone = fitted(frame.drop(columns="general_loss"), "dcpt", draws=6)
    assert both.general is not None
    assert both.domain is not None
    assert alone.domain is not None
    assert (both.law.name, both.general.law.name, both.domain.law.name) == ("forgetting", "forgetting", "dcpt")
    np.testing.assert_allclose(both.domain.theta, alone.domain.theta, rtol=1e-9)
    np.testing.assert_allclose(both.domain.draws, alone.domain.draws, rtol=1e-9)
    assert len(both.general.draws) == len(both.domain.draws) == 6
    assert "general loss" in both.objective
    assert "domain loss" in both.objective


def test_one_size_drops_what_size_protects(forgetting_world: World, expected: Callable[..., np.ndarray]) -> None:
    made = fitted(forgetting_world(sizes=(1e6,)))
    assert made.general is not None
    assert set(made.general.dropped) == {"kappa"}
    assert made.general.held == {"params": 1e6}
    np.testing.assert_allclose(rises(made, 1e6, 5e7), expected(1e6, 5e7, 4e8), atol=1e-8)
    with pytest.raises(InputError, match="all probes have 1M params"):
        rises(made, 3e6, 5e7)


def test_one_token_count_drops_the_growth_with_tokens(
    forgetting_world: World, expected: Callable[..., np.ndarray]
) -> None:
    made = fitted(forgetting_world(tokens=(1e8,)))
    assert made.general is not None
    assert set(made.general.dropped) == {"delta"}
    assert made.general.held == {"tokens": 1e8}
    np.testing.assert_allclose(rises(made, 1e7, 1e8), expected(1e7, 1e8, 1e9), atol=1e-8)
    with pytest.raises(InputError, match="all probes have 100M tokens"):
        rises(made, 1e7, 2e8)


def test_one_token_count_and_bases_of_equal_tokens_leave_the_gain_to_the_floor(
    forgetting_world: World, expected: Callable[..., np.ndarray]
) -> None:
    alike = [1e9 / n for n in (1e6, 3e6, 1e7)]
    made = fitted(forgetting_world(tokens=(1e8,), per_param=alike))
    assert made.general is not None
    assert set(made.general.dropped) == {"g", "delta"}
    np.testing.assert_allclose(rises(made, 1e7, 1e8), expected(1e7, 1e8, 1e9), atol=1e-8)


@pytest.mark.parametrize("ratios", [(0.0, 0.1, 0.25, 0.5, 0.75), (0.1, 0.3, 0.5)])
def test_ratios_without_pure_domain_text_are_enough_between_them(
    forgetting_world: World, expected: Callable[..., np.ndarray], ratios: tuple[float, ...]
) -> None:
    made = fitted(forgetting_world(noise=2e-4, ratios=ratios))
    np.testing.assert_allclose(rises(made, 1e7, 5e7)[:3], expected(1e7, 5e7, 1e9)[:3], atol=2e-3)


def test_two_ratios_pull_the_shift_and_still_answer_between_them(
    forgetting_world: World, expected: Callable[..., np.ndarray]
) -> None:
    made = fitted(forgetting_world(noise=2e-4, ratios=(0.1, 0.6)))
    assert made.general is not None
    assert made.general.status == "not_identified"
    assert any("do not identify m beside" in warning for warning in made.general.warnings)
    np.testing.assert_allclose(rises(made, 1e7, 5e7)[1:4], expected(1e7, 5e7, 1e9)[1:4], atol=4e-3)


def test_two_sizes_tell_what_size_protects(forgetting_world: World, forgetting_truth: dict[str, float]) -> None:
    general = fitted(forgetting_world(sizes=(1e6, 1e7), per_param=(400, 100))).general
    assert general is not None
    assert general.status == "ok"
    assert not any("kappa" in warning for warning in general.warnings)
    assert general.parameters["kappa"].value == pytest.approx(forgetting_truth["kappa"], rel=1e-6)


def test_without_base_tokens_all_bases_are_taken_to_have_seen_as_many(forgetting_world: World) -> None:
    general = fitted(forgetting_world(noise=1e-3).drop(columns="base_tokens")).general
    assert general is not None
    assert general.base_tokens is not None
    assert not general.base_tokens.known
    assert set(general.base_tokens.tokens) == {UNKNOWN * 1e8}
    assert general.r2 > 0.95


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (lambda f: f[f["tokens"] > 0], r"runs\.csv: there is no base general loss .*tokens = 0.* at params = 1e\+06"),
        (lambda f: f.drop(f.index[(f["tokens"] == 0) & (f["params"] == 3e6)]), r"base general loss .* params = 3e\+06"),
        (lambda f: f.drop(columns="general_loss"), "forgetting is of the general loss, and the table has none"),
    ],
)
def test_tables_that_the_law_cannot_use(
    forgetting_world: World, changed: Callable[[pd.DataFrame], pd.DataFrame], says: str
) -> None:
    with pytest.raises(InputError, match=says) as refused:
        fitted(changed(forgetting_world()))
    assert "\n" not in str(refused.value)


def test_a_burn_in_is_chosen_where_the_general_loss_rises_before_it_falls(forgetting_world: World) -> None:
    frame = forgetting_world(noise=1e-4, tokens=np.linspace(1, 12, 12) * 1e7).drop(columns="domain_loss")
    bump = 0.3 * np.exp(-(((frame["tokens"] - 2e7) / 1e7) ** 2))  # gone at 50M of 120M tokens
    bumped = frame.assign(general_loss=frame["general_loss"] + bump.where(frame["tokens"] > 0, 0.0))
    made, whole = fitted(bumped, burn_in=None), fitted(bumped)
    assert made.burn_in == pytest.approx(0.5)
    assert any("the first 0.5 of each run's tokens is left out" in w for w in made.warnings)
    assert made.general is not None
    assert whole.general is not None
    assert made.general.residual_sd == pytest.approx(np.sqrt(2) * 1e-4, rel=0.3)
    assert whole.general.residual_sd > 0.01


def test_a_step_that_the_floor_takes_is_no_reason_for_a_burn_in(forgetting_world: World) -> None:
    """From the base loss to h, then down: this is the law's own shape, and the base loss is no row of its fit."""
    made = fitted(forgetting_world(noise=1e-4, tokens=np.linspace(1, 12, 12) * 1e7), burn_in=None)
    assert made.burn_in == 0
    assert not any("cannot follow" in warning for warning in made.warnings)


def test_a_saved_fit_plans_the_same_to_the_last_bit(forgetting_fit: Fit, tmp_path: Path) -> None:
    forgetting_fit.save(tmp_path / "fit.json")
    again = load_fit(tmp_path / "fit.json")
    for options in ({}, {"relative": True, "tolerance": 0.02}, {"base_tokens": 5e9}):
        ours, theirs = (critical_ratio(one, **{**TARGET, **options}) for one in (forgetting_fit, again))
        assert theirs == ours
    assert again.general is not None
    assert forgetting_fit.general is not None
    assert again.general.base_tokens == forgetting_fit.general.base_tokens
    assert again.general.misses == forgetting_fit.general.misses
    assert again.predict(1e7, 1e8, 0.3) == forgetting_fit.predict(1e7, 1e8, 0.3)


@pytest.mark.parametrize(
    "change",
    [
        lambda general: general.pop("base_tokens"),
        lambda general: general.update(base_tokens=None),
        lambda general: general["base_tokens"]["tokens"].pop(),
        lambda general: general["base_tokens"].update(params=[], tokens=[]),
        lambda general: general["base_tokens"]["tokens"].__setitem__(0, -1.0),
    ],
)
def test_a_saved_fit_without_sound_base_tokens_is_refused(
    forgetting_fit: Fit, tmp_path: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    path = tmp_path / "fit.json"
    forgetting_fit.save(path)
    content = json.loads(path.read_text())
    change(content["general"])
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"fit\.json: is not a sound saved fit .*base_tokens"):
        load_fit(path)


def test_fits_saved_before_there_were_base_tokens_and_misses_still_load(
    forgetting_world: World, tmp_path: Path
) -> None:
    made, path = fitted(forgetting_world(noise=1e-3, tokens=(2e7, 1e8)), "dcpt"), tmp_path / "fit.json"
    made.save(path)
    content = json.loads(path.read_text())
    for corpus in ("general", "domain"):
        del content[corpus]["base_tokens"], content[corpus]["misses"]
    path.write_text(json.dumps(content))
    again = load_fit(path)
    assert again.general is not None
    assert (again.general.base_tokens, again.general.misses) == (None, ())
    ours, theirs = (critical_ratio(one, **TARGET) for one in (made, again))
    assert (theirs.value, theirs.status) == (ours.value, ours.status)


def test_a_prediction_adds_the_base_loss_of_the_size(forgetting_fit: Fit) -> None:
    assert forgetting_fit.general is not None
    rise = forgetting_fit.general.predict(3e6, 5e7, 0.3)
    base = forgetting_fit.base_losses("general").at(3e6)
    found = forgetting_fit.predict(3e6, 5e7, 0.3)
    assert found["general_loss"] == rise.shifted(base)
    assert found["general_loss"].low < found["general_loss"].value < found["general_loss"].high
    grid = forgetting_fit.predict([[1e6], [3e6]], 5e7, [0.1, 0.3])["general_loss"].value
    assert grid.shape == (2, 2)
    assert grid[1, 1] == pytest.approx(found["general_loss"].value)
    with pytest.raises(InputError, match=r"no base general loss .* at params = 3e\+07 to add them to"):
        forgetting_fit.predict(3e7, 5e7, 0.3)


def test_held_out_sizes_are_predicted(forgetting_world: World) -> None:
    runs = validate(forgetting_world(noise=1e-4, tokens=(2e7, 5e7, 1e8)))
    found = validate_law(runs, "forgetting", "params", threads=1)
    (group,) = found.groups
    assert group.split.name == "10M params"
    assert group.scores["general"].mape < 2e-3


def test_it_is_compared_beside_dcpt(forgetting_world: World) -> None:
    runs = validate(forgetting_world(noise=1e-4, tokens=(2e7, 5e7, 1e8)))
    found = compare_laws(runs, ("dcpt", "forgetting"), ("params",), threads=1)
    general = {law: places["params"].scores["general"] for law, places in found.placings.items()}
    assert found.best == "forgetting"
    assert general["forgetting"].rows == general["dcpt"].rows > 0
    assert general["forgetting"].mape < 0.5 * general["dcpt"].mape
