from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probes.shares import interleave


@settings(deadline=None)  # a busy machine is no failure
@given(weights=st.lists(st.integers(1, 50), min_size=2, max_size=6), blocks=st.integers(1, 400))
def test_every_prefix_holds_each_source_at_its_share(weights: list[int], blocks: int) -> None:
    shares = [weight / sum(weights) for weight in weights]
    source = interleave(shares, blocks)
    bound = 1 - Fraction(1, 2 * len(weights) - 2)
    for number, weight in enumerate(weights):
        exact = np.arange(1, blocks + 1) * weight / sum(weights)
        assert np.abs(np.cumsum(source == number) - exact).max() <= float(bound) + 1e-3


@pytest.mark.parametrize("shares", [[0.7, 0.3], [0.333333, 0.333333, 0.333334], [0.123457, 0.654321, 0.222222]])
def test_a_longer_order_begins_with_the_shorter_one(shares: list[float]) -> None:
    longest = interleave(shares, 3000)
    for blocks in (0, 1, 2, 10, 17, 1024, 2999):
        assert (interleave(shares, blocks) == longest[:blocks]).all()
    assert np.bincount(longest) == pytest.approx(3000 * np.array(shares), abs=1)


def test_one_source_gives_every_block() -> None:
    assert not interleave([1.0], 7).any()
    assert len(interleave([1.0], 7)) == 7
