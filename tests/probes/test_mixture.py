from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probes.mixture import DOMAIN, GENERAL, Mixture, Part, interleave


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


PARTS = (Part(40, 0.7), Part(10, 0.2), Part(5, 0.1))


@pytest.mark.parametrize("which", [GENERAL, DOMAIN])
def test_sources_come_at_their_shares_and_in_the_same_order_at_every_ratio(which: int) -> None:
    orders = []
    for ratio in (0.25, 0.5, 0.75):
        corpus, index = Mixture(55, 55, ratio, 3, PARTS, PARTS).plan(200)
        orders.append(index[corpus == which])
        source = np.searchsorted([40, 50], orders[-1], side="right")
        for number, part in enumerate(PARTS):
            lag = np.cumsum(source == number) - part.share * np.arange(1, len(source) + 1)
            assert np.abs(lag).max() <= 0.75 + 1e-9
    shortest = min(map(len, orders))
    assert shortest > 0
    assert all((order[:shortest] == orders[0][:shortest]).all() for order in orders)


def test_each_source_has_its_own_epochs() -> None:
    mixture = Mixture(100, 55, 1.0, 0, (), PARTS)
    _, index = mixture.plan(100)
    assert sorted(index[index >= 50]) == sorted([*range(50, 55)] * 2)
    assert sorted(index[(index >= 40) & (index < 50)]) == sorted([*range(40, 50)] * 2)
    assert mixture.epochs(100) == (0.0, 2.0), "of the most repeated source"
    assert mixture.unique_domain(100) == 55
    assert mixture.unique_domain(20) == 14 + 4 + 2


def test_one_source_is_as_if_there_were_none() -> None:
    plain, single = Mixture(30, 20, 0.4, 7), Mixture(30, 20, 0.4, 7, (Part(30, 1.0),), (Part(20, 1.0),))
    for one, two in zip(plain.plan(120), single.plan(120), strict=True):
        assert (one == two).all()
    assert plain.epochs(120) == single.epochs(120) == (72 / 30, 48 / 20)
    assert plain.unique_domain(120) == 20


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
