"""What a run table says of the tokens that the bases saw, and what is taken where it says nothing."""

import numpy as np
import pandas as pd
import pytest

from scaling.fitting.estimation.base_tokens import UNKNOWN, BaseTokens, base_tokens, progress_of
from scaling.runs import Runs, validate

SIZES = (1e6, 3e6, 1e7)


def table(logged: dict[float, list[float]] | None) -> Runs:
    """Two runs a size, the longest of 4e8 tokens; logged: size -> the base tokens of its runs."""
    rows = [
        {"params": n, "tokens": d, "ratio": r, "general_loss": 3.0, "seen": np.nan if logged is None else logged[n][i]}
        for n in SIZES
        for i, r in enumerate((0.2, 0.8))
        for d in (1e8, 4e8)
    ]
    frame = pd.DataFrame(rows).rename(columns={"seen": "base_tokens"})
    return validate(frame.drop(columns="base_tokens") if logged is None else frame)


def test_a_table_without_the_column_says_nothing() -> None:
    seen = base_tokens(table(None))
    assert not seen.known
    assert not seen.varies
    assert seen.params == SIZES
    np.testing.assert_allclose(seen.at([1e6, 2e6, 7e9]), UNKNOWN * 4e8, rtol=1e-12)


def test_a_column_empty_for_one_size_says_nothing() -> None:
    seen = base_tokens(table({1e6: [2e9, 2e9], 3e6: [np.nan, np.nan], 1e7: [2e10, 2e10]}))
    assert not seen.known
    np.testing.assert_allclose(seen.at(SIZES), UNKNOWN * 4e8, rtol=1e-12)


def test_a_size_with_one_run_that_says_so_is_known() -> None:
    seen = base_tokens(table({1e6: [2e9, np.nan], 3e6: [6e9, 6e9], 1e7: [2e10, 2e10]}))
    assert seen.known
    assert seen.tokens == pytest.approx((2e9, 6e9, 2e10))


def test_bases_of_equal_tokens_go_on_as_they_are() -> None:
    seen = base_tokens(table({n: [5e9, 5e9] for n in SIZES}))
    assert seen.known
    assert not seen.varies
    np.testing.assert_allclose(seen.at([[1e6], [7e9]]), [[5e9], [5e9]], rtol=1e-12)


def test_bases_of_equal_tokens_a_parameter_go_on_in_proportion() -> None:
    seen = base_tokens(table({n: [20 * n, 20 * n] for n in SIZES}))
    assert seen.varies
    np.testing.assert_allclose(seen.at([1e6, 2e6, 1e7, 7e9]), [2e7, 4e7, 2e8, 1.4e11], rtol=1e-9)
    assert float(seen.at(7e9)) == pytest.approx(1.4e11)


def test_a_size_of_the_table_is_answered_by_its_own_base_and_others_by_the_power_law() -> None:
    seen = BaseTokens(SIZES, (1e9, 1e8, 1e9), True)
    np.testing.assert_array_equal(seen.at([3e6, 3.02e6]), [1e8, 1e8])
    slope, level = np.polyfit(np.log(SIZES), np.log(seen.tokens), 1)
    np.testing.assert_allclose(seen.at([2e6, 1e9]), np.exp(level + slope * np.log([2e6, 1e9])), rtol=1e-9)


def test_bases_of_one_size_that_differ_are_their_geometric_mean() -> None:
    seen = base_tokens(table({1e6: [1e8, 1e10], 3e6: [1e9, 1e9], 1e7: [1e9, 1e9]}))
    assert seen.tokens[0] == pytest.approx(1e9)
    assert not seen.varies


def test_progress_is_row_by_row_where_rows_say_so() -> None:
    runs = table({1e6: [1e8, 1e10], 3e6: [1e9, np.nan], 1e7: [1e9, 1e9]})
    frame = runs.frame
    params, tokens, logged = (frame[name].to_numpy(float) for name in ("params", "tokens", "base_tokens"))
    found = frame.assign(progress=progress_of(runs, params, tokens, logged)).set_index(["params", "ratio", "tokens"])[
        "progress"
    ]
    assert found[1e6, 0.2, 4e8] == pytest.approx(4.0)
    assert found[1e6, 0.8, 4e8] == pytest.approx(0.04)
    assert found[3e6, 0.8, 1e8] == pytest.approx(0.1)  # not said, so that of the size


def test_progress_without_the_column_is_that_of_many_tokens_for_all() -> None:
    runs = table({1e6: [1e8, 1e10], 3e6: [np.nan, np.nan], 1e7: [1e9, 1e9]})
    frame = runs.frame
    params, tokens, column = (frame[name].to_numpy(float) for name in ("params", "tokens", "base_tokens"))
    for logged in (column, None):
        found = progress_of(runs, params, tokens, logged)
        np.testing.assert_allclose(found, tokens / (UNKNOWN * 4e8), rtol=1e-12)
