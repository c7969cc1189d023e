import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scaling import critical_ratio, fit, load_runs
from scaling.errors import InputError
from scaling.fitting import Fit

MakeFit = Callable[..., Fit]
PUBLISHED = Path(__file__).parents[3] / "data" / "published"
TABLE5 = PUBLISHED / "dcpt_table5_chemistry.csv"
quick = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def closed_form(tolerance: float, offset: float = 2.2) -> float:
    """C / (1 - R + eps)^gamma = offset + tolerance - E, with the fixtures' parameters."""
    return 1 + 0.02 - (0.25 / (offset + tolerance - 1.9)) ** (1 / 0.15)


@pytest.mark.parametrize("params", [1e8, 1e9, 7e9])
@pytest.mark.parametrize("tolerance", [0.0, 0.02, 0.05, 0.1])
def test_closed_form(make_fit: MakeFit, params: float, tolerance: float) -> None:
    plan = critical_ratio(make_fit(), params, 1e9, tolerance)
    assert plan.status == "ok"
    assert plan.value == pytest.approx(closed_form(tolerance), abs=1e-9)
    assert plan.interval == pytest.approx((plan.value, plan.value), abs=1e-9)
    assert plan.general_loss.value == pytest.approx(plan.base_general_loss.value + tolerance, abs=1e-9)


@given(a=st.floats(0, 0.3), b=st.floats(0, 0.3), scale=st.floats(1.0, 7.0))
@quick
def test_monotone_in_the_tolerance_and_inside_zero_to_one(make_fit: MakeFit, a: float, b: float, scale: float) -> None:
    fitted = make_fit()
    low, high = (critical_ratio(fitted, 1e9 * scale, 1e9, t) for t in sorted((a, b)))
    assert 0 <= low.value <= high.value <= 1


@given(tolerance=st.floats(0, 0.05))
@quick
def test_relative_and_absolute_agree(make_fit: MakeFit, tolerance: float) -> None:
    random = np.random.default_rng(0)
    theta = make_fit().general.theta
    fitted = make_fit(draws=theta * random.normal(1, 0.01, (40, 9)), base=[2.19, 2.2, 2.22])
    relative = critical_ratio(fitted, 7e9, 1e9, tolerance, relative=True)
    base = relative.base_general_loss.value
    absolute = critical_ratio(fitted, 7e9, 1e9, tolerance * base)
    assert absolute.value == pytest.approx(relative.value, abs=1e-9)
    assert absolute.interval == pytest.approx(relative.interval, abs=1e-9)


def test_a_given_base_loss_replaces_the_carried_one(make_fit: MakeFit, size_term: Callable[[float], float]) -> None:
    plan = critical_ratio(make_fit(base=9.0), 7e9, 1e9, 0.05, base_general_loss=2.2 + size_term(7e9))
    assert plan.value == pytest.approx(closed_form(0.05), abs=1e-9)
    assert not any("carried" in warning for warning in plan.warnings)


def test_the_interval_is_the_draws_quantiles(make_fit: MakeFit) -> None:
    theta = make_fit().general.theta
    draws = np.tile(theta, (201, 1))
    draws[:, 6] = np.linspace(0.24, 0.26, 201)
    plan = critical_ratio(make_fit(draws=draws), 1e9, 1e9, 0.05, level=0.8)
    expected = [1.02 - (c / 0.35) ** (1 / 0.15) for c in (0.258, 0.242)]
    assert plan.interval == pytest.approx(expected, abs=1e-6)


def test_parameters_that_are_not_told_apart_do_not_stop_a_plan(make_fit: MakeFit) -> None:
    plan = critical_ratio(make_fit(status="not_identified", warnings=("E and C are not told apart",)), 1e9, 1e9)
    assert plan.status == "ok"
    assert plan.warnings[-1] == "general fit: E and C are not told apart"


def test_draws_without_an_answer_count_as_zero(make_fit: MakeFit) -> None:
    theta = make_fit().general.theta
    draws = np.tile(theta, (10, 1))
    draws[:2, 0] += 1.0
    plan = critical_ratio(make_fit(draws=draws), 1e9, 1e9, 0.05)
    assert plan.status == "ok"
    assert plan.interval[0] == 0.0
    assert any("in 20 % of the draws" in warning for warning in plan.warnings)


def test_no_forgetting_is_unconstrained(make_fit: MakeFit) -> None:
    theta = make_fit().general.theta.copy()
    theta[6] = 0.0
    plan = critical_ratio(make_fit(theta), 1e9, 1e9, 0.0)
    assert (plan.status, plan.value, plan.interval) == ("unconstrained", 1.0, (1.0, 1.0))
    assert "every ratio" in plan.summary()


def test_forgetting_at_any_ratio_is_infeasible(make_fit: MakeFit) -> None:
    plan = critical_ratio(make_fit(base=2.0), 1e9, 1e9, 0.05)
    assert plan.status == "infeasible"
    assert math.isnan(plan.value)
    least = 1.9 + 0.25 * 1.02**-0.15 - 2.05
    assert f"exceeds the tolerance by {least:.4f} nats, at ratio 0;" in plan.warnings[0]
    assert plan.to_json_dict()["critical_ratio"]["value"] is None
    assert "no ratio stays" in plan.summary()


def test_a_loss_that_first_falls_with_the_ratio(make_fit: MakeFit) -> None:
    theta = make_fit().general.theta.copy()
    theta[[3, 4, 5]] = 0.5, 0.0, 1.0  # B r_g: falls as the ratio grows
    plan = critical_ratio(make_fit(theta, base=2.45), 1e9, 1e9, 0.05)
    assert plan.status == "ok"
    assert any("below ratio" in warning for warning in plan.warnings)


