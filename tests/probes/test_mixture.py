import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probes.mixture import DOMAIN, GENERAL, Mixture


@settings(deadline=None)  # a busy machine is no failure
@given(ratio=st.floats(0, 1), blocks=st.integers(1, 400))
def test_domain_share_is_exact_to_one_block_at_every_prefix(ratio: float, blocks: int) -> None:
    corpus, _ = Mixture(50, 30, ratio, seed=0).plan(blocks)
    counts = np.cumsum(corpus == DOMAIN)
    exact = ratio * np.arange(1, blocks + 1)
    assert np.abs(counts - exact).max() <= 0.5 + 1e-3


@pytest.mark.parametrize("which", [GENERAL, DOMAIN])
def test_every_ratio_meets_the_same_blocks_in_the_same_order(which: int) -> None:
    orders = []
    for ratio in (0.25, 0.5, 0.75):
        corpus, index = Mixture(100, 100, ratio, seed=3).plan(80)
        orders.append(index[corpus == which])
    shortest = min(map(len, orders))
    assert shortest > 0
    assert all((order[:shortest] == orders[0][:shortest]).all() for order in orders)


def test_each_epoch_sees_every_block_once_in_a_new_order() -> None:
    corpus, index = Mixture(10, 10, 1.0, seed=0).plan(20)
    assert (corpus == DOMAIN).all()
    first, second = index[:10], index[10:]
    assert sorted(first) == sorted(second) == list(range(10))
    assert (first != second).any()


def test_seeds_give_different_orders() -> None:
    _, one = Mixture(100, 100, 0.5, seed=0).plan(50)
    _, two = Mixture(100, 100, 0.5, seed=1).plan(50)
    assert (one != two).any()


def test_epochs_count_each_corpus() -> None:
    assert Mixture(10, 20, 0.25, seed=0).epochs(40) == (3.0, 0.5)
