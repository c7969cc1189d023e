import numpy as np
import pytest

from scaling.errors import InputError
from scaling.fitting import fit, profile
from scaling.runs import validate


@pytest.mark.parametrize("name", ["alpha", "A", "E", "eps"])
def test_a_profile_brackets_the_value_and_resembles_the_bootstrap(world, name):
    runs = validate(world(noise=1e-3, checkpoints=5), "runs.csv")
    drawn = fit(runs, draws=200, threads=1).domain.parameters[name]
    found = profile(runs, name, corpus="domain", threads=1)
    assert found.value == pytest.approx(drawn.value, rel=1e-4)
    assert found.low < found.value < found.high
    assert 0.4 < (found.high - found.low) / (drawn.high - drawn.low) < 2.5
    assert found.open == ()
    assert (found.rise >= -1e-6 * found.limit).all()
    assert (np.diff(found.grid) > 0).all()


def test_a_wider_level_is_a_wider_interval(world):
    runs = validate(world(noise=1e-3, checkpoints=4), "runs.csv")
    narrow, wide = (profile(runs, "beta", level=level, threads=1) for level in (0.5, 0.95))
    assert wide.low < narrow.low < narrow.high < wide.high


def test_of_a_linear_law_it_is_the_textbook_interval():
    """One floor and one power of known shape: least squares, where profile and normal theory are the same."""
    import pandas as pd
    from scipy.stats import t

    rng = np.random.default_rng(1)
    size = np.tile(np.geomspace(1e8, 1e10, 12), 5)
    frame = pd.DataFrame({"params": size, "tokens": np.repeat(np.geomspace(1e9, 1e11, 5), 12), "ratio": 0.5})
    frame["run"] = [f"r{i}" for i in range(len(frame))]
    frame["general_loss"] = 1.7 + 400 / frame["params"] ** 0.34 + 410 / frame["tokens"] ** 0.28
    frame["general_loss"] += rng.normal(0, 2e-3, len(frame))
    found = profile(validate(frame, "w"), "beta", "chinchilla", loss="squared", residual="raw", threads=1)
    at = np.array([1.7, 400.0, 0.34, 410.0, 0.28])
    n, d = frame["params"].to_numpy(), frame["tokens"].to_numpy()
    slopes = np.stack(
        [
            np.ones(len(n)),
            n ** -at[2],
            -at[1] * np.log(n) * n ** -at[2],
            d ** -at[4],
            -at[3] * np.log(d) * d ** -at[4],
        ]
    )
    scale = np.sqrt((slopes**2).sum(axis=1))
    inverse = np.linalg.inv((slopes / scale[:, None]) @ (slopes / scale[:, None]).T) / np.outer(scale, scale)
    expected = t.ppf(0.95, len(n) - 5) * 2e-3 * np.sqrt(inverse[4, 4])
    assert (found.high - found.low) / 2 == pytest.approx(expected, rel=0.35)


@pytest.mark.parametrize(
    ("name", "query", "says"),
    [
        ("delta", "params > 0", "no parameter 'delta'"),
        ("alpha", "params == 1e9", "does not let alpha"),
        ("alpha", "params <= 1e9", "does not let alpha"),
    ],
)
def test_a_parameter_that_cannot_be_profiled(world, name, query, says):
    with pytest.raises(InputError, match=says):
        profile(validate(world(noise=1e-3, checkpoints=4).query(query), "runs.csv"), name, threads=1)
