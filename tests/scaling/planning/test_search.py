import numpy as np
import pytest

from scaling.planning.search import at_end, least

GRID = np.linspace(-1.0, 2.0, 31)
CENTRES = np.array([[-3.0], [-1.0], [-0.123456], [0.0], [1.987], [2.0], [5.0]])


def test_every_curve_has_its_own_minimum() -> None:
    found = least(lambda x: (x - CENTRES) ** 2, GRID)
    assert found == pytest.approx(np.clip(CENTRES[:, 0], -1, 2), abs=1e-7)
    assert at_end(found, GRID).tolist() == [True, True, False, False, False, True, True]


def test_the_lowest_of_two_valleys() -> None:
    def curves(x: np.ndarray) -> np.ndarray:
        tilt = np.array([[0.05], [-0.05]])
        return (x**2 - 0.5**2) ** 2 + tilt * x

    low, high = least(curves, GRID)
    assert low == pytest.approx(-high) == pytest.approx(np.roots([4, 0, -1, 0.05]).min(), abs=1e-7)


def test_an_infinite_loss_is_never_the_least() -> None:
    def curve(x: np.ndarray) -> np.ndarray:
        return np.where(x < 0.5, np.inf, x)

    assert least(curve, GRID) == pytest.approx([0.5], abs=1e-6)
