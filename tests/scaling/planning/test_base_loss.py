import numpy as np
import pytest

from scaling.errors import InputError
from scaling.fitting import BaseLosses
from scaling.laws import get_law
from scaling.planning.base_loss import additive_in_size, carried
from scaling.planning.notes import of_base_loss
from scaling.planning.target import NotIdentified, Target

SIZES = np.array([1e6, 3e6, 1e7])


def records(losses: np.ndarray) -> BaseLosses:
    return BaseLosses(tuple(SIZES[: len(losses)]), tuple(losses), (0.1,) * len(losses))


def term(sizes: np.ndarray, strength: np.ndarray | float = 100.0) -> np.ndarray:
    return np.reshape(strength, (-1, 1)) / sizes**0.3


def test_a_measured_size_is_taken_as_it_is() -> None:
    base = carried(records(np.array([3.0, 2.5, 2.2])), 1.005e7, 50, lambda n: term(n, np.full(50, 90.0)))
    assert np.all(base.draws == 2.2)
    assert (base.origin, of_base_loss(base)) == ("measured", [])


def test_the_size_term_carries_it_exactly_where_the_law_is_right() -> None:
    base = carried(records(2.0 + term(SIZES)[0]), 1e8, 4, lambda n: term(n, np.full(4, 100.0)))
    np.testing.assert_allclose(base.draws, 2.0 + term(np.array([1e8]))[0, 0], rtol=1e-12)
    assert [one.code for one in of_base_loss(base)] == ["base_by_size_term"]


def test_an_error_of_the_size_term_stays_out_of_the_rise() -> None:
    strengths = np.array([100.0, 90.0, 110.0])
    base = carried(records(2.0 + term(SIZES)[0]), 1e8, 3, lambda n: term(n, strengths) + 5.0)
    mean_rise = np.mean(2.0 + term(SIZES)[0] - term(SIZES, strengths) - 5.0, axis=1)
    noise = base.draws - (term(np.array([1e8]), strengths)[:, 0] + 5.0 + mean_rise)
    assert noise[0] == 0.0
    assert np.abs(noise).max() < 1e-9


def test_sizes_that_disagree_widen_the_interval_and_a_trend_is_told() -> None:
    base = carried(
        records(2.0 + term(SIZES)[0] + [-0.05, 0.0, 0.05]), 1e8, 1001, lambda n: term(n, np.full(1001, 100.0))
    )
    assert base.draws[0] == pytest.approx(2.0 + term(np.array([1e8]))[0, 0])
    low, high = np.quantile(base.draws[1:], [0.05, 0.95]) - base.draws[0]
    # Student t with two degrees of freedom: 2.92 standard deviations of 0.05, times sqrt(1 + 1/3).
    assert (low, high) == (pytest.approx(-0.1686, rel=0.02), pytest.approx(0.1686, rel=0.02))
    assert any("shrinks with model size, by 0.100 nats" in warning for warning in of_base_loss(base))


def test_no_trend_is_told_where_sizes_only_scatter() -> None:
    base = carried(records(2.0 + term(SIZES)[0] + [0.02, -0.02, 0.02]), 1e8, 5, lambda n: term(n, np.full(5, 100.0)))
    assert [one.code for one in of_base_loss(base)] == ["base_by_size_term"]


def test_without_a_size_term_a_power_law_is_drawn() -> None:
    base = carried(records(30.0 * SIZES**-0.15), 1e8, 5, None)
    np.testing.assert_allclose(base.draws, 30.0 * 1e8**-0.15, rtol=1e-9)


def test_what_cannot_be_carried() -> None:
    with pytest.raises(NotIdentified, match="no general loss at tokens 0"):
        carried(BaseLosses(), 1e8, 5, None)
    with pytest.raises(NotIdentified, match="the only base loss is that of 1M params"):
        carried(records(np.array([3.0])), 1e8, 5, None)


def test_one_size_carries_with_a_warning() -> None:
    base = carried(records(np.array([3.0])), 1e8, 5, lambda n: term(n, np.full(5, 100.0)))
    assert any("one size alone" in warning for warning in of_base_loss(base))


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_a_given_base_loss_must_make_sense(value: float) -> None:
    with pytest.raises(InputError, match="base general loss"):
        Target(1e8, 1e8, base_general_loss=value)


def test_which_laws_are_additive_in_size() -> None:
    assert additive_in_size(get_law("dcpt"))
    assert additive_in_size(get_law("chinchilla"))
    assert not additive_in_size(get_law("cmr_ratio"))
