from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from scaling.fitting import Fit, fit
from scaling.planning.critical import critical_ratio
from scaling.planning.next.sensitivity import Sensitivity, sensitivity
from scaling.planning.rise import general_rise
from scaling.planning.target import NotIdentified, Target
from scaling.runs import validate

QUESTION = Target(4e7, 1e8, 0.05)


def found(one: Fit, question: Target = QUESTION) -> Sensitivity:
    return sensitivity(one, general_rise(one, question))


def moved(one: Fit, question: Target, place: int, by: float) -> float:
    """The critical ratio with one parameter moved by a share of itself."""
    assert one.general is not None
    theta = one.general.theta.copy()
    theta[place] *= 1 + by
    general = replace(one.general, theta=theta, draws=one.general.draws[:0])
    return critical_ratio(replace(one, general=general), question.params, question.tokens, question.tolerance).value


@pytest.fixture(scope="module")
def dcpt(forgetting_world: Callable[..., pd.DataFrame]) -> Fit:
    return fit(validate(forgetting_world(noise=1e-3), "runs.csv"), "dcpt", draws=30, threads=1)


@pytest.mark.parametrize("law", ["forgetting", "dcpt"])
def test_slopes_are_those_of_the_root(forgetting_fit: Fit, dcpt: Fit, law: str) -> None:
    one = forgetting_fit if law == "forgetting" else dcpt
    assert one.general is not None
    made = found(one)
    at = int(np.flatnonzero((made.theta == one.general.theta).all(axis=1))[0])
    value = critical_ratio(one, QUESTION.params, QUESTION.tokens, QUESTION.tolerance).value
    assert made.ratio[at] == pytest.approx(value)
    for place, own in enumerate(one.general.theta):
        if abs(own) < 1e-9:
            continue
        numeric = (moved(one, QUESTION, place, 1e-5) - moved(one, QUESTION, place, -1e-5)) / (2e-5 * own)
        assert made.slope[at, place] == pytest.approx(numeric, rel=1e-3, abs=1e-9 / abs(own)), place


def test_places_are_the_fit_and_draws_spread_over_their_ratios(forgetting_fit: Fit) -> None:
    assert forgetting_fit.general is not None
    made = sensitivity(forgetting_fit, general_rise(forgetting_fit, QUESTION), points=5)
    assert len(made.theta) == len(np.unique(made.ratio)) == 5
    assert (made.theta[0] == forgetting_fit.general.theta).all()
    assert (made.steepness > 0).all()


def test_the_floor_holds_misses_and_a_carried_base(forgetting_fit: Fit, dcpt: Fit) -> None:
    for one in (forgetting_fit, dcpt):
        rise = general_rise(one, QUESTION)
        made = found(one)
        miss = rise.miss(float(made.ratio[0])) ** 2
        assert made.floor == pytest.approx(miss) if one.law.name == "forgetting" else made.floor > miss
        given = sensitivity(one, general_rise(one, replace(QUESTION, base_general_loss=float(rise.base.draws[0]))))
        assert given.floor == pytest.approx(miss)


def test_no_ratio_inside(forgetting_fit: Fit) -> None:
    with pytest.raises(NotIdentified, match="no ratio, or every ratio"):
        found(forgetting_fit, Target(4e7, 1e8, 50.0))
