import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from scaling import limited_data
from scaling.errors import InputError
from scaling.fitting import Fit
from scaling.fitting.estimation.base_tokens import BaseTokens
from scaling.laws import get_law
from scaling.planning.repetition import probe_epochs, worth
from scaling.runs import validate

MakeFit = Callable[..., Fit]
# E, A, alpha, B, beta, eta, C, gamma, eps; with eps = 0 the minimum has a closed form
DOMAIN = np.array([1.2, 40.0, 0.3, 100.0, 0.3, 0.5, 0.3, 0.2, 0.0])
quick = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def fitted(make_fit: MakeFit) -> Callable[..., Fit]:
    """The fixtures' fit with a domain law of these parameters."""

    def make(theta: np.ndarray = DOMAIN, draws: np.ndarray | None = None, **changes: object) -> Fit:
        whole = make_fit()
        assert whole.domain is not None
        drawn = np.tile(theta, (3, 1)) if draws is None else draws
        return replace(whole, domain=replace(whole.domain, theta=theta, draws=drawn, **changes))

    return make


def changed(**values: float) -> np.ndarray:
    names = ("E", "A", "alpha", "B", "beta", "eta", "C", "gamma", "eps")
    return np.array([values.get(name, value) for name, value in zip(names, DOMAIN, strict=True)])


def one_epoch(x: float, c: float = 0.3) -> float:
    """Where B X^-beta r^(eta + beta) + C r^-gamma is least, with the parameters of DOMAIN."""
    return float((0.2 * c * x**0.3 / (0.8 * 100.0)) ** (1 / (0.5 + 0.3 + 0.2)))


def loss(tokens: float, ratio: float, params: float = 1e9) -> float:
    return float(1.2 + 40 * params**-0.3 + 100 * ratio**0.5 * tokens**-0.3 + 0.3 * ratio**-0.2)


@pytest.mark.parametrize("x", [2e8, 1e9, 5e9])
def test_one_epoch_closed_form(fitted: Callable[..., Fit], x: float) -> None:
    answer = limited_data(fitted(), 1e9, x)
    assert answer.status == "ok"
    assert answer.value == pytest.approx(one_epoch(x), abs=1e-6)
    assert answer.interval == pytest.approx((answer.value, answer.value), abs=1e-6)
    assert answer.best == answer.uncapped
    assert answer.best.tokens.value == pytest.approx(x / answer.value)
    assert answer.best.epochs.value == 1
    assert answer.best.domain_loss.value == pytest.approx(loss(x / answer.value, answer.value))
    # the general law of the fixtures does not look at tokens
    assert answer.best.general_loss.value == pytest.approx(1.9 + 50 / 1e9**0.3 + 0.25 * (1.02 - answer.value) ** -0.15)


def test_the_interval_is_the_draws_quantiles(fitted: Callable[..., Fit]) -> None:
    draws = np.tile(DOMAIN, (201, 1))
    draws[:, 6] = np.linspace(0.28, 0.32, 201)
    answer = limited_data(fitted(draws=draws), 1e9, 1e9, level=0.8)
    assert answer.interval == pytest.approx([one_epoch(1e9, 0.284), one_epoch(1e9, 0.316)], abs=1e-6)
    assert answer.best.tokens.low == pytest.approx(1e9 / answer.interval[1])


def test_a_budget_that_repeats_nothing_is_the_law_at_its_tokens(fitted: Callable[..., Fit]) -> None:
    answer = limited_data(fitted(), 1e9, 1e9, 1e9)
    assert answer.value == pytest.approx((0.2 * 0.3 * 1e9**0.3 / (0.5 * 100)) ** (1 / 0.7), abs=1e-6)
    assert answer.best.epochs.value == pytest.approx(answer.value)
    assert any("484M of the 1B domain tokens are seen" in warning for warning in answer.warnings)


@pytest.mark.parametrize("x", [2e7, 1e8, 4e8])
def test_repeats_count_at_a_discount(fitted: Callable[..., Fit], x: float) -> None:
    def discounted(ratio: float) -> float:
        epochs = max(1.0, ratio * 3e9 / x)
        domain = x + x * 15.4 * (1 - math.exp(-(epochs - 1) / 15.4))
        return loss(3e9 * min(1.0, domain / (ratio * 3e9)), ratio)

    answer = limited_data(fitted(), 1e9, x, 3e9, max_epochs=1000)
    best = minimize_scalar(discounted, bounds=(1e-3, 1), method="bounded", options={"xatol": 1e-9})
    assert answer.status == "ok"
    assert answer.value == pytest.approx(best.x, abs=1e-5)
    assert answer.best.domain_loss.value == pytest.approx(best.fun, abs=1e-9)
    assert answer.best.epochs.value == pytest.approx(answer.value * 3e9 / x)
    assert answer.best.tokens.value == 3e9


