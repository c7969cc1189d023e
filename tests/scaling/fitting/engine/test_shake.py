import numpy as np
import pytest

from scaling.fitting.engine.model import compile_law
from scaling.fitting.engine.objective import Objective
from scaling.fitting.engine.problems import Data
from scaling.fitting.engine.search import cold_fit
from scaling.fitting.engine.shake import shaken
from scaling.fitting.engine.solver import Options, solve
from scaling.fitting.engine.starts import screened_starts
from scaling.laws import get_law


def problem(world, law: str):
    """A form of the D-CPT law on a world of another one: residuals far beyond Huber's delta."""
    frame = world(noise=2e-2, checkpoints=6)
    x = {
        "params": frame["params"].to_numpy(),
        "tokens": frame["tokens"].to_numpy(),
        "share": 1 - frame["ratio"].to_numpy(),
    }
    model = compile_law(get_law(law), x)
    groups = frame["run"].astype("category").cat.codes.to_numpy().astype(np.intp)
    return model, Data(np.log(frame["general_loss"].to_numpy()), groups)


@pytest.mark.parametrize("law", ["dcpt", "dcpt_l1", "dcpt_l2", "dcpt_l4"])
def test_it_reaches_what_a_hundred_full_starts_reach(world, law):
    model, data = problem(world, law)
    objective = Objective()
    starts = screened_starts(model, data.target, objective, 100)
    best = np.nanmin(solve(model, data.problems(starts), objective, Options(threads=1, iterations=300)).objective)
    assert cold_fit(model, data, objective, Options(threads=1)).objective <= best * (1 + 1e-6)


def test_it_never_makes_worse_and_leaves_what_is_exact(world):
    model, data = problem(world, "dcpt_l4")
    objective, options = Objective(), Options(threads=1)
    starts = screened_starts(model, data.target, objective, 5)
    found = solve(model, data.problems(starts), objective, options)
    better = shaken(model, data.problems(found.q), objective, options, found)
    assert (better.objective <= found.objective).all()
    assert better.objective.min() < found.objective.min()
    again = shaken(model, data.problems(better.q), objective, options, better)
    np.testing.assert_allclose(again.objective, better.objective, rtol=1e-3)


def test_problems_with_weights_of_their_own(world):
    """Two problems, each on half of the runs: shaking them together is shaking each on its own rows."""
    model, data = problem(world, "dcpt")
    half = (np.arange(data.groups.max() + 1) % 2).astype(float)
    weights = np.stack([half, 1 - half])
    objective, options = Objective(), Options(threads=1)
    from dataclasses import replace

    starts = screened_starts(model, data.target, objective, 2)
    both = replace(data.problems(starts), weights=weights)
    found = shaken(model, both, objective, options, solve(model, both, objective, options))
    for b in (0, 1):
        rows = weights[b][data.groups] > 0
        part = compile_law(model.law, {v: x[rows] for v, x in model.x.items()})
        best = cold_fit(part, Data(data.target[rows], data.groups[rows]), objective, options).objective
        assert found.objective[b] == pytest.approx(best, rel=1e-4)


def test_a_held_parameter_stays(world):
    from dataclasses import replace

    model, data = problem(world, "dcpt")
    objective, options = Objective(), Options(threads=1)
    place = model.law.names.index("gamma")
    starts = screened_starts(model, data.target, objective, 3)
    held = replace(data.problems(starts), held=(place,))
    found = solve(model, held, objective, options)
    better = shaken(model, held, objective, options, found)
    np.testing.assert_array_equal(better.q[:, place], starts[:, place])
