"""The critical ratio by one fit a size and a link across sizes."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest

from scaling import critical_ratio, fit
from scaling.errors import InputError
from scaling.planning import Plan
from scaling.planning.link import carry
from scaling.runs import Runs, validate

World = Callable[..., pd.DataFrame]
Ratio = Callable[..., float]
linked_ratio = partial(critical_ratio, method="link")
SEEN = {1e6: 4e8, 3e6: 4.5e8, 1e7: 1e9}
OWN_ERROR = "the error of that link is not in the interval"


@pytest.fixture(scope="module")
def runs(forgetting_world: World) -> Runs:
    return validate(forgetting_world(noise=5e-4, tokens=(2e7, 5e7, 1e8)), "runs.csv")


def asked(table: Runs, params: float = 3e7, tokens: float = 1e8, **options: Any) -> Plan:
    return linked_ratio(table, params, tokens, **{"draws": 8, **options})


@pytest.fixture(scope="module")
def carried(runs: Runs) -> Plan:
    return asked(runs)


def test_it_is_the_link_applied_to_each_sizes_answer(runs: Runs, carried: Plan, forgetting_ratio: Ratio) -> None:
    each = [runs.select(runs.frame["params"] == size) for size in SEEN]
    own = [critical_ratio(fit(one, "forgetting", draws=0), n, 1e8).value for n, one in zip(SEEN, each, strict=True)]
    assert carried.value == pytest.approx(carry(np.array(list(SEEN)), np.array([own]), 3e7)[0], abs=1e-9)
    assert own == pytest.approx([forgetting_ratio(size, 1e8, seen) for size, seen in SEEN.items()], abs=0.02)
    assert (carried.status, carried.law, carried.route) == ("ok", "forgetting", "link")
    assert carried.interval[0] <= carried.value <= carried.interval[1]
    assert any(w.startswith(f"critical ratio by size: 1M: {own[0]:.3f}") for w in carried.warnings)
    assert math.isnan(carried.general_loss.value)
    assert carried.extrapolation["params"] == pytest.approx(3.0)


def test_two_sizes_say_that_the_links_error_is_not_in_the_interval_and_three_have_it(runs: Runs, carried: Plan) -> None:
    two = asked(runs.select(runs.frame["params"] < 5e6))
    assert not any(OWN_ERROR in warning for warning in carried.warnings)
    assert any(OWN_ERROR in warning for warning in two.warnings)


def test_the_size_itself_is_answered_by_its_own_fit(runs: Runs) -> None:
    plan = asked(runs, 3e6, tolerance=0.04)
    alone = fit(runs.select(runs.frame["params"] == 3e6), "forgetting", draws=8)
    expected = critical_ratio(alone, 3e6, 1e8, 0.04)
    assert (plan.value, plan.interval, plan.general_loss) == (expected.value, expected.interval, expected.general_loss)
    assert plan.status == "ok"


@pytest.mark.parametrize(
    ("lift", "status", "value", "says"),
    [(-1.0, "unconstrained", 1.0, "every size's general loss is within"), (1.0, "infeasible", math.nan, "exceeds")],
)
def test_sizes_that_all_agree(forgetting_world: World, lift: float, status: str, value: float, says: str) -> None:
    table = validate(forgetting_world(noise=5e-4, tokens=(2e7, 1e8), sizes=(1e6, 1e7), lift=lift))
    plan = asked(table, draws=4)
    assert plan.status == status
    assert plan.value == pytest.approx(value, nan_ok=True)
    assert any(says in warning for warning in plan.warnings)


def test_one_size_cannot_be_carried(forgetting_world: World) -> None:
    plan = asked(validate(forgetting_world(tokens=(2e7, 1e8), sizes=(1e6,))), draws=0)
    assert (plan.status, plan.route) == ("not_identified", "link")
    assert "two or more sizes" in plan.warnings[0]


def test_tokens_that_one_token_count_does_not_tell(forgetting_world: World) -> None:
    plan = asked(validate(forgetting_world(tokens=(1e8,), sizes=(1e6, 1e7))), tokens=5e8, draws=0)
    assert plan.status == "not_identified"
    assert "nothing is known at 500M" in plan.warnings[0]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"params": 1e5}, "smaller than the smallest probe"),
        ({"tokens": 0}, "tokens must be above 0"),
        ({"tolerance": -0.1}, "tolerance must not be negative"),
        ({"law": "dcpd"}, "no law called"),
    ],
)
def test_questions_that_make_no_sense(runs: Runs, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        asked(runs, **{"params": 3e7, "tokens": 1e8, **changes})


def test_a_table_without_a_general_loss(runs: Runs) -> None:
    with pytest.raises(InputError, match="no general loss"):
        asked(validate(runs.frame.drop(columns="general_loss")))
