"""The critical ratio by the forgetting law, on fits whose parameters are known."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scaling import critical_ratio, fit
from scaling.errors import InputError
from scaling.fitting import Fit
from scaling.runs import validate

MakeFit = Callable[..., Fit]
Root = Callable[..., float]
RATIOS = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)
quick = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def theta_with(make: MakeFit, **values: float) -> np.ndarray:
    """The fixtures' parameters, some of them changed."""
    general = make().general
    assert general is not None
    theta = dict(zip(("h", "g", "C", "kappa", "delta", "m"), general.theta, strict=True))
    return np.array(list({**theta, **values}.values()))


@pytest.mark.parametrize("params", [1e8, 1e9, 7e9])
@pytest.mark.parametrize("tolerance", [0.02, 0.05, 0.1])
def test_closed_form(make_forgetting: MakeFit, forgetting_root: Root, params: float, tolerance: float) -> None:
    plan = critical_ratio(make_forgetting(), params, 1e9, tolerance)
    assert (plan.status, plan.law, plan.route) == ("ok", "forgetting", "law")
    assert plan.value == pytest.approx(forgetting_root(params, 1e9, tolerance), abs=1e-9)
    assert plan.interval == pytest.approx((plan.value, plan.value), abs=1e-9)
    assert plan.general_loss.value == pytest.approx(plan.base_general_loss.value + tolerance, abs=1e-9)


@given(a=st.floats(0, 0.3), b=st.floats(0, 0.3), scale=st.floats(1.0, 7.0))
@quick
def test_monotone_in_the_tolerance_and_inside_zero_to_one(
    make_forgetting: MakeFit, a: float, b: float, scale: float
) -> None:
    fitted = make_forgetting()
    low, high = (critical_ratio(fitted, 1e9 * scale, 1e9, t) for t in sorted((a, b)))
    first, second = (0.0 if plan.status == "infeasible" else plan.value for plan in (low, high))
    assert 0 <= first <= second <= 1


@given(tolerance=st.floats(0.02, 0.08))
@quick
def test_relative_and_absolute_agree(make_forgetting: MakeFit, tolerance: float) -> None:
    random = np.random.default_rng(0)
    draws = theta_with(make_forgetting) * random.normal(1, 0.05, (40, 6))
    fitted = make_forgetting(draws=draws, base=[2.19, 2.2, 2.22], ratios=RATIOS, misses=(0.004,) * 6)
    absolute = critical_ratio(fitted, 7e9, 1e9, tolerance)
    base = absolute.base_general_loss.value
    relative = critical_ratio(fitted, 7e9, 1e9, tolerance / base, relative=True)
    assert relative.value == pytest.approx(absolute.value, abs=1e-9)
    assert relative.interval == pytest.approx(absolute.interval, abs=1e-9)


def test_a_base_that_saw_more_gains_less_and_so_may_forget_less(
    make_forgetting: MakeFit, forgetting_root: Root
) -> None:
    seen = (1e9, 1e10, 1e11, 1e12)
    values = [critical_ratio(make_forgetting(), 1e9, 1e9, 0.05, base_tokens=tokens).value for tokens in seen]
    assert values == pytest.approx([forgetting_root(1e9, 1e9, 0.05, tokens) for tokens in seen], abs=1e-9)
    assert values == sorted(values, reverse=True)
    assert values[0] > values[-1] + 0.1


def test_the_bases_own_tokens_are_the_default(make_forgetting: MakeFit) -> None:
    plain, told = (critical_ratio(make_forgetting(), 7e9, 1e9, base_tokens=seen) for seen in (None, 20 * 7e9))
    assert told.value == pytest.approx(plain.value, abs=1e-9)


