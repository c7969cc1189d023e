"""The other forms of the D-CPT paper through the whole fit."""

import numpy as np
import pandas as pd
import pytest

from scaling.fitting import fit
from scaling.laws import get_law
from scaling.runs import validate

SIZE = {"A": 600.0, "alpha": 0.32}
TRUTH = {
    "dcpt_l1": {"E": 1.6, **SIZE, "B": 40.0, "beta": 0.28, "C": 0.35, "gamma": 0.2, "eps": 0.02},
    "dcpt_l2": {"E": 1.0, **SIZE, "B": 300.0, "beta": 0.39, "C": 0.5, "gamma": 0.35, "eps": 0.02, "eta": 1.4},
    "dcpt_l4": {"E": 1.6, **SIZE, "B": 40.0, "beta": 0.28, "b": 1.8, "C": 0.5, "c": 4.0},
    "dcpt_l5": {"E": 1.6, **SIZE, "B": 40.0, "beta": 0.2, "sigma": 0.03},
}


def make(name: str, unit: float = 1.0, noise: float = 0.0) -> pd.DataFrame:
    law, tokens = get_law(name), np.geomspace(0.2e9, 10e9, 6)
    ratios = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)
    rows = [(n, d, r) for n in (0.5e9, 1e9, 2e9, 4e9) for r in ratios for d in tokens]
    frame = pd.DataFrame(rows, columns=["params", "tokens", "ratio"])
    x = {k: frame[v].to_numpy() for k, v in (("params", "params"), ("tokens", "tokens"), ("share", "ratio"))}
    errors = np.exp(noise * np.random.default_rng(0).normal(size=len(frame)))
    frame["domain_loss"] = law.value(np.array([TRUTH[name][n] for n in law.names]), x) * errors
    return frame.assign(tokens=frame["tokens"] * unit)


def fitted(frame: pd.DataFrame, law: str):
    return fit(validate(frame), law, draws=0, threads=1, burn_in=0).domain


@pytest.mark.parametrize("name", TRUTH)
def test_a_world_without_noise_is_recovered(name):
    one = fitted(make(name), name)
    for parameter, value in TRUTH[name].items():
        assert one.parameters[parameter].value == pytest.approx(value, rel=1e-5), parameter
    assert one.huber < 1e-15


@pytest.mark.parametrize("name", TRUTH)
def test_the_unit_of_tokens_does_not_matter(name):
    one, other = fitted(make(name, noise=1e-3), name), fitted(make(name, unit=1e-9, noise=1e-3), name)
    assert other.huber == pytest.approx(one.huber, rel=1e-6)
    assert float(other.curve(8e9, 20.0, 0.3)) == pytest.approx(float(one.curve(8e9, 20e9, 0.3)), rel=1e-4)


@pytest.mark.parametrize("name", TRUTH)
@pytest.mark.parametrize(
    ("query", "gone"),
    [
        ("params == 1e9", {"A", "alpha"}),
        ("tokens == tokens.max()", {"dcpt_l2": {"B", "beta", "eta"}, "dcpt_l4": {"B", "beta", "b"}, "dcpt_l5": set()}),
        ("ratio == 0.5", {"dcpt_l2": {"C", "gamma", "eps", "eta"}, "dcpt_l4": {"C", "c", "b"}, "dcpt_l5": {"sigma"}}),
    ],
)
def test_a_table_that_lacks_a_dimension(name, query, gone):
    frame = make(name, noise=1e-4).query(query)
    one = fitted(frame, name)
    if name != "dcpt_l1":
        assert set(one.dropped) == (gone[name] if isinstance(gone, dict) else gone)
    assert not set(one.dropped) & set(one.parameters)
    losses = one.curve(frame["params"], frame["tokens"], frame["ratio"])
    np.testing.assert_allclose(losses, frame["domain_loss"], rtol=5e-3)
