import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from scaling import allocate_compute
from scaling.errors import InputError
from scaling.fitting import Fit
from scaling.laws import get_law

MakeFit = Callable[..., Fit]
# E, A, alpha, B, beta, eta, C, gamma, eps
DOMAIN = np.array([1.2, 400.0, 0.34, 410.0, 0.28, 0.5, 0.3, 0.2, 0.02])


@pytest.fixture
def fitted(make_fit: MakeFit) -> Callable[..., Fit]:
    """The fixtures' fit with a domain law of these parameters."""

    def make(theta: np.ndarray = DOMAIN, draws: np.ndarray | None = None, **changes: Any) -> Fit:
        whole = make_fit()
        assert whole.domain is not None
        drawn = np.tile(theta, (3, 1)) if draws is None else draws
        return replace(whole, domain=replace(whole.domain, theta=theta, draws=drawn, **changes))

    return make


def closed_form(flops: float, share: float, a: float = 400.0) -> float:
    """Chinchilla's: N = G (C / 6)^(beta / (alpha + beta)), with B r^eta for B."""
    alpha, beta, b = 0.34, 0.28, 410 * share**0.5
    scale = (alpha * a / (beta * b)) ** (1 / (alpha + beta))
    return float(scale * (flops / 6) ** (beta / (alpha + beta)))


@pytest.mark.parametrize("ratio", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("flops", [1e18, 1e20, 1e23])
def test_chinchilla_closed_form(fitted: Callable[..., Fit], flops: float, ratio: float) -> None:
    answer = allocate_compute(fitted(), flops, ratio)
    params, tokens = answer.params.value, answer.tokens.value
    assert answer.status == "ok"
    assert params == pytest.approx(closed_form(flops, ratio), rel=1e-6)
    assert 6 * params * tokens == pytest.approx(flops)
    assert answer.tokens_per_param.value == pytest.approx(tokens / params)
    expected = 1.2 + 400 / params**0.34 + 410 * ratio**0.5 / tokens**0.28 + 0.3 / (ratio + 0.02) ** 0.2
    assert answer.loss.value == pytest.approx(expected)


def test_intervals_are_the_draws_quantiles(fitted: Callable[..., Fit]) -> None:
    draws = np.tile(DOMAIN, (201, 1))
    draws[:, 1] = np.linspace(390, 410, 201)
    answer = allocate_compute(fitted(draws=draws), 1e20, 0.5, level=0.8)
    low, high = closed_form(1e20, 0.5, 392), closed_form(1e20, 0.5, 408)
    assert (answer.params.low, answer.params.high) == pytest.approx((low, high), rel=1e-5)
    assert (answer.tokens.low, answer.tokens.high) == pytest.approx((1e20 / 6 / high, 1e20 / 6 / low), rel=1e-5)


def test_the_general_corpus_has_its_own_share(fitted: Callable[..., Fit]) -> None:
    whole = fitted()
    assert whole.domain is not None
    swapped = replace(whole, general=replace(whole.domain, corpus="general"))
    answer = allocate_compute(swapped, 1e20, 0.8, corpus="general")
    assert answer.params.value == pytest.approx(closed_form(1e20, 0.2), rel=1e-6)
    assert "least general loss" in answer.summary()


def test_one_ratio_is_enough(fitted: Callable[..., Fit]) -> None:
    one = fitted(held={"ratio": 0.5})
    assert allocate_compute(one, 1e20, 0.5).params.value == pytest.approx(closed_form(1e20, 0.5), rel=1e-6)
    other = allocate_compute(one, 1e20, 0.6)
    assert other.warnings == ("the table has only one ratio (0.5), so nothing is known at 0.6",)
    chinchilla = np.array([1.2, 400.0, 0.34, 410.0, 0.28])
    ranges = {"params": (1e8, 1e9), "tokens": (1e8, 3.2e9), "ratio": (0.5, 0.5)}
    plain = fitted(chinchilla, law=get_law("chinchilla"), held={"ratio": 0.5}, ranges=ranges)
    assert allocate_compute(plain, 1e20, 0.5).params.value == pytest.approx(closed_form(1e20, 1.0), rel=1e-6)
    mixed = allocate_compute(fitted(chinchilla, law=get_law("chinchilla"), ratios=(0.0, 0.5, 1.0)), 1e20, 0.5)
    assert mixed.warnings == ("the law chinchilla does not look at the ratio, in which the probes differ",)


def test_a_loss_that_does_not_tell_the_split(fitted: Callable[..., Fit]) -> None:
    no_tokens, no_sizes = DOMAIN.copy(), DOMAIN.copy()
    no_tokens[3], no_sizes[1] = 0.0, 0.0
    for theta, said in ((no_tokens, "would be the largest (10T)"), (no_sizes, "would be the smallest (1M)")):
        answer = allocate_compute(fitted(theta), 1e20, 0.5)
        assert answer.status == "not_identified"
        assert said in answer.warnings[0]
        assert answer.to_json_dict()["params"]["value"] is None
        assert "not identified" in answer.summary()
    some = allocate_compute(fitted(draws=np.stack([DOMAIN, no_tokens, no_sizes, DOMAIN])), 1e20, 0.5)
    assert some.status == "ok"
    assert "in 50 % of the draws" in some.warnings[0]


def test_not_identified_says_why(fitted: Callable[..., Fit]) -> None:
    for changes, said in (
        ({"held": {"params": 1e9}}, "all probes have 1B params, so nothing is known at others"),
        ({"held": {"tokens": 1e9}}, "all probes have 1B tokens, so nothing is known at others"),
        ({"law": get_law("cmr_ratio")}, "the law cmr_ratio does not look at params"),
    ):
        answer = allocate_compute(fitted(**changes), 1e20, 0.5)
        assert (answer.status, answer.warnings) == ("not_identified", (said,))


def test_extrapolation_is_named(fitted: Callable[..., Fit]) -> None:
    answer = allocate_compute(fitted(), 1e23, 0.5)
    assert answer.extrapolation["params"] == pytest.approx(answer.params.value / 1e9)
    text = " ".join(answer.warnings)
    assert "the best params lie" in text
    assert "x the compute of the largest probe" in text
    # the fixtures' probes go to 1B params on 3.2B tokens: 1.92e19 FLOPs
    near = " ".join(allocate_compute(fitted(), 1e19, 0.5).warnings)
    assert "compute" not in near


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"flops": 0}, "flops must be above 0, not 0"),
        ({"flops": math.inf}, "flops must be above 0"),
        ({"ratio": 25}, "write 0.25 for 25 %"),
        ({"ratio": math.nan}, "ratio must lie in 0..1"),
        ({"corpus": "domian"}, "corpus 'domian' is unknown"),
        ({"level": 1.0}, "level must lie between 0 and 1"),
    ],
)
def test_questions_that_make_no_sense(fitted: Callable[..., Fit], changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        allocate_compute(fitted(), **{"flops": 1e20, "ratio": 0.5, **changes})


def test_fits_that_cannot_be_asked(fitted: Callable[..., Fit]) -> None:
    with pytest.raises(InputError, match="no domain corpus"):
        allocate_compute(replace(fitted(), domain=None), 1e20, 0.5)
    with pytest.raises(InputError, match="gives changes of the loss"):
        allocate_compute(fitted(law=get_law("cmr_token")), 1e20, 0.5)
