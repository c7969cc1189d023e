import numpy as np
import pytest
from scipy import stats

from scaling.fitting.intervals.student import quantiles


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 7, 20, 51])
def test_quantiles_are_those_of_scipy(freedom: int) -> None:
    chances = (np.arange(999) + 0.5) / 999
    np.testing.assert_allclose(quantiles(freedom, chances), stats.t(freedom).ppf(chances), rtol=1e-9, atol=1e-12)


def test_half_is_the_middle_and_sides_mirror() -> None:
    found = quantiles(3, np.array([0.1, 0.5, 0.9]))
    assert found[0] == pytest.approx(-found[2])
    assert found[1] == pytest.approx(0.0, abs=1e-12)