def test_not_identified_says_why(make_fit: MakeFit) -> None:
    one_size = make_fit(held={"params": 1e9}, ranges={"params": (1e9, 1e9), "tokens": (1e8, 1e9), "ratio": (0, 1)})
    plan = critical_ratio(one_size, 7e9, 1e9)
    assert plan.status == "not_identified"
    assert plan.warnings == ("all probes have 1B params, so nothing is known at 7B",)
    assert critical_ratio(one_size, 1.005e9, 1e9).status == "ok"
    assert "one ratio" in critical_ratio(make_fit(held={"share": 0.5}), 1e9, 1e9).warnings[0]
    no_base = replace(make_fit(), base={"general": []})
    assert "--base-general-loss" in critical_ratio(no_base, 7e9, 1e9).warnings[0]
    assert "does not look at the ratio" in critical_ratio(make_fit(law="chinchilla"), 1e9, 1e9).warnings[0]
    assert "does not look at" in critical_ratio(make_fit(law="cmr_ratio"), 1e9, 1e9).warnings[0]
    assert "not identified" in plan.summary()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"params": 5e7}, "smaller than the smallest probe"),
        ({"params": 0}, "params must be above 0"),
        ({"params": math.nan}, "params must be above 0"),
        ({"tokens": 0}, "tokens must be above 0"),
        ({"tokens": -1e9}, "tokens must be above 0"),
        ({"tolerance": -0.01}, "tolerance must not be negative"),
        ({"tolerance": math.nan}, "tolerance must not be negative"),
        ({"level": 1.0}, "level must lie between 0 and 1"),
        ({"base_general_loss": -2.0}, "base general loss must be above 0"),
    ],
)
def test_questions_that_make_no_sense(make_fit: MakeFit, changes: dict[str, float], said: str) -> None:
    with pytest.raises(InputError, match=said):
        critical_ratio(make_fit(), **{"params": 1e9, "tokens": 1e9, **changes})


def test_a_fit_without_a_general_corpus(make_fit: MakeFit) -> None:
    with pytest.raises(InputError, match="no general corpus"):
        critical_ratio(replace(make_fit(), general=None), 1e9, 1e9)


def test_a_fit_without_a_domain_corpus_still_answers(make_fit: MakeFit) -> None:
    plan = critical_ratio(replace(make_fit(), domain=None), 1e9, 1e9)
    assert plan.status == "ok"
    assert plan.to_json_dict()["domain_loss"] == {"value": None, "low": None, "high": None}


def test_extrapolation_is_named(make_fit: MakeFit) -> None:
    plan = critical_ratio(make_fit(), 4e9, 6.4e9)
    assert plan.extrapolation == pytest.approx({"params": 4.0, "tokens": 2.0, "ratio": 0.0})
    assert any("8x the compute" in warning for warning in plan.warnings)
    near = critical_ratio(make_fit(), 1.4e9, 6.4e9)
    assert not any("compute" in warning for warning in near.warnings)
    early = critical_ratio(make_fit(), 1e9, 2e7)
    assert early.extrapolation["tokens"] == pytest.approx(5.0)
    assert any("as few as 20M tokens" in warning for warning in early.warnings)


def test_a_ratio_beyond_the_probes_is_named(make_fit: MakeFit) -> None:
    ranges = {"params": (1e8, 1e9), "tokens": (1e8, 3e9), "ratio": (0.1, 0.5)}
    plan = critical_ratio(make_fit(ranges=ranges), 1e9, 1e9)
    assert plan.extrapolation["ratio"] == pytest.approx(plan.value - 0.5)
    assert any("lies outside the probed ratios 0.1 to 0.5" in warning for warning in plan.warnings)


def test_a_law_that_fits_badly_is_named(make_fit: MakeFit) -> None:
    plan = critical_ratio(make_fit(residual_sd=0.02), 1e9, 1e9)
    assert any("the law misses the general loss of its rows" in warning for warning in plan.warnings)


def test_draws_count_where_the_fit_itself_finds_no_ratio(make_fit: MakeFit) -> None:
    """A point estimate without an answer is no reason to hide that half of the draws have one."""
    theta = make_fit().general.theta
    lower = theta - np.array([0.03, *np.zeros(8)])
    made = make_fit(draws=np.stack([theta, lower] * 10), base=2.08)
    plan = critical_ratio(made, 1e9, 1e9, 0.05)
    assert plan.status == "infeasible"
    assert np.isnan(plan.value)
    assert plan.interval[0] == 0
    assert plan.interval[1] > 0


def test_a_thousand_draws_take_well_under_a_second(make_fit: MakeFit) -> None:
    import time

    fitted = make_fit(draws=np.tile(make_fit().general.theta, (1000, 1)))
    start = time.perf_counter()
    critical_ratio(fitted, 7e9, 1e9)
    assert time.perf_counter() - start < 1.0


def test_published_chemistry() -> None:
    plan = critical_ratio(fit(load_runs(TABLE5)), 1.8e9, 10e9, 0.03, relative=True)
    assert plan.status == "ok"
    assert plan.value == pytest.approx(0.924, abs=0.005)
    assert plan.interval[0] <= plan.value <= plan.interval[1]
    assert plan.base_general_loss.value == pytest.approx(2.8602)
    assert plan.extrapolation == {"params": 1.0, "tokens": 1.0, "ratio": 0.0}
    elsewhere = critical_ratio(fit(load_runs(TABLE5)), 7e9, 10e9, 0.03, relative=True)
    assert elsewhere.status == "not_identified"
