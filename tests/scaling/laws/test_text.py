"""The plain-text formulas are arithmetic that gives the laws' values: the report page computes from them."""

import re

import numpy as np
import pytest

from scaling.laws import Law, get_law, law_names
from scaling.laws.factors import SYMBOLS

FUNCTIONS = {"log": np.log, "exp": np.exp}
ROWS = 50


def variables(law: Law, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Random variables (n,) of real tables: the law's own, and tokens wherever progress is taken of them."""
    ranges = {
        "params": (1e5, 1e11),
        "tokens": (1e4, 1e12),
        "share": (1e-3, 1.0),
        "progress": (1e-4, 10.0),
        "k1": (1.0, 10.0),
        "k2": (0.01, 3.0),
    }
    return {name: np.exp(rng.uniform(*np.log(ranges[name]), ROWS)) for name in law.variables}


def parameters(law: Law, rng: np.random.Generator) -> np.ndarray:
    """A random theta (p,) within the bounds, of a size that keeps every term finite."""
    return np.array([rng.uniform(max(p.lower, -1.5), min(p.upper, 1.5)) for p in law.parameters])


def evaluate(law: Law, theta: np.ndarray, x: dict[str, np.ndarray]) -> np.ndarray:
    """What the text on the right of the equals sign gives, read as Python with ^ for powers."""
    _, right = law.text().split(" = ")
    symbols = {SYMBOLS[name]: values for name, values in x.items() if name != "progress"}
    if "progress" in x:  # D/D0 in the text, so D0 is what makes it so
        symbols["D0"] = x["tokens"] / x["progress"]
    names = {**FUNCTIONS, **symbols, **dict(zip(law.names, theta, strict=True))}
    assert len(names) == len(FUNCTIONS) + len(symbols) + len(theta), "a parameter has the name of a variable"
    return eval(right.replace("^", "**"), {"__builtins__": {}}, names)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", law_names())
def test_the_text_gives_the_laws_value(name: str, seed: int) -> None:
    law, rng = get_law(name), np.random.default_rng(seed)
    theta, x = parameters(law, rng), variables(law, rng)
    np.testing.assert_allclose(evaluate(law, theta, x), law.value(theta, x), rtol=1e-9)


@pytest.mark.parametrize("name", law_names())
def test_the_text_is_plain_arithmetic(name: str) -> None:
    law = get_law(name)
    left, right = law.text().split(" = ")
    assert left in {"L", "dL", "R"}
    known = {*FUNCTIONS, *law.names, "N", "D", "D0", "r", "k1", "k2"}
    assert set(re.findall(r"[A-Za-z_]\w*", right)) <= known
    assert not re.sub(r"[A-Za-z_]\w*|\d+(\.\d+)?|[-+*/^() ]", "", right)
