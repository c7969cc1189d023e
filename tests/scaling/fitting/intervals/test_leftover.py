import numpy as np
import pytest

from scaling import critical_ratio
from scaling.fitting import fit
from scaling.fitting.estimation.prepare import prepare
from scaling.fitting.intervals.leftover import leftover
from scaling.runs import validate


def left_of(frame, law="dcpt", corpus="general", **options):
    return leftover(prepare(validate(frame, "w"), law, burn_in=0, **options).estimate(corpus))


def test_of_a_linear_law_it_is_counting():
    """Runs of one row each and p linear parameters: the residuals keep 1 - p / n of the variance."""
    import pandas as pd

    n = np.geomspace(1e8, 1e10, 12)
    frame = pd.DataFrame({"params": n, "tokens": 1e9 * (1 + np.arange(12) % 4), "ratio": 0.5})
    frame["run"] = [f"r{i}" for i in range(12)]
    rng = np.random.default_rng(0)
    frame["general_loss"] = 1.7 + 400 / n**0.34 + 410 / frame["tokens"] ** 0.28 + rng.normal(0, 1e-3, 12)
    found = left_of(frame, "chinchilla", loss="squared")
    assert (found.between, found.within) == pytest.approx((1 - 5 / 12, 1 - 5 / 12))
    assert found.freedom == pytest.approx(7)


@pytest.mark.parametrize(("query", "enough"), [("ratio == 0.5 and params <= 2e9", False), ("ratio <= 0.5", True)])
def test_as_many_parameters_as_runs_leave_nothing(world, query, enough):
    found = left_of(world(noise=1e-3, checkpoints=6).query(query))
    assert found.enough == enough
    if not enough:
        assert found.between == pytest.approx(0, abs=1e-2)


@pytest.mark.parametrize("resample", ["runs", "wild", "sandwich"])
def test_without_anything_left_there_is_no_interval_and_it_is_said(world, resample):
    frame = world(noise=1e-3, checkpoints=6).query("ratio == 0.5 and params <= 2e9")
    made = fit(validate(frame, "w"), resample=resample, threads=1)
    for one in made.corpora.values():
        assert any("no intervals: with 3 runs" in w for w in one.warnings)
        assert one.status != "ok"
        assert all(np.isnan([e.low, e.high]).all() for e in one.parameters.values())
    assert made.to_json_dict()["general"]["parameters"]["E"]["low"] is None
    plan = critical_ratio(made, 1e9, 1e9, base_general_loss=3.0)
    assert plan.status == "not_identified"


def test_small_tables_have_intervals_that_hold_the_truth():
    """2 sizes x 4 ratios, where flipping what is left of the residuals as it is covers a quarter less."""
    import sys
    from pathlib import Path

    sys.path.insert(0, str(Path(__file__).parents[4] / "benchmarks"))
    try:
        from coverage import one_world  # type: ignore[attr-defined]
    finally:
        sys.path.pop(0)
    hits = [one_world("runs", 2, 4, seed)["general loss"].inside for seed in range(3000, 3020)]
    assert np.mean(hits) >= 0.75


def test_base_rows_logged_as_runs_of_their_own_change_nothing(world):
    import pandas as pd

    frame = world(noise=2e-3, checkpoints=6)
    start = frame.groupby("run", as_index=False).first().assign(tokens=0.0)
    start[["general_loss", "domain_loss"]] = [3.3, 4.0]
    inside, apart = pd.concat([frame, start]), pd.concat([frame, start.assign(run="base-" + start["run"])])
    one, other = (fit(validate(table, "w"), burn_in=0, draws=50, threads=1) for table in (inside, apart))
    np.testing.assert_allclose(one.general.draws, other.general.draws, rtol=1e-6)
