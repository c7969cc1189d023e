import numpy as np
import pytest

from scaling.planning.information import Design, blocks, start
from scaling.planning.noise_parts import NoiseParts, noise_parts

NOISE = NoiseParts(miss=0.5, luck=0.3, own=0.2, row=1.0)
RUN = np.repeat(np.arange(5), 3)
CELL = np.array([0, 1, 1, 2, 0])  # runs 1 and 2, 0 and 4 are seeds of one cell
PRIOR = np.array([[0.0, 0.1, 0.0], [0.2, 0.0, 0.0]])


@pytest.fixture
def slopes() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(2, 3, 15))


def dense(slopes: np.ndarray, slope: np.ndarray, count: int) -> list[float]:
    """Variance of slope' theta for least squares over the first `count` runs, the covariance of the rows written out."""
    rows = np.flatnonzero(count > RUN)
    run, cell = RUN[rows], CELL[RUN[rows]]
    covariance = 0.2 * np.eye(len(rows)) + 0.3 * (run[:, None] == run) + 0.5 * (cell[:, None] == cell)
    found = []
    for j, prior, g in zip(slopes[:, :, rows], PRIOR, slope, strict=True):
        inverse = np.linalg.inv(j @ j.T + np.diag(prior))
        middle = j @ covariance @ j.T + NOISE.row * np.diag(prior)
        found.append(float(g @ inverse @ middle @ inverse @ g))
    return found


def made(slopes: np.ndarray, count: int) -> Design:
    kept = count > RUN
    return start(blocks(slopes[:, :, kept], RUN[kept], CELL[:count]), NOISE, PRIOR, 3)


def test_variances_are_those_of_the_whole_covariance(slopes: np.ndarray) -> None:
    slope = np.array([[1.0, 2.0, -1.0], [0.5, 0.0, 3.0]])
    for count in (3, 5):
        assert made(slopes, count).variance(slope) == pytest.approx(dense(slopes, slope, count))


def test_a_run_more_is_the_larger_table(slopes: np.ndarray) -> None:
    slope = np.ones((2, 3))
    there, every = made(slopes, 4), blocks(slopes, RUN, CELL)
    expected = dense(slopes, slope, 5)
    assert there.variances(slope, every)[:, 4] == pytest.approx(expected)
    assert there.plus(every, 4).variance(slope) == pytest.approx(expected)


def test_seeds_do_not_tell_what_the_law_misses() -> None:
    slopes = np.ones((1, 1, 3))
    one = start(blocks(slopes, np.zeros(3, int), np.zeros(1, int)), NOISE, np.zeros((1, 1)), 2)
    other = blocks(np.ones((1, 1, 6)), np.repeat([0, 1], 3), np.array([0, 1]))
    repeated, elsewhere = one.variances(np.ones((1, 1)), other)[0]
    assert one.variance(np.ones((1, 1)))[0] == pytest.approx(0.5 + 0.3 + 0.2 / 3)
    assert repeated == pytest.approx(0.5 + 0.3 / 2 + 0.2 / 6)
    assert elsewhere == pytest.approx((0.5 + 0.3 + 0.2 / 3) / 2)


def test_what_nothing_tells_stays_finite() -> None:
    slopes = np.zeros((1, 2, 3))
    slopes[0, 0] = 1.0
    there = start(blocks(slopes, np.zeros(3, int), np.zeros(1, int)), NOISE, np.zeros((1, 2)), 1)
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
