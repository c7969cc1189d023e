"""The forgetting law: its value, its limits, and the critical ratio that it gives in closed form."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from scaling.laws import get_law

LAW = get_law("forgetting")
THETA = {"h": 0.03, "g": 0.2, "C": 0.08, "kappa": 0.12, "delta": 0.15, "m": 2e6}
thetas = st.fixed_dictionaries(
    {
        "h": st.floats(-0.1, 0.1),
        "g": st.floats(0, 1),
        "C": st.floats(1e-3, 1),
        "kappa": st.floats(-0.2, 0.6),
        "delta": st.floats(0, 0.5),
        "m": st.floats(1e3, 1e7),
    }
)
quick = settings(max_examples=50, deadline=None)


def value(
    theta: dict[str, float], params: float = 1e7, tokens: float = 1e8, share: float = 0.5, progress: float = 0.1
) -> float:
    x = {"params": params, "tokens": tokens, "share": share, "progress": progress}
    given_theta = np.array([theta[name] for name in LAW.names])
    return float(LAW.value(given_theta, {name: np.array([number]) for name, number in x.items()})[0])


def strength(theta: dict[str, float], params: float = 1e7, tokens: float = 1e8) -> float:
    """C D^delta / N^kappa."""
    return theta["C"] * tokens ** theta["delta"] / params ** theta["kappa"]


def test_by_hand() -> None:
    expected = 0.03 - 0.2 * math.log(1.1) + 0.08 / 1e7**0.12 * 1e8**0.15 * math.log((1e8 + 2e6) / (0.5 * 1e8 + 2e6))
    assert value(THETA) == pytest.approx(expected, rel=1e-14)
    assert LAW.names == ("h", "g", "C", "kappa", "delta", "m")


def test_without_tokens_only_the_warm_up_is_left() -> None:
    assert value(THETA, tokens=1e-9, progress=1e-18, share=0.0) == pytest.approx(THETA["h"], abs=1e-12)


@given(theta=thetas, tokens=st.floats(1.0, 1e15), progress=st.floats(0, 100))
@quick
def test_pure_replay_forgets_nothing_whatever_the_tokens(
    theta: dict[str, float], tokens: float, progress: float
) -> None:
    gain = theta["g"] * math.log1p(progress)
    assert value(theta, tokens=tokens, share=1.0, progress=progress) == pytest.approx(theta["h"] - gain, abs=1e-14)


def test_well_above_the_shift_the_slope_against_minus_log_replay_is_the_strength() -> None:
    theta = {**THETA, "m": 1.0}
    slopes = [
        (value(theta, share=low) - value(theta, share=high)) / math.log(high / low)
        for low, high in ((0.05, 0.1), (0.1, 0.4), (0.4, 0.9))
    ]
    assert slopes == pytest.approx([strength(theta)] * 3, rel=1e-6)


@pytest.mark.parametrize("tokens", [1e5, 2e6, 1e8, 1e12])
def test_without_replay_forgetting_grows_as_the_log_of_the_tokens_over_the_shift(tokens: float) -> None:
    still = {**THETA, "delta": 0.0}
    forgotten = value(still, tokens=tokens, share=0.0) - value(still, tokens=tokens, share=1.0)
    assert forgotten == pytest.approx(strength(still) * math.log1p(tokens / still["m"]), rel=1e-12)


def test_with_replay_forgetting_levels_off_at_minus_log_of_the_share() -> None:
    still = {**THETA, "delta": 0.0}
    forgotten = [
        value(still, tokens=tokens, share=0.2) - value(still, tokens=tokens, share=1.0) for tokens in (1e6, 1e8, 1e14)
    ]
    assert forgotten == sorted(forgotten)
    assert forgotten[-1] == pytest.approx(-strength(still) * math.log(0.2), rel=1e-6)


def test_a_little_more_training_gains_in_proportion() -> None:
    gains = [THETA["h"] - value(THETA, share=1.0, progress=p) for p in (1e-6, 2e-6, 4e-6)]
    assert gains == pytest.approx([THETA["g"] * p for p in (1e-6, 2e-6, 4e-6)], rel=1e-5)


def test_the_gain_is_chinchillas_token_term_to_first_order_in_its_exponent() -> None:
    """B/D0^b - B/(D0 + D)^b = g (log(1 + D/D0) - b log(1 + D/D0)^2 / 2 + ...) with g = b B/D0^b."""
    coefficient, seen, tokens = 5.0, 1e9, 3e9
    folds = math.log1p(tokens / seen)
    for b in (1e-2, 1e-3, 1e-4):
        theta = {**THETA, "h": 0.0, "g": b * coefficient / seen**b}
        gain = -value(theta, share=1.0, tokens=tokens, progress=tokens / seen)
        chinchilla = coefficient / seen**b - coefficient / (seen + tokens) ** b
        assert (gain - chinchilla) / (theta["g"] * b) == pytest.approx(folds**2 / 2, rel=b)


def test_larger_models_forget_less_and_longer_runs_more() -> None:
    assert value(THETA, params=1e6) > value(THETA, params=1e7) > value(THETA, params=1e8)
    assert value(THETA, tokens=1e7) < value(THETA, tokens=1e8) < value(THETA, tokens=1e9)


@given(theta=thetas, one=st.floats(0, 1), other=st.floats(0, 1))
@quick
def test_more_replay_never_forgets_more(theta: dict[str, float], one: float, other: float) -> None:
    thin, thick = sorted((one, other))
    assert value(theta, share=thin) >= value(theta, share=thick)


@given(theta=thetas, fraction=st.floats(0.001, 0.999), progress=st.floats(1e-4, 10))
@quick
def test_the_critical_ratio_in_closed_form_is_the_root(
    theta: dict[str, float], fraction: float, progress: float
) -> None:
    """r* D + m = (D + m) exp(-(tolerance - h + g log(1 + D/D0)) N^kappa / (C D^delta)), for any tolerance with a root."""
    tokens = 1e8
    most, least = (value(theta, share=share, progress=progress) for share in (0.0, 1.0))
    tolerance = least + fraction * (most - least)
    rest = (tolerance - theta["h"] + theta["g"] * math.log1p(progress)) / strength(theta)
    closed = ((tokens + theta["m"]) * math.exp(-rest) - theta["m"]) / tokens
    root = brentq(lambda share: value(theta, share=share, progress=progress) - tolerance, 0, 1, xtol=1e-14)
    assert closed == pytest.approx(root, abs=1e-8)


@given(theta=thetas, unit=st.floats(1e-9, 1e3))
@quick
def test_the_unit_of_tokens_goes_into_the_strength_and_the_shift(theta: dict[str, float], unit: float) -> None:
    changed = {**theta, "m": theta["m"] * unit, "C": theta["C"] / unit ** theta["delta"]}
    assert value(changed, tokens=1e8 * unit) == pytest.approx(value(theta), rel=1e-9, abs=1e-12)


def test_formulas() -> None:
    assert LAW.text() == "dL = h + g * (-log(1 + D/D0)) + C * D^delta * log((D + m) / (r * D + m)) / N^kappa"
    assert LAW.latex() == (
        r"dL = h + g \, (-\log(1 + D/D_{0})) + \frac{C \, D^{\delta} \, \log\frac{D + m}{r D + m}}{N^{\kappa}}"
    )


def test_it_is_of_changes_of_the_general_loss_and_leaves_the_domain_loss_to_dcpt() -> None:
    assert (LAW.target, LAW.loss, LAW.partner) == ("delta", "huber", "dcpt")
