"""Fits of several tables in one batch are those of each table alone."""

import numpy as np
import pytest

from scaling.fitting.engine import search
from scaling.fitting.engine.lockstep import alike, problems, stacked
from scaling.fitting.engine.model import compile_law
from scaling.fitting.engine.objective import Objective
from scaling.fitting.engine.problems import Data, Pull
from scaling.fitting.engine.search import Job, cold_fit, cold_fits
from scaling.fitting.engine.solver import Options, evaluate
from scaling.laws import get_law

OBJECTIVE = Objective()


def job(law: str, rows: int, seed: int, scale: float = 1.0, pull: bool = False) -> Job:
    """A law on a random table of that many rows in units of its own."""
    rng = np.random.default_rng(seed)
    x = {
        "params": rng.choice([1e6, 3e6, 1e7], rows) * scale,
        "tokens": rng.choice(np.geomspace(1e7, 1e9, 9), rows) * scale,
        "share": rng.choice(np.linspace(0.05, 1, 8), rows),
    }
    chosen = get_law(law)
    model = compile_law(chosen, {v: x[v] for v in chosen.variables})
    truth = model.of_scaled(np.array([(p.start or (0.5, 1.5))[0] for p in chosen.parameters]))[None]
    loss = model.predict(truth, model.tables(truth), slice(0, rows))[0] * np.exp(rng.normal(0, 1e-3, rows))
    ends = np.zeros(len(model.lower))
    return Job(model, Data(np.log(loss), np.zeros(rows, np.intp)), Pull(ends, ends + 1e-6) if pull else None)


@pytest.mark.parametrize("law", ["dcpt", "chinchilla", "dcpt_l2"])
def test_a_batch_evaluates_as_each_table_alone(law: str) -> None:
    jobs = [job(law, 90, 0), job(law, 57, 1, 1e3, pull=law != "dcpt_l2"), job(law, 120, 2)]
    points = [model_start(one) for one in jobs]
    model = stacked([one.model for one in jobs])
    batch = problems([one.data for one in jobs], [q[None] for q in points], [one.pull for one in jobs])
    together = evaluate(model.take(np.arange(3)), batch, OBJECTIVE, np.stack(points))
    for k, (one, q) in enumerate(zip(jobs, points, strict=True)):
        alone = evaluate(one.model, one.data.problems(q[None], one.pull), OBJECTIVE, q[None])
        for mine, theirs in zip(together, alone, strict=True):
            np.testing.assert_allclose(mine[k], theirs[0], rtol=1e-9, atol=1e-12)


def model_start(one: Job) -> np.ndarray:
    law = one.model.law
    return np.asarray(one.model.of_scaled(np.array([(p.start or (0.5, 1.5))[1] * 0.9 for p in law.parameters])))


@pytest.mark.parametrize("law", ["dcpt", "dcpt_l2"])
def test_a_batch_finds_the_optima_of_each_table_alone(law: str) -> None:
    jobs = [job(law, 90, 0), job(law, 57, 1, 1e3), job(law, 120, 2)]
    found = cold_fits(jobs, OBJECTIVE, Options(threads=1))
    for one, optimum in zip(jobs, found, strict=True):
        alone = cold_fit(one.model, one.data, OBJECTIVE, Options(threads=1), one.pull)
        assert optimum.objective == pytest.approx(alone.objective, rel=1e-6)
        theta = [one.model.natural(q.q) for q in (optimum, alone)]
        assert theta[0][0] == pytest.approx(theta[1][0], rel=1e-2)


def test_models_of_other_laws_are_not_alike() -> None:
    assert alike(job("dcpt", 30, 0).model, job("dcpt", 40, 1).model)
    assert not alike(job("dcpt", 30, 0).model, job("chinchilla", 30, 0).model)
    assert not alike(job("dcpt", 30, 0).model, job("dcpt_l2", 30, 0).model)


@pytest.mark.parametrize("sizes", [(90, 40), (40, 90)])
def test_a_table_too_long_for_a_batch_goes_by_itself(monkeypatch: pytest.MonkeyPatch, sizes: tuple[int, int]) -> None:
    monkeypatch.setattr(search, "THINNED", 60)
    found = cold_fits([job("chinchilla", rows, k) for k, rows in enumerate(sizes)], OBJECTIVE, Options(threads=1))
    assert all(one.converged for one in found)
