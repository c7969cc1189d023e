import warnings
from dataclasses import replace

import numpy as np

from scaling.fitting import fit
from scaling.fitting.intervals.interval import interval
from scaling.runs import validate


def test_an_end_among_infinite_draws_is_nan_and_the_other_stays():
    draws = np.array([1.0, 2.0, 3.0, np.inf, np.inf])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = interval(np.array(2.0), draws, 0.5)
    assert (found.value, found.low) == (2.0, 2.0)
    assert np.isnan(found.high)


def test_a_loss_that_a_power_law_makes_infinite_without_a_share_is_told_without_a_warning(world):
    frame = world(checkpoints=1)
    one = fit(validate(frame, "runs.csv"), "cmr_ratio", draws=0, threads=1).corpora["domain"]
    theta = np.array([0.1, -2.0, 2.0])
    one = replace(one, theta=theta, draws=np.tile(theta, (10, 1)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = one.predict(1e9, 0.2e9, [0.0, 0.5])
    assert np.isinf(found.value[0])
    assert found.low[1] == found.value[1] == found.high[1] == 0.1 * 0.5**-2 + 2.0
