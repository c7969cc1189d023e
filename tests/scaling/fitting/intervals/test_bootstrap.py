import numpy as np
import pytest

from scaling.fitting import fit, profile
from scaling.runs import validate

OPTIONS = {"law": "chinchilla", "draws": 60, "threads": 1}


@pytest.fixture(scope="module")
def tables(world, branched):
    """A world of runs, and the same rows as branches of those runs."""
    frame = world(noise=2e-3, checkpoints=4).query("ratio in (0.1, 0.5, 0.9)").drop(columns="domain_loss")
    return frame, branched(frame)


@pytest.mark.parametrize("resample", ["runs", "wild", "sandwich"])
def test_branches_of_a_trunk_are_drawn_as_one_run(tables, resample):
    one, split = (fit(validate(table, "w"), resample=resample, **OPTIONS).general for table in tables)
    assert (one.runs, split.runs) == (12, 12)
    np.testing.assert_allclose(split.draws, one.draws, rtol=1e-3)
    assert split.warnings == one.warnings


@pytest.mark.parametrize("resample", ["runs", "wild", "sandwich"])
def test_counting_branches_as_runs_would_shrink_intervals(tables, resample):
    split = tables[1]
    kept, counted = (
        fit(validate(table, "w"), resample=resample, **OPTIONS).general
        for table in (split, split.drop(columns="trunk"))
    )
    assert (kept.runs, counted.runs) == (12, 48)
    widths = [e.high - e.low for e in (one.predict(2e9, 10e9, 0.5) for one in (kept, counted))]
    assert widths[0] > 1.1 * widths[1]


def test_a_profile_counts_a_trunk_once(tables):
    options = {"law": "chinchilla", "threads": 1}
    one, split = (profile(validate(table, "w"), "alpha", **options) for table in tables)
    assert (split.low, split.high) == pytest.approx((one.low, one.high), rel=1e-3)
