from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from scaling.planning.rise import first_feasible, largest_ratio, least_loss


@given(gamma=st.floats(0.02, 2), eps=st.floats(1e-5, 0.3), at=st.floats(1e-6, 1 - 1e-6))
@settings(max_examples=60, deadline=None)
def test_roots_agree_with_scipy(gamma: float, eps: float, at: float) -> None:
    def loss(ratio: np.ndarray) -> np.ndarray:
        return (1 - ratio + eps) ** -gamma

    limit = float(loss(np.array(at)))
    root = largest_ratio(lambda r: loss(r), np.array([limit]))[0]
    assert root == pytest.approx(brentq(lambda r: loss(np.array(r)) - limit, 0, 1, xtol=1e-15), abs=1e-9)


def test_many_curves_at_once() -> None:
    slopes = np.array([0.1, 0.5, 1.0, 2.0])
    roots = largest_ratio(lambda r: slopes[:, None] * r, np.full(4, 0.3))
    np.testing.assert_allclose(roots, [1.0, 0.6, 0.3, 0.15], atol=1e-12)


def test_none_and_all() -> None:
    roots = largest_ratio(lambda r: r + np.array([[1.0], [-1.0]]), np.array([0.5, 0.5]))
    assert np.isnan(roots[0])
    assert roots[1] == 1.0


def test_the_last_crossing_counts() -> None:
    def valley(ratio: np.ndarray) -> np.ndarray:
        return np.atleast_2d((ratio - 0.5) ** 2)

    assert largest_ratio(valley, np.array([0.04]))[0] == pytest.approx(0.7, abs=1e-12)
    assert first_feasible(valley, 0.04) == pytest.approx(0.3, abs=6e-3)
    assert least_loss(valley) == (pytest.approx(0.5), pytest.approx(0.0))
    assert np.isnan(first_feasible(valley, -1.0))


def test_an_infinite_loss_at_the_end_is_no_obstacle() -> None:
    with np.errstate(divide="ignore"):
        root = largest_ratio(lambda r: -np.log(1 - r), np.array([30.0]))[0]
    assert 1 - root == pytest.approx(np.exp(-30), rel=1e-2)


def jumping(strength: float, eta: float = 1e-3) -> Callable[[np.ndarray], np.ndarray]:
    """D-CPT's general loss with an eta next to 0, as fits to probes give it: the token term is whole at any replay share
    and gone without any, a fall by `strength` that no run shows."""

    def loss(ratio: np.ndarray) -> np.ndarray:
        share = 1.0 - ratio
        return 2.0 + strength * share**eta + 0.25 * (share + 0.02) ** -0.15

    return loss


def test_a_jump_at_pure_domain_text_alone_is_no_answer() -> None:
    loss, limit = jumping(0.5), 2.0 + 0.5 + 0.25 * 0.32**-0.15
    assert loss(np.array(1.0)) < limit < loss(np.array(1 - 1e-6))
    root = largest_ratio(loss, np.array([limit]))[0]
    assert root == pytest.approx(brentq(lambda r: float(loss(np.array(r))) - limit, 0, 0.99, xtol=1e-12), abs=1e-9)
    assert root == pytest.approx(0.7, abs=0.01)


def test_where_only_the_jump_passes_nothing_does() -> None:
    loss, limit = jumping(0.5), 2.6
    assert loss(np.array(1.0)) < limit < loss(np.array(0.0))
    assert np.isnan(largest_ratio(loss, np.array([limit]))[0])
    assert np.isnan(first_feasible(loss, limit))
    assert least_loss(loss) == (pytest.approx(0.0), pytest.approx(2.5 + 0.25 * 1.02**-0.15))


def test_a_curve_without_a_jump_still_passes_at_pure_domain_text() -> None:
    assert largest_ratio(lambda r: jumping(0.0)(r), np.array([2.0 + 0.25 * 0.02**-0.15 + 1e-9]))[0] == 1.0
