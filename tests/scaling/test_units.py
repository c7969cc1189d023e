import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaling.errors import InputError
from scaling.units import counted, format_count, parse_count


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7B", 7e9),
        ("7b", 7e9),
        ("20e9", 20e9),
        ("1.8 B", 1.8e9),
        ("350M", 350e6),
        ("0.3m", 3e5),
        ("12k", 12e3),
        ("2T", 2e12),
        ("1_000_000", 1e6),
        ("5", 5.0),
        (".5B", 5e8),
        ("1e3M", 1e9),
        ("-2", -2.0),
        (7e9, 7e9),
    ],
)
def test_counts_as_people_write_them(text: str | float, value: float) -> None:
    assert parse_count(text) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("text", ["", "B", "7Q", "seven", "7BB", "nan", "inf", "1e999", "1,000", "0x10", "7 B B"])
def test_anything_else_is_an_input_error_that_names_the_option(text: str) -> None:
    with pytest.raises(InputError, match=r"params: .*is not a number"):
        parse_count(text, "params")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (7e9, "7B"),
        (134.5e6, "134M"),
        (1.8e9, "1.8B"),
        (999.9e6, "1B"),
        (0, "0"),
        (640, "640"),
        (3e5, "300K"),
        (2e12, "2T"),
    ],
)
def test_counts_are_written_short(value: float, text: str) -> None:
    assert format_count(value) == text


@settings(deadline=None)  # a busy machine is no failure
@given(st.floats(1, 1e15))
def test_writing_then_reading_keeps_three_digits(value: float) -> None:
    assert math.isclose(parse_count(format_count(value)), value, rel_tol=5.1e-3)


@pytest.mark.parametrize(
    ("count", "what", "words"),
    [
        (1, "run", "1 run"),
        (0, "run", "0 runs"),
        (2, "row", "2 rows"),
        (1, "branch", "1 branch"),
        (2, "branch", "2 branches"),
        (3, "loss", "3 losses"),
        (2, "near copy", "2 near copies"),
        (2, "day", "2 days"),
    ],
)
def test_one_is_told_as_one(count: int, what: str, words: str) -> None:
    assert counted(count, what) == words