def test_the_cap(fitted: Callable[..., Fit]) -> None:
    answer = limited_data(fitted(), 1e9, 1e8, 3e9, max_epochs=4)
    assert (answer.status, answer.value) == ("capped", pytest.approx(4 / 30))
    assert answer.best.epochs.value == pytest.approx(4)
    assert answer.uncapped == limited_data(fitted(), 1e9, 1e8, 3e9, max_epochs=1000).uncapped
    assert answer.uncapped.epochs.value > 4
    assert answer.uncapped.domain_loss.value < answer.best.domain_loss.value
    assert "ratios above 0.133 would show the domain data over 4 times" in answer.warnings
    assert "without the cap" in answer.summary()
    loose = limited_data(fitted(), 1e9, 1e8, 3e9, max_epochs=29)
    assert loose.status == "ok"
    assert loose.value == pytest.approx(loose.uncapped.ratio.value, abs=1e-6)


@given(x=st.floats(1e7, 3e9), tokens=st.floats(1e8, 3e9), cap=st.floats(1, 30), other=st.floats(0.001, 1))
@quick
def test_no_other_ratio_is_better(
    fitted: Callable[..., Fit], x: float, tokens: float, cap: float, other: float
) -> None:
    answer = limited_data(fitted(), 1e9, x, tokens, max_epochs=cap)
    question, best = answer.question, answer.best.domain_loss.value
    assert 0 < answer.value <= question.cap <= 1
    assert answer.best.epochs.value <= cap * (1 + 1e-9)
    ratio = other * question.cap
    assert best <= loss(float(question.counted(ratio)), ratio) + 1e-12
    assert answer.uncapped.domain_loss.value <= best + 1e-12
    assert answer.interval[0] <= answer.value <= answer.interval[1]


def test_what_repeats_are_worth() -> None:
    assert worth([0.3, 1.0]) == pytest.approx([0.3, 1.0])
    assert worth(4.0) == pytest.approx(1 + 15.4 * (1 - math.exp(-3 / 15.4)))
    assert worth(1e9) == pytest.approx(16.4)
    assert (np.diff(worth(np.linspace(0, 50, 500))) > 0).all()


def test_an_optimum_at_an_end(fitted: Callable[..., Fit]) -> None:
    pure = limited_data(fitted(changed(B=0.0)), 1e9, 1e9)
    assert (pure.status, pure.value) == ("edge", 1.0)
    assert "pure domain text" in pure.warnings[0]
    none = limited_data(fitted(changed(C=0.0)), 1e9, 1e9)
    assert (none.status, none.value) == ("edge", pytest.approx(1e-3))
    assert "still falls at ratio 0.001" in none.warnings[0]
    some = limited_data(fitted(draws=np.stack([DOMAIN, DOMAIN, DOMAIN, changed(B=0.0)])), 1e9, 1e9)
    assert (some.status, some.interval[1]) == ("ok", pytest.approx(1.0, abs=0.1))
    assert "in 25 % of the draws" in some.warnings[0]


def test_how_often_the_probes_repeated() -> None:
    rows = {"params": 1e8, "tokens": [0.0, 1e8, 2e8, 2e8], "ratio": [0.5, 0.5, 0.5, 0.0], "domain_loss": 2.0}
    frame = pd.DataFrame({**rows, "run": ["a", "a", "a", "b"]})
    assert math.isnan(probe_epochs(validate(frame)))
    logged = validate(frame.assign(unique_domain_tokens=[0.0, 4e7, 4e7, 0.0]))
    assert probe_epochs(logged) == pytest.approx(2.5)


def test_repeats_beyond_the_probes_are_named(fitted: Callable[..., Fit]) -> None:
    frame = pd.DataFrame({"params": [1e8], "tokens": 2e8, "ratio": 0.5, "domain_loss": 2.0, "run": "a"})
    ask = {"params": 1e9, "domain_tokens": 1e8, "tokens": 3e9}

    def said(unique: float | None) -> str:
        runs = validate(frame if unique is None else frame.assign(unique_domain_tokens=unique))
        return " ".join(limited_data(fitted(), **ask, runs=runs).warnings)

    assert "the domain data is seen 4 times" in said(1e8)
    assert "at most 1 times" in said(1e8)
    assert "the domain data is seen" not in said(2e7)
    assert "without a column unique_domain_tokens" in said(None)
    assert "not known from the fit" in " ".join(limited_data(fitted(), **ask).warnings)
    assert "the domain data is seen" not in " ".join(limited_data(fitted(), 1e9, 1e9).warnings)


