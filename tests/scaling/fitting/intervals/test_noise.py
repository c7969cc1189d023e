import math

import numpy as np
import pytest
from scipy import stats

from scaling.fitting.intervals.interval import scattered


@pytest.mark.parametrize("freedom", [math.inf, 1, 2, 7])
def test_the_values_are_evenly_spread_quantiles(freedom: float) -> None:
    spread = stats.norm() if math.isinf(freedom) else stats.t(freedom)
    found = scattered(201, 0.3, freedom)
    expected = 0.3 * spread.ppf((np.arange(200) + 0.5) / 200)
    np.testing.assert_allclose(np.sort(found[1:]), expected, rtol=1e-9, atol=1e-12)
    assert found[0] == 0


def test_the_order_is_mixed_and_the_same_every_time() -> None:
    found = scattered(201, 1.0)
    np.testing.assert_array_equal(found, scattered(201, 1.0))
    assert abs(np.corrcoef(found[1:], np.arange(200))[0, 1]) < 0.2


def test_other_seeds_are_other_orders_of_the_same_values() -> None:
    one, other = (scattered(401, 1.0, seed=seed)[1:] for seed in (0, 1))
    np.testing.assert_array_equal(np.sort(one), np.sort(other))
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.2


@pytest.mark.parametrize(("count", "scale", "freedom"), [(5, 0.0, 3), (5, 1.0, 0), (1, 1.0, math.inf), (5, 0.0, 0)])
def test_no_scale_no_freedom_or_no_draws_is_no_noise(count: int, scale: float, freedom: float) -> None:
    np.testing.assert_array_equal(scattered(count, scale, freedom), np.zeros(count))
