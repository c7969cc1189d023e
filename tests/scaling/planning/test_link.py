"""The link across sizes: -log(1 - R*) as a power law in N."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as student

from scaling.planning.link import carry, linked
from scaling.planning.target import NotIdentified, Target

PUBLISHED = Path(__file__).parents[3] / "data" / "published" / "cmr_table5_critical_ratio.csv"
SIZES = np.array([1e6, 3e6, 1e7])
ASKED = Target(1e8, 1e9, 0.05)


def on_the_law(sizes: np.ndarray, exponent: float = 0.3) -> np.ndarray:
    """Ratios whose e-folds are 0.4 (N / 3M)^exponent."""
    return -np.expm1(-0.4 * (sizes / 3e6) ** exponent)


@pytest.fixture(scope="module")
def finance() -> tuple[np.ndarray, np.ndarray]:
    """Sizes and critical ratios of CMR's table 5."""
    table = pd.read_csv(PUBLISHED)
    table = table[table["domain"] == "finance"].sort_values("params")
    return table["params"].to_numpy(float), table["critical_ratio_at_20e9_tokens"].to_numpy(float)


def test_each_published_size_from_the_other_three(finance: tuple[np.ndarray, np.ndarray]) -> None:
    sizes, ratios = finance
    errors = [carry(np.delete(sizes, i), np.delete(ratios, i)[None], sizes[i])[0] - ratios[i] for i in range(4)]
    assert np.abs(errors).max() < 0.015
    assert (sizes[-1], abs(errors[-1]) < 0.01) == (3.1e9, True)


def test_the_published_ratios_are_inside_the_draws_of_the_other_three(finance: tuple[np.ndarray, np.ndarray]) -> None:
    sizes, ratios = finance
    for i in range(4):
        drawn = carry(np.delete(sizes, i), np.tile(np.delete(ratios, i), (401, 1)), sizes[i])[1:]
        assert drawn.min() < ratios[i] < drawn.max()


@given(exponent=st.floats(-0.5, 0.5), target=st.floats(1e5, 1e9))
@settings(max_examples=40, deadline=None)
def test_ratios_on_the_law_are_carried_along_it_without_scatter(exponent: float, target: float) -> None:
    found = carry(SIZES, np.tile(on_the_law(SIZES, exponent), (20, 1)), target)
    expected = on_the_law(np.array([target]), exponent)[0]
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)


def test_the_scatter_about_the_link_is_in_the_draws_alone_as_students_t() -> None:
    sizes, target = np.array([1e6, 3e6, 1e7, 3e7]), 1e8
    folds = np.log(-np.log1p(-on_the_law(sizes))) + np.array([0.05, -0.05, -0.05, 0.05])
    ratios = -np.expm1(-np.exp(folds))
    found = carry(sizes, np.tile(ratios, (1001, 1)), target)
    x = np.log(sizes)
    slope, level = np.polyfit(x, folds, 1)
    spread = np.sqrt(np.sum((folds - level - slope * x) ** 2) / 2)
    leverage = 1 + 1 / 4 + (np.log(target) - x.mean()) ** 2 / np.sum((x - x.mean()) ** 2)
    scale = spread * np.sqrt(leverage)
    middle = level + slope * np.log(target)
    assert found[0] == pytest.approx(-np.expm1(-np.exp(middle)), rel=1e-9)
    assert found[0] == pytest.approx(carry(sizes, ratios[None], target)[0], rel=1e-12)
    ends = middle + scale * student(2).ppf([0.05, 0.5, 0.95])
    np.testing.assert_allclose(np.quantile(found[1:], [0.05, 0.5, 0.95]), -np.expm1(-np.exp(ends)), atol=5e-3)


def test_two_sizes_have_no_scatter_and_three_have() -> None:
    ratios = np.tile([0.2, 0.5, 0.4], (50, 1))
    assert np.ptp(carry(SIZES[:2], ratios[:, :2], 1e8)) == 0
    assert np.ptp(carry(SIZES, ratios, 1e8)[1:]) > 0.01


@given(ratios=st.lists(st.floats(0, 1), min_size=3, max_size=3), target=st.floats(1e6, 1e12))
@settings(max_examples=40, deadline=None)
def test_whatever_the_ratios_the_answer_is_one(ratios: list[float], target: float) -> None:
    found = carry(SIZES, np.tile(ratios, (10, 1)), target)
    assert np.all((found >= 0) & (found <= 1))


def test_answers_at_the_ends_are_left_out_and_listed() -> None:
    inside = on_the_law(SIZES)
    by_size = {size: np.full(5, ratio) for size, ratio in zip(SIZES, inside, strict=True)}
    found, notes = linked({**by_size, 3e7: np.full(5, 1.0)}, ASKED)
    np.testing.assert_allclose(found, on_the_law(np.array([1e8]))[0], rtol=1e-6)
    assert notes[0] == "critical ratio by size: 1M: 0.250, 3M: 0.330, 10M: 0.437, 30M: 1.000"


@pytest.mark.parametrize(
    ("ratio", "says"), [(1.0, "is within the tolerance at any ratio"), (np.nan, "exceeds the tolerance at any ratio")]
)
def test_sizes_that_all_agree_need_no_link(ratio: float, says: str) -> None:
    found, notes = linked({size: np.full(5, ratio) for size in SIZES}, ASKED)
    np.testing.assert_array_equal(found, np.full(5, ratio))
    assert notes[0].endswith(says)


def test_one_size_inside_cannot_be_carried() -> None:
    with pytest.raises(NotIdentified, match="to 100M params takes two or more sizes"):
        linked({1e6: np.full(5, 0.3), 3e6: np.full(5, 1.0), 1e7: np.full(5, np.nan)}, ASKED)


def test_sizes_that_disagree_at_the_ends_cannot_be_carried() -> None:
    """At one no ratio passes, at the other every one: neither can be said of the target."""
    with pytest.raises(NotIdentified, match="two or more sizes"):
        linked({1e6: np.full(5, np.nan), 1e7: np.full(5, 1.0)}, ASKED)


def test_a_size_without_draws_leaves_the_answer_without_an_interval() -> None:
    ratios = on_the_law(SIZES)
    uneven = {1e6: np.full(5, ratios[0]), 3e6: ratios[1:2], 1e7: np.full(9, ratios[2])}
    found, notes = linked(uneven, ASKED)
    assert found == pytest.approx(on_the_law(np.array([1e8])))
    assert "no interval: the runs at 3M params are too few for one" in notes
    found, notes = linked({**uneven, 3e6: np.full(7, ratios[1])}, ASKED)
    assert len(found) == 5
    assert not any("no interval" in note for note in notes)