def test_not_identified_says_why(fitted: Callable[..., Fit]) -> None:
    for changes, said in (
        ({"held": {"tokens": 1e10}}, "all probes have 10B tokens, so nothing is known at others"),
        ({"held": {"ratio": 0.5}}, "the table has only one ratio (0.5), so nothing is known at others"),
        ({"held": {"params": 3e8}}, "all probes have 300M params, so nothing is known at 1B"),
        ({"law": get_law("chinchilla")}, "the law chinchilla does not look at the ratio"),
        ({"law": get_law("cmr_ratio")}, "the law cmr_ratio does not look at tokens"),
    ):
        answer = limited_data(fitted(**changes), 1e9, 1e9)
        assert (answer.status, answer.warnings) == ("not_identified", (said,))
        assert math.isnan(answer.value)
        assert answer.to_json_dict()["ratio"] == {"value": None, "low": None, "high": None}
        assert "not identified" in answer.summary()
    assert limited_data(fitted(held={"params": 1e9}), 1.005e9, 1e9).status == "ok"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"params": 5e7}, "smaller than the smallest probe"),
        ({"params": math.nan}, "params must be above 0"),
        ({"domain_tokens": 0}, "domain tokens must be above 0, not 0"),
        ({"domain_tokens": math.inf}, "domain tokens must be above 0"),
        ({"tokens": 0}, "tokens must be above 0"),
        ({"max_epochs": 0.5}, "max epochs must be at least 1"),
        ({"level": 0.0}, "level must lie between 0 and 1"),
    ],
)
def test_questions_that_make_no_sense(fitted: Callable[..., Fit], changes: dict[str, float], said: str) -> None:
    with pytest.raises(InputError, match=said):
        limited_data(fitted(), **{"params": 1e9, "domain_tokens": 1e9, **changes})


def test_a_corpus_that_is_missing(make_fit: MakeFit, fitted: Callable[..., Fit]) -> None:
    with pytest.raises(InputError, match="no domain corpus"):
        limited_data(replace(make_fit(), domain=None), 1e9, 1e9)
    answer = limited_data(replace(fitted(), general=None), 1e9, 1e9)
    assert answer.status == "ok"
    assert math.isnan(answer.best.general_loss.value)
    assert "the fit has no general corpus, so the general loss is unknown" in answer.warnings


def test_the_general_loss_of_a_law_of_differences(fitted: Callable[..., Fit], make_fit: MakeFit) -> None:
    seen = BaseTokens((1e8, 1e9), (1e10, 1e10), True)
    theta = np.array([0.01, 0.02, 0.05, 0.1, 0.1, 1e7])
    forgets = make_fit(theta, law=get_law("forgetting"), base_tokens=seen).general
    assert forgets is not None
    answer = limited_data(replace(fitted(), general=forgets), 1e9, 1e9)
    base = 2.2 + 50 / 1e9**0.3
    rise = float(forgets.curve(1e9, answer.best.tokens.value, answer.value))
    assert answer.best.general_loss.value == pytest.approx(base + rise)
    unknown = limited_data(replace(fitted(), general=forgets, base={}), 1e9, 1e9)
    assert math.isnan(unknown.best.general_loss.value)
    assert any("the loss itself is unknown" in warning for warning in unknown.warnings)


def test_extrapolation_and_the_law_of_the_domain_are_named(fitted: Callable[..., Fit]) -> None:
    ranges = {"params": (1e8, 1e9), "tokens": (1e8, 3.2e9), "ratio": (0.5, 0.9)}
    answer = limited_data(fitted(ranges=ranges, warnings=("E is at its bound",)), 4e9, 1e9)
    assert answer.extrapolation["params"] == pytest.approx(4)
    assert answer.extrapolation["ratio"] == pytest.approx(0.5 - answer.value)
    text = " ".join(answer.warnings)
    assert f"the ratio {answer.value:.3f} lies outside the probed ratios 0.5 to 0.9" in text
    assert "critical" not in text
    assert "domain fit: E is at its bound" in answer.warnings
