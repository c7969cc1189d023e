import numpy as np
import pytest

from scaling.fitting.validation import validate_law
from scaling.planning import critical_ratio, measured_critical_ratio
from scaling.planning.measured import critical_ratio_errors
from scaling.runs import validate


def test_predicted_from_the_smaller_against_measured(world) -> None:
    runs = validate(world(sizes=(3e5, 6e5, 1.2e6, 2.4e6)), "runs.csv")
    found = validate_law(runs, "dcpt", "params", burn_in=0.5, threads=1, draws=20)
    errors = critical_ratio_errors(found, runs, 0.05)
    assert [one.params for one in errors] == [1.2e6, 2.4e6]
    measured = measured_critical_ratio(runs, 0.05).set_index("params")
    for one, group in zip(errors, found.groups, strict=True):
        assert one.measured == measured.loc[one.params, "ratio"]
        assert one.tokens == 1e8
        plan = critical_ratio(group.fit, one.params, 1e8, 0.05)
        assert one.predicted == plan.value
        assert (one.low, one.high) == plan.interval
        assert one.error == pytest.approx(one.predicted - one.measured)
        assert set(one.to_json_dict()) >= {"params", "predicted", "measured", "error", "status"}
    assert np.isfinite(errors[-1].error)


def test_other_hold_outs_have_none(world) -> None:
    runs = validate(world(), "runs.csv")
    assert critical_ratio_errors(validate_law(runs, "dcpt", "tokens", burn_in=0.1, threads=1), runs) == []
    domain = validate(world().drop(columns="general_loss"), "runs.csv")
    assert critical_ratio_errors(validate_law(domain, "dcpt", "params", threads=1), domain) == []
