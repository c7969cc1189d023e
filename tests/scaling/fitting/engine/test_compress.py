import numpy as np
import pytest

from scaling.fitting import fit
from scaling.fitting.engine.compress import compress
from scaling.fitting.engine.model import compile_law
from scaling.fitting.engine.objective import Objective
from scaling.fitting.engine.problems import Data, Problems
from scaling.fitting.engine.solver import Options, evaluate, solve
from scaling.fitting.engine.starts import screened_starts
from scaling.laws import get_law
from scaling.runs import validate

WHERE = {"params": 8e9, "tokens": 10e9, "ratio": 0.3}


def long_table(world):
    frame = world(noise=1e-3, checkpoints=300)
    x = {"params": frame["params"].to_numpy(), "tokens": frame["tokens"].to_numpy(), "share": frame["ratio"].to_numpy()}
    model = compile_law(get_law("dcpt"), x)
    data = Data(np.log(frame["domain_loss"].to_numpy()), frame["run"].astype("category").cat.codes.to_numpy(np.intp))
    return model, data


@pytest.mark.parametrize("objective", [Objective(), Objective("log", "squared")])
def test_gradient_and_curvature_stay_where_they_were(world, objective):
    model, data = long_table(world)
    start = screened_starts(model, data.target, objective, 16)[:1]
    pilot = solve(model, Problems(start, data.target, data.groups), objective, Options(threads=1)).q[0]
    little, fewer, same = compress(model, data, objective, pilot)
    assert little.rows < model.rows
    assert fewer.row_weights.sum() == pytest.approx(model.rows)
    assert set(fewer.groups) == set(data.groups)
    scale = np.exp(np.log(little.internal(model.natural(pilot)) / pilot).clip(-1, 1))
    one = evaluate(model, data.problems(pilot[None]), objective, pilot[None])
    other = evaluate(little, fewer.problems(same[None]), objective, same[None])
    jump = np.linalg.solve(one[2][0], -one[1][0]), np.linalg.solve(other[2][0], -other[1][0]) / scale
    spread = np.sqrt(np.diag(np.linalg.inv(one[2][0]))) * 1e-3
    assert (np.abs(jump[0] - jump[1]) < 0.2 * spread).all()
    ratio = np.diag(other[2][0]) * scale**2 / np.diag(one[2][0])
    np.testing.assert_allclose(ratio, 1, rtol=0.02)


@pytest.mark.parametrize("method", ["runs", "wild"])
def test_a_long_table_gives_the_same_fit_and_nearly_the_same_draws(world, monkeypatch, method):
    frame = validate(world(noise=1e-3, checkpoints=200), "w")
    options = {"draws": 40, "threads": 1, "resample": method}
    plain = fit(frame, **options)
    monkeypatch.setattr("scaling.fitting.engine.search.THINNED", 900)
    for place in ("engine.search", "intervals.draws"):
        monkeypatch.setattr(f"scaling.fitting.{place}.LONG", 1000)
    short = fit(frame, **options)
    for one, other in zip(plain.corpora.values(), short.corpora.values(), strict=True):
        assert other.huber == pytest.approx(one.huber, rel=1e-7)
        mine, theirs = (f.curve(**WHERE, draws=True) for f in (one, other))
        assert np.sqrt(np.mean((mine - theirs) ** 2)) < 0.1 * mine.std()