def test_base_tokens_without_the_column_have_no_use(make_forgetting: MakeFit) -> None:
    with pytest.raises(InputError, match="does not say for every size") as refused:
        critical_ratio(make_forgetting(known=False), 1e9, 1e9, base_tokens=1e10)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"base_tokens": 0.0}, "base tokens must be above 0"),
        ({"base_tokens": -1e9}, "base tokens must be above 0"),
        ({"base_tokens": math.nan}, "base tokens must be above 0"),
        ({"base_tokens": math.inf}, "base tokens must be above 0"),
        ({"tokens": 0}, "tokens must be above 0"),
        ({"tolerance": -0.01}, "tolerance must not be negative"),
        ({"params": 5e7}, "smaller than the smallest probe"),
        ({"base_general_loss": 0.0}, "base general loss must be above 0"),
    ],
)
def test_questions_that_make_no_sense(make_forgetting: MakeFit, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        critical_ratio(make_forgetting(), **{"params": 1e9, "tokens": 1e9, **changes})


def test_no_forgetting_is_unconstrained(make_forgetting: MakeFit) -> None:
    plan = critical_ratio(make_forgetting(theta_with(make_forgetting, C=0.0)), 1e9, 1e9, 0.05)
    assert (plan.status, plan.value, plan.interval) == ("unconstrained", 1.0, (1.0, 1.0))


def test_a_warm_up_beyond_the_tolerance_is_infeasible_and_the_least_rise_is_named(make_forgetting: MakeFit) -> None:
    plan = critical_ratio(make_forgetting(theta_with(make_forgetting, h=0.2)), 1e9, 1e9, 0.05)
    least = 0.2 - 0.1 * math.log1p(1 / 20)
    assert plan.status == "infeasible"
    assert math.isnan(plan.value)
    assert f"exceeds the tolerance by {least - 0.05:.4f} nats, at ratio 0;" in plan.warnings[0]
    assert plan.general_loss.value == pytest.approx(plan.base_general_loss.value + least, abs=1e-9)


@pytest.mark.parametrize(("h", "status"), [(0.02, "unconstrained"), (0.2, "infeasible")])
@pytest.mark.parametrize("flat", [{"C": 0.0}, {"m": 1e30}])
def test_a_rise_that_is_flat_in_the_ratio_is_all_or_nothing(
    make_forgetting: MakeFit, h: float, status: str, flat: dict[str, float]
) -> None:
    plan = critical_ratio(make_forgetting(theta_with(make_forgetting, h=h, **flat)), 1e9, 1e9, 0.05)
    assert plan.status == status


def test_an_unknown_base_loss_is_no_obstacle_to_an_absolute_tolerance(
    make_forgetting: MakeFit, forgetting_root: Root
) -> None:
    plan = critical_ratio(replace(make_forgetting(), base={"general": []}), 7e9, 1e9, 0.05)
    assert plan.status == "ok"
    assert plan.value == pytest.approx(forgetting_root(7e9, 1e9, 0.05), abs=1e-9)
    assert math.isnan(plan.general_loss.value)
    assert math.isnan(plan.base_general_loss.value)
    told = plan.to_json_dict()
    assert told["general_loss"] == told["base_general_loss"] == {"value": None, "low": None, "high": None}
    assert any("the loss itself is unknown" in warning for warning in plan.warnings)
    assert "nan" not in plan.summary()


def test_an_unknown_base_loss_leaves_a_relative_tolerance_without_an_answer(
    make_forgetting: MakeFit, forgetting_root: Root
) -> None:
    unknown = replace(make_forgetting(), base={"general": []})
    plan = critical_ratio(unknown, 7e9, 1e9, 0.05, relative=True)
    assert plan.status == "not_identified"
    assert "--base-general-loss" in plan.warnings[0]
    given_one = critical_ratio(unknown, 7e9, 1e9, 0.02, relative=True, base_general_loss=2.5)
    assert given_one.value == pytest.approx(forgetting_root(7e9, 1e9, 0.05), abs=1e-9)


def test_the_interval_is_the_draws_own_without_misses(make_forgetting: MakeFit, forgetting_root: Root) -> None:
    draws = np.tile(theta_with(make_forgetting), (201, 1))
    draws[:, 0] += np.linspace(-0.01, 0.01, 201)  # a draw's h moves its answer as the tolerance would
    plan = critical_ratio(make_forgetting(draws=draws), 1e9, 1e9, 0.05, level=0.8)
    expected = [forgetting_root(1e9, 1e9, 0.05 - shift) for shift in (0.008, -0.008)]
    assert plan.interval == pytest.approx(expected, abs=1e-6)


def test_the_laws_misses_widen_the_interval_as_a_change_of_the_tolerance_would(
    make_forgetting: MakeFit, forgetting_root: Root
) -> None:
    draws = np.tile(theta_with(make_forgetting), (400, 1))
    plan = critical_ratio(make_forgetting(draws=draws, ratios=RATIOS, misses=(0.005,) * 6), 1e9, 1e9, 0.05)
    expected = [forgetting_root(1e9, 1e9, 0.05 + shift) for shift in (-1.645 * 0.005, 1.645 * 0.005)]
    assert plan.interval == pytest.approx(expected, abs=1e-3)
    assert plan.value == pytest.approx(forgetting_root(1e9, 1e9, 0.05), abs=1e-9)


def test_only_misses_at_the_ratios_on_either_side_count(make_forgetting: MakeFit) -> None:
    def width(misses: tuple[float, ...]) -> float:
        draws = np.tile(theta_with(make_forgetting), (100, 1))
        low, high = critical_ratio(make_forgetting(draws=draws, ratios=RATIOS, misses=misses), 1e9, 1e9, 0.05).interval
        return high - low

    assert 0.1 < critical_ratio(make_forgetting(), 1e9, 1e9, 0.05).value < 0.25
    assert width((1.0, 0.005, 0.005, 1.0, 1.0, 1.0)) == pytest.approx(width((0.005,) * 6), rel=1e-12)
    assert width((0.0, 0.01, math.nan, 0.0, 0.0, 0.0)) == pytest.approx(width((0.01,) * 6), rel=1e-12)
    assert width((math.nan,) * 6) == 0


def test_misses_and_the_carried_base_loss_are_independent(make_fit: MakeFit) -> None:
    """Their spreads add up in squares; in a plan that adds them as they are, the interval is 1.4 times too wide."""
    general = make_fit().general
    assert general is not None
    draws = np.tile(general.theta, (400, 1))

    def width(scatter: float, miss: float) -> float:
        """Of the interval in nats: the law's loss at its ends."""
        base = [2.2 - scatter, 2.2 + scatter, 2.2 - scatter, 2.2 + scatter]
        fitted = make_fit(draws=draws, base=base, sizes=(1e8, 2e8, 5e8, 1e9), ratios=RATIOS, misses=(miss,) * 6)
        low, high = critical_ratio(fitted, 4e9, 1e9, 0.05).interval
        return 0.25 * ((1.02 - high) ** -0.15 - (1.02 - low) ** -0.15)

    one, other, both = width(0.005, 0.0), width(0.0, 0.0079), width(0.005, 0.0079)
    assert one == pytest.approx(other, rel=0.2)
    assert both == pytest.approx(math.hypot(one, other), rel=0.12)


def test_how_long_the_base_was_trained_is_an_extrapolation_like_any_other(make_forgetting: MakeFit) -> None:
    def factor(seen: float | None) -> float:
        return critical_ratio(make_forgetting(), 7e9, 1e9, base_tokens=seen).extrapolation["base_tokens_per_param"]

    assert factor(None) == pytest.approx(1.0)
    assert factor(70 * 7e9) == pytest.approx(3.5)
    assert factor(5 * 7e9) == pytest.approx(4.0)
    blind = critical_ratio(make_forgetting(known=False), 7e9, 1e9)
    assert not {"base_tokens_per_param", "progress"} & set(blind.extrapolation)
    assert any("column base_tokens" in warning for warning in blind.warnings)


@pytest.mark.parametrize(("share", "warned"), [(2.9, False), (3.1, True), (1 / 2.9, False), (1 / 3.1, True)])
def test_cpt_that_is_much_or_little_of_the_bases_tokens_is_warned_of(
    make_forgetting: MakeFit, share: float, warned: bool
) -> None:
    """The law looks at CPT tokens over base tokens, so that is what may be far from the probes."""
    made = make_forgetting()
    assert made.general is not None
    seen, (low, high) = made.general.base_tokens, made.general.ranges["tokens"]
    assert seen is not None
    edge = high / min(seen.tokens) if share > 1 else low / max(seen.tokens)
    plan = critical_ratio(made, 7e9, 1e9, base_tokens=1e9 / (edge * share))
    assert plan.extrapolation["progress"] == pytest.approx(max(share, 1 / share))
    assert any("what replay gains is extrapolated" in warning for warning in plan.warnings) == warned


def test_one_size_answers_for_itself_and_for_no_other(
    forgetting_world: Callable[..., pd.DataFrame], forgetting_ratio: Callable[..., float]
) -> None:
    made = fit(validate(forgetting_world(sizes=(1e6,))), "forgetting", draws=0, threads=1)
    own = critical_ratio(made, 1e6, 1e8, 0.05)
    assert own.status == "ok"
    assert own.value == pytest.approx(forgetting_ratio(1e6, 1e8, 4e8), abs=1e-5)
    other = critical_ratio(made, 1e7, 1e8, 0.05)
    assert other.status == "not_identified"
    assert other.warnings[0] == "all probes have 1M params, so nothing is known at 10M"


def test_a_fitted_world_is_planned_for_a_larger_model(
    forgetting_fit: Fit, forgetting_ratio: Callable[..., float]
) -> None:
    truth = forgetting_ratio(3e7, 1e8, 2.5e9)
    plan = critical_ratio(forgetting_fit, 3e7, 1e8, 0.05, base_tokens=2.5e9)
    assert plan.value == pytest.approx(truth, abs=0.02)
    assert plan.interval[0] < truth < plan.interval[1]
    assert plan.interval[1] - plan.interval[0] < 0.15
