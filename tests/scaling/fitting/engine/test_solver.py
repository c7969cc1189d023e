import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import least_squares

from scaling.fitting.engine.linear import exact_nonnegative, nonnegative
from scaling.fitting.engine.model import compile_law
from scaling.fitting.engine.objective import Objective
from scaling.fitting.engine.problems import Problems
from scaling.fitting.engine.search import Data, cold_fit
from scaling.fitting.engine.solver import Options, evaluate, solve
from scaling.fitting.engine.starts import screened_starts
from scaling.laws import FunctionLaw, Parameter, get_law, law_names

ONE = Options(threads=1)


def dcpt(frame, corpus="domain"):
    share = frame["ratio"] if corpus == "domain" else 1 - frame["ratio"]
    x = {"params": frame["params"].to_numpy(), "tokens": frame["tokens"].to_numpy(), "share": share.to_numpy()}
    return compile_law(get_law("dcpt"), x), np.log(frame[f"{corpus}_loss"].to_numpy())


def groups(model):
    return np.zeros(model.rows, np.intp)


@pytest.mark.parametrize("name", law_names())
def test_internal_gradient_matches_central_differences(name):
    law, rng = get_law(name), np.random.default_rng(3)
    x = {"params": rng.uniform(1e8, 1e9, 12), "tokens": rng.uniform(1e9, 9e9, 12), "share": rng.uniform(0.05, 1, 12)}
    x |= {"k1": rng.uniform(2, 5, 12), "k2": rng.uniform(0.1, 1, 12), "progress": rng.uniform(0.01, 0.5, 12)}
    model = compile_law(law, x)
    q = model.internal(np.array([rng.uniform(max(p.lower, 0.1), min(p.upper, 0.9)) for p in law.parameters]))
    coefficients = [j for j, p in enumerate(law.parameters) if p.kind == "coefficient"]
    q[coefficients] = rng.uniform(0.2, 1, len(coefficients))
    everything = slice(0, model.rows)
    jacobian = model.jacobian(q[None], model.tables(q[None]), everything)[0]
    for j in range(len(q)):
        step = np.zeros_like(q)
        step[j] = 1e-6
        up, down = ((q + sign * step)[None] for sign in (1, -1))
        change = model.predict(up, model.tables(up), everything) - model.predict(down, model.tables(down), everything)
        np.testing.assert_allclose(jacobian[j], change[0] / 2e-6, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("name", law_names())
def test_internal_and_natural_parameters_round_trip(name):
    law = get_law(name)
    x = {"params": np.array([1e8, 7e9]), "tokens": np.array([1e9, 3e10]), "share": np.array([0.1, 1.0])}
    x |= {"k1": np.array([2.0, 4.0]), "k2": np.array([0.2, 1.1]), "progress": np.array([0.01, 0.3])}
    model = compile_law(law, x)
    theta = np.array([0.5 if p.kind == "coefficient" else 0.3 for p in law.parameters])
    q = model.internal(theta)
    np.testing.assert_allclose(model.natural(q), theta, rtol=1e-12)
    np.testing.assert_allclose(
        model.predict(q[None], model.tables(q[None]), slice(0, 2))[0], law.value(theta, x), rtol=1e-12
    )


@pytest.mark.parametrize(
    "objective", [Objective(), Objective("log", "squared"), Objective("raw"), Objective("raw", "squared")]
)
def test_objective_gradient(world, objective):
    model, target = dcpt(world(noise=2e-3))
    target = target if objective.residual == "log" else np.exp(target)
    q = screened_starts(model, target, objective, 8)[:1]
    problems = Problems(q, target, groups(model))
    _, gradient, _ = evaluate(model, problems, objective, q)
    for j in range(q.shape[1]):
        step = np.zeros_like(q)
        step[0, j] = 1e-7 * max(abs(q[0, j]), 0.1)
        up, down = evaluate(model, problems, objective, q + step)[0], evaluate(model, problems, objective, q - step)[0]
        assert gradient[0, j] == pytest.approx((up - down)[0] / (2 * step[0, j]), rel=1e-3, abs=1e-6)


def test_agrees_with_scipy(world):
    model, target = dcpt(world(noise=2e-3, checkpoints=6), "general")
    best = cold_fit(model, Data(target, groups(model)), Objective(), ONE)

    def residual(q):
        return np.log(model.predict(q[None], model.tables(q[None]), slice(0, model.rows))[0]) - target

    def jacobian(q):
        tables = model.tables(q[None])
        predicted = model.predict(q[None], tables, slice(0, model.rows))
        return (model.jacobian(q[None], tables, slice(0, model.rows)) / predicted[:, None])[0].T

    starts = np.clip(screened_starts(model, target, Objective(), 64)[:12], model.lower + 1e-9, model.upper - 1e-9)
    found = [
        least_squares(
            residual, q, jacobian, (model.lower, model.upper), loss="huber", f_scale=1e-3, x_scale="jac", max_nfev=200
        )
        for q in starts
    ]
    referee = min(f.cost for f in found)
    assert best.objective <= referee * (1 + 1e-6)
    assert best.objective >= referee * (1 - 1e-3)


def test_a_group_of_weight_two_is_a_table_with_its_rows_twice(world):
    frame = world(noise=2e-3, checkpoints=4)
    twice = frame[frame["ratio"] == 0.5]
    model, target = dcpt(frame)
    member = (frame["ratio"] == 0.5).to_numpy().astype(np.intp)
    start = screened_starts(model, target, Objective(), 64)[:1]
    weighted = solve(model, Problems(start, target, member, weights=np.array([[1.0, 2.0]])), Objective(), ONE)
    both = np.concatenate([frame.index.to_numpy(), twice.index.to_numpy()])
    repeated, again = dcpt(frame.loc[both])
    start = repeated.internal(model.natural(start))
    plain = solve(repeated, Problems(start, again, groups(repeated)), Objective(), ONE)
    assert weighted.objective[0] == pytest.approx(plain.objective[0], rel=1e-8)
    np.testing.assert_allclose(model.natural(weighted.q), repeated.natural(plain.q), rtol=1e-3)


def test_problems_do_not_disturb_each_other(world):
    model, target = dcpt(world(noise=2e-3, checkpoints=4))
    starts = screened_starts(model, target, Objective(), 64)[:7]
    together = solve(model, Problems(starts, target, groups(model)), Objective(), ONE)
    for b in (0, 3, 6):
        alone = solve(model, Problems(starts[b : b + 1], target, groups(model)), Objective(), ONE)
        assert alone.objective[0] == pytest.approx(together.objective[b], rel=1e-9)
    threaded = solve(model, Problems(starts, target, groups(model)), Objective(), Options(threads=2))
    np.testing.assert_allclose(threaded.objective, together.objective, rtol=1e-9)


def test_a_start_that_overflows_takes_nobody_down(world):
    model, target = dcpt(world(noise=2e-3, checkpoints=4))
    starts = screened_starts(model, target, Objective(), 64)[:3]
    starts[1] = np.nan
    found = solve(model, Problems(starts, target, groups(model)), Objective(), ONE)
    assert np.isfinite(found.objective[[0, 2]]).all()


def test_row_chunks_add_up(world, monkeypatch):
    model, target = dcpt(world(noise=2e-3))
    q = screened_starts(model, target, Objective(), 16)[:2]
    problems = Problems(q, target, np.arange(model.rows) % 5, weights=np.random.default_rng(0).uniform(0, 2, (2, 5)))
    whole = evaluate(model, problems, Objective(), q)
    monkeypatch.setattr("scaling.fitting.engine.solver.ROW_CHUNK", 37)
    for one, other in zip(whole, evaluate(model, problems, Objective(), q), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-14)


def test_bounds_hold(world):
    frame = world(noise=2e-3, checkpoints=4)
    frame["domain_loss"] = 2.0 - 0.1 * frame["params"] / 4e9  # falls linearly with size: no power law, alpha runs off
    model, target = dcpt(frame)
    found = cold_fit(model, Data(target, groups(model)), Objective(), ONE)
    assert (found.q >= model.lower).all()
    assert (found.q <= model.upper).all()
    _, gradient, _ = evaluate(model, Problems(found.q[None], target, groups(model)), Objective(), found.q[None])
    inside = (found.q > model.lower + 1e-9) & (found.q < model.upper - 1e-9)
    assert np.isfinite(gradient[0][inside]).all()


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_nonnegative_least_squares_is_feasible_and_stationary(seed):
    rng = np.random.default_rng(seed)
    basis = rng.normal(size=(1, 4, 30)) + 0.5
    gram, right = basis @ basis.transpose(0, 2, 1), (basis @ rng.normal(size=30)).reshape(1, 4)
    found = nonnegative(gram, right, np.array([True, False, False, False]))
    assert (found[0, 1:] >= 0).all()
    from scipy.optimize import lsq_linear

    root = np.linalg.cholesky(gram[0])
    best = lsq_linear(root.T, np.linalg.solve(root, right[0]), bounds=([-np.inf, 0, 0, 0], np.inf)).x

    def value(c):
        return c @ gram[0] @ c / 2 - right[0] @ c

    assert value(found[0]) <= value(best) + 0.05 * abs(value(best)) + 1e-9
    exact = exact_nonnegative(gram[0], right[0], np.array([True, False, False, False]))
    assert (exact[1:] >= 0).all()
    assert value(exact) <= value(best) + 1e-6 * abs(value(best)) + 1e-9


def test_a_law_that_is_a_function_goes_through_the_same_solver():
    def function(t, x):
        return t[..., 0, None] + t[..., 1, None] * np.exp(-t[..., 2, None] * x["share"])

    def derivative(t, x):
        bent = np.exp(-t[..., 2, None] * x["share"])
        return np.stack(np.broadcast_arrays(1.0, bent, -t[..., 1, None] * x["share"] * bent), axis=-2)

    ranges = tuple(
        Parameter(n, upper=20.0, unit="1", meaning=n, kind="other", start=(0.1, 3.0)) for n in ("a", "b", "k")
    )
    law = FunctionLaw("mix", "exponential", "here", ranges, ("share",), function=function, derivative=derivative)
    x = {"share": np.linspace(0, 1, 11)}
    truth = np.array([1.7, 0.6, 2.2])
    model = compile_law(law, x)
    found = cold_fit(model, Data(np.log(law.value(truth, x)), groups(model)), Objective(), ONE)
    np.testing.assert_allclose(found.q, truth, rtol=1e-6)
