import numpy as np
import pytest

from scaling.planning.next.information import Design, blocks, kinship, start
from scaling.planning.next.noise_parts import NoiseParts, noise_parts

NOISE = NoiseParts(miss=0.5, luck=0.3, own=0.2, row=1.0)
RUN = np.repeat(np.arange(5), 3)
PLACE = np.array([[1.0, 0.0], [1.0, 0.5], [1.0, 0.5], [2.0, 1.0], [1.0, 0.0]])  # log params, ratio; two cells twice
PRIOR = np.array([[0.0, 0.1, 0.0], [0.2, 0.0, 0.0]])
SLOPE = np.array([[1.0, 2.0, -1.0], [0.5, 0.0, 3.0]])


@pytest.fixture
def slopes() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(2, 3, 15))


def dense(slopes: np.ndarray, count: int) -> list[float]:
    """Variance of SLOPE' theta for least squares over the first `count` runs, the covariance of the rows written out."""
    rows = np.flatnonzero(count > RUN)
    run = RUN[rows]
    kin = np.exp(-np.abs(PLACE[run, None] - PLACE[None, run]) @ (1 / 1.0, 1 / 0.25))
    covariance = 0.2 * np.eye(len(rows)) + 0.3 * (run[:, None] == run) + 0.5 * kin
    found = []
    for j, prior, g in zip(slopes[:, :, rows], PRIOR, SLOPE, strict=True):
        inverse = np.linalg.inv(j @ j.T + np.diag(prior))
        middle = j @ covariance @ j.T + NOISE.row * np.diag(prior)
        found.append(float(g @ inverse @ middle @ inverse @ g))
    return found


def made(slopes: np.ndarray, count: int) -> Design:
    kept = count > RUN
    return start(blocks(slopes[:, :, kept], RUN[kept], PLACE[:count]), blocks(slopes, RUN, PLACE), NOISE, PRIOR)


def test_variances_are_those_of_the_whole_covariance(slopes: np.ndarray) -> None:
    for count in (3, 5):
        assert made(slopes, count).variance(SLOPE) == pytest.approx(dense(slopes, count))


def test_a_run_more_is_the_larger_table(slopes: np.ndarray) -> None:
    there = made(slopes, 3)
    assert there.variances(SLOPE)[:, 3] == pytest.approx(dense(slopes, 4))
    assert there.plus(3).variance(SLOPE) == pytest.approx(dense(slopes, 4))
    assert there.plus(3).variances(SLOPE)[:, 4] == pytest.approx(dense(slopes, 5))
    assert there.plus(3).plus(4).variance(SLOPE) == pytest.approx(dense(slopes, 5))


def test_misses_are_shared_by_neighbours() -> None:
    places = np.array([[0.0, 0.5], [0.0, 0.5], [1.0, 0.5], [0.0, 0.75], [9.0, 0.5]])
    assert kinship(places, places[:1])[:, 0] == pytest.approx([1, 1, np.exp(-1), np.exp(-1), np.exp(-9)])
    one = np.ones((1, 1, 3))
    others = blocks(np.ones((1, 1, 15)), RUN, places)
    there = start(blocks(one, np.zeros(3, int), places[:1]), others, NOISE, np.zeros((1, 1)))
    assert there.variance(np.ones((1, 1)))[0] == pytest.approx(0.5 + 0.3 + 0.2 / 3)
    after = there.variances(np.ones((1, 1)))[0]
    assert after[0] == pytest.approx(0.5 + 0.3 / 2 + 0.2 / 6), "another seed does not tell what the law misses"
    assert after[4] == pytest.approx((0.5 + 0.3 + 0.2 / 3) / 2, rel=1e-3), "a far one does"
    assert after[2] == after[3]
    assert after[4] < after[2] < after[1] == after[0]


def test_what_nothing_tells_stays_finite() -> None:
    slopes = np.zeros((1, 2, 3))
    slopes[0, 0] = 1.0
    only = blocks(slopes, np.zeros(3, int), PLACE[:1])
    there = start(only, only, NOISE, np.zeros((1, 2)))
    assert np.isfinite(there.variance(np.array([[1.0, 1.0]]))[0])


def test_noise_is_taken_apart() -> None:
    rng = np.random.default_rng(1)
    cell = np.repeat(np.arange(1500), 2)
    run = np.repeat(np.arange(3000), 9)
    miss, luck = rng.normal(0, 0.004, 1500)[cell], rng.normal(0, 0.003, 3000)
    residual = (miss + luck)[run] + rng.normal(0, 0.002, len(run))
    slopes = rng.normal(size=(4, len(run)))
    found = noise_parts(residual, run, cell, slopes)
    assert found.miss**0.5 == pytest.approx(0.004, rel=0.15)
    assert found.luck**0.5 == pytest.approx(0.003, rel=0.15)
    assert found.own**0.5 == pytest.approx(0.002, rel=0.05)
    alone = noise_parts(residual[::2], run[::2], np.arange(3000), slopes[:, ::2])
    assert alone.luck == pytest.approx(alone.miss), "without repeats nothing tells them apart"


def test_rows_of_a_run_are_never_taken_for_independent() -> None:
    rng = np.random.default_rng(2)
    run = np.repeat(np.arange(20), 9)
    bent = np.tile(np.linspace(-0.01, 0.01, 9), 20) + rng.normal(0, 1e-4, 180)
    found = noise_parts(bent, run, np.arange(20), rng.normal(size=(4, 180)))
    assert found.miss + found.luck == pytest.approx(0.5 * float(np.mean(bent**2)), rel=0.1)
