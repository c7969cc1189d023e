"""Counts as people write them: `7B`, `20e9`, `350M`, and back."""

from __future__ import annotations

import math
import re

from scaling.errors import InputError

_FACTORS = {"": 1.0, "K": 1e3, "M": 1e6, "B": 1e9, "G": 1e9, "T": 1e12}
_COUNT = re.compile(r"([+-]?(?:\d+(?:[\d_]*\d)?\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*([KMBGT]?)", re.IGNORECASE)


def parse_count(text: str | float, what: str = "number") -> float:
    """Read a count: `7B`, `20e9`, `1.5e9`, `350M`, `1_000_000`, or a number as it is.

    Suffixes (either case): K 1e3, M 1e6, B or G 1e9, T 1e12. `what` names the value in the error.
    Raises `InputError` for anything else, infinities included.

    >>> parse_count("7B"), parse_count("1_000"), parse_count("2.5e6")
    (7000000000.0, 1000.0, 2500000.0)
    """
    match = _COUNT.fullmatch(str(text).strip())
    value = float(match[1].replace("_", "")) * _FACTORS[match[2].upper()] if match else math.nan
    if not math.isfinite(value):
        raise InputError(f"{what}: {str(text)!r} is not a number; write for example 7B, 350M or 20e9")
    return value


def format_count(value: float, digits: int = 3) -> str:
    """Write a count with a suffix; `digits` significant digits.

    >>> format_count(7e9), format_count(134.5e6), format_count(262144)
    ('7B', '134M', '262K')
    """
    if not math.isfinite(value):
        return str(value)
    for factor, suffix in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K"), (1.0, "")):
        scaled = float(f"{value / factor:.{digits}g}")
        if abs(scaled) >= 1:
            return f"{scaled:.{max(digits, 3)}g}{suffix}"
    return f"{value:.{digits}g}"


def counted(count: int, what: str) -> str:
    """Write how many there are of something, with its plural where it is not one.

    >>> counted(1, "run"), counted(0, "row"), counted(2, "branch"), counted(12_000, "near copy")
    ('1 run', '0 rows', '2 branches', '12000 near copies')
    """
    if count == 1:
        return f"{count} {what}"
    if what.endswith("y") and what[-2:-1] not in "aeiou":
        return f"{count} {what[:-1]}ies"
    return f"{count} {what}{'es' if what.endswith(('ch', 's', 'sh', 'x')) else 's'}"


def finite_or_none(value: float) -> float | None:
    """A number as JSON can hold it: NaN and infinities become None."""
    return float(value) if math.isfinite(value) else None
