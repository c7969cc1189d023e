import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from scaling import NextProbes, critical_ratio, fit, next_probes
from scaling.errors import InputError
from scaling.runs import Runs, validate

PARAMS, TOKENS, BASE = 4e7, 1e8, 4e9
RUN = 6 * 1e6 * 1e8  # FLOPs of a run of the smallest size
PILOT = {1e6: (0.0, 0.25, 0.75, 1.0), 3e6: (0.0, 0.5, 0.9)}
FAST = {"draws": 40}


@pytest.fixture(scope="module")
def world(forgetting_world: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    ratios = tuple(round(0.05 * step, 2) for step in range(21))
    return forgetting_world(noise=2e-3, ratios=ratios)


@pytest.fixture(scope="module")
def pilot(world: pd.DataFrame) -> Runs:
    frame = world.assign(seed=0)
    kept = [frame["params"].eq(n) & (frame["ratio"].isin(r) | frame["tokens"].eq(0)) for n, r in PILOT.items()]
    return validate(frame[np.any(kept, axis=0)], "pilot.csv")


@pytest.fixture(scope="module")
def answer(pilot: Runs) -> NextProbes:
    return next_probes(pilot, PARAMS, TOKENS, budget=20 * RUN, bases=(1e7,), base_tokens=BASE, **FAST)


def test_the_budget_is_kept_and_the_width_falls(answer: NextProbes) -> None:
    runs = answer.runs
    assert answer.status == "ok"
    assert answer.flops == pytest.approx(runs["flops"].sum())
    assert answer.flops <= 20 * RUN
    assert runs["flops"].to_numpy() == pytest.approx(6 * runs["params"] * runs["tokens"])
    widths = [answer.width_before, *runs["width_after"]]
    assert all(np.diff(widths) <= 0)
    assert answer.width_after == widths[-1] < answer.width_before
    low, high = answer.critical_ratio.low, answer.critical_ratio.high
    assert answer.width_before > high - low, "few runs make the plan's interval too narrow"
    assert set(runs["params"]) <= {1e6, 3e6, 1e7}
    assert (runs["tokens"] == 1e8).all()
    assert not runs.duplicated(["params", "ratio", "seed"]).any()


def test_seeds_are_new(answer: NextProbes, pilot: Runs) -> None:
    both = pd.concat(
        [pilot.frame[["params", "ratio", "seed"]].drop_duplicates(), answer.runs[["params", "ratio", "seed"]]]
    )
    trained = both[both["params"].isin(PILOT)]
    assert not trained.duplicated().any()


def test_the_plan_of_the_larger_table_is_about_as_wide_as_was_expected(
    answer: NextProbes, pilot: Runs, world: pd.DataFrame, forgetting_ratio: Callable[..., float]
) -> None:
    wanted = answer.runs.drop_duplicates(["params", "ratio"])[["params", "ratio"]]
    frame = world.merge(wanted, on=["params", "ratio"])
    base = world[world["tokens"].eq(0) & world["params"].isin(wanted["params"])]
    more = pd.concat([pilot.frame, frame, base]).drop_duplicates(["params", "tokens", "ratio", "run"])
    fitted = fit(validate(more, "more.csv"), "forgetting", draws=100)
    low, high = critical_ratio(fitted, PARAMS, TOKENS, base_tokens=BASE).interval
    assert low < forgetting_ratio(PARAMS, TOKENS, BASE) < high
    assert answer.width_after / 2 < high - low < 2 * answer.width_after


def test_a_base_is_paid_for_once(pilot: Runs) -> None:
    base = 6 * 1e7 * 100 * 1e7
    options: dict[str, Any] = {"sizes": (1e7,), "ratios": (0.5, 0.9), **FAST}
    made = next_probes(pilot, PARAMS, TOKENS, budget=2 * base, **options)
    paid = made.runs["flops"].to_numpy()
    seen = fit(pilot, "forgetting", draws=0).general
    assert seen is not None
    assert seen.base_tokens is not None
    assert paid[0] == pytest.approx(6 * 1e7 * (1e8 + float(seen.base_tokens.at(1e7))))
    assert paid[1:] == pytest.approx(6e15)
    free = next_probes(pilot, PARAMS, TOKENS, budget=2 * base, bases=(1e7,), **options)
    assert free.runs["flops"].to_numpy() == pytest.approx(6e15)
    unknown = validate(pilot.frame.drop(columns="base_tokens"), "pilot.csv")
    cheap = next_probes(unknown, PARAMS, TOKENS, budget=2 * base, **options)
    assert cheap.runs["flops"].to_numpy() == pytest.approx(6e15)
    assert any("new ones cost nothing here" in warning for warning in cheap.warnings)


def test_lists_and_lengths_are_what_is_chosen_from(pilot: Runs) -> None:
    made = next_probes(pilot, PARAMS, TOKENS, budget=20 * RUN, sizes=(3e6,), ratios=(0.3, 0.6), lengths=(5e7,), **FAST)
    assert set(made.runs["params"]) == {3e6}
    assert set(made.runs["ratio"]) <= {0.3, 0.6}
    assert set(made.runs["tokens"]) == {5e7}


def test_another_law_and_a_base_loss_that_is_given(pilot: Runs, forgetting_world: Callable[..., pd.DataFrame]) -> None:
    runs = validate(forgetting_world(noise=1e-3), "runs.csv")
    made = next_probes(runs, PARAMS, TOKENS, budget=20 * RUN, law="dcpt", base_general_loss=3.7, **FAST)
    assert (made.status, made.law) == ("ok", "dcpt")
    many = next_probes(runs, PARAMS, TOKENS, budget=20 * RUN, **FAST)
    assert many.width_before == pytest.approx(many.critical_ratio.high - many.critical_ratio.low), "the plan's own"
    relative = next_probes(
        pilot, PARAMS, TOKENS, budget=20 * RUN, tolerance=0.02, relative=True, base_general_loss=3.7, **FAST
    )
    assert relative.status == "ok"
    small = next_probes(runs, PARAMS, TOKENS, budget=0.5 * RUN, **FAST)
    assert (small.status, small.flops, small.width_after) == ("nothing_helps", 0.0, small.width_before)
    assert "no run within the budget" in small.summary()


def test_json_and_summary(answer: NextProbes) -> None:
    found = json.loads(json.dumps(answer.to_json_dict(), allow_nan=False))
    assert set(found) == {
        "runs", "width_before", "width_after", "flops", "budget", "critical_ratio", "status", "law", "level", "warnings",
        "notes",
    }  # fmt: skip
    assert set(found["runs"][0]) == {"params", "ratio", "tokens", "seed", "flops", "width_after"}
    text = answer.summary()
    assert text.startswith("For 40M params, 100M tokens, general loss up by at most 0.05 nats:\n  critical ratio now")
    assert f"expected width      {answer.width_before:.3f} -> {answer.width_after:.3f}" in text
    assert len([line for line in text.splitlines() if " 100M " in line]) >= len(answer.runs)


def test_what_the_table_cannot_carry(forgetting_world: Callable[..., pd.DataFrame]) -> None:
    frame = forgetting_world(noise=1e-3)
    one_size = validate(frame[frame["params"] == 1e6], "one.csv")
    made = next_probes(one_size, PARAMS, TOKENS, budget=20 * RUN, **FAST)
    assert made.status == "not_identified"
    assert "all probes have 1M params" in made.warnings[0]
    assert made.runs.empty
    assert math.isnan(made.width_after)
    assert "not identified" in made.summary()
    assert made.to_json_dict()["width_before"] is None
    every = next_probes(validate(frame, "runs.csv"), PARAMS, TOKENS, budget=20 * RUN, tolerance=50, **FAST)
    assert every.status == "not_identified"
    assert "every ratio" in every.warnings[0]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"budget": 0}, "budget must be above 0 FLOPs, not 0"),
        ({"budget": math.nan}, "budget must be above 0"),
        ({"params": 1e5}, "smaller than the smallest probe"),
        ({"tokens": 0}, "tokens must be above 0"),
        ({"tolerance": -1}, "tolerance must not be negative"),
        ({"checkpoints": 0}, "checkpoints must be at least 1, not 0"),
        ({"ratios": (1.5,)}, "ratios must lie between 0 and 1, not 1.5"),
        ({"sizes": (0.0,)}, "sizes must be above 0, not 0"),
        ({"lengths": ()}, "lengths must be above 0, and there are none"),
        ({"law": "cmr_critical"}, "gives a ratio, not a loss"),
        ({"law": "dcpd"}, "no law called"),
    ],
)
def test_mistakes_are_one_sentence(pilot: Runs, changes: dict[str, Any], said: str) -> None:
    asked = {"params": PARAMS, "tokens": TOKENS, "budget": 20 * RUN, **FAST, **changes}
    with pytest.raises(InputError, match=said) as caught:
        next_probes(pilot, **asked)
    assert "\n" not in str(caught.value)


def test_tables_that_have_too_little(pilot: Runs) -> None:
    domain = validate(pilot.frame.drop(columns="general_loss"), "domain.csv")
    with pytest.raises(InputError, match=r"domain\.csv: there is no general loss"):
        next_probes(domain, PARAMS, TOKENS, budget=RUN)
    frame = pilot.frame[pilot.frame["tokens"].eq(0) | pilot.frame["ratio"].isin((0.0, 0.5))]
    with pytest.raises(
        InputError, match=r"few\.csv: with 3 runs there are fewer than the \d parameters of the law forgetting"
    ):
        next_probes(validate(frame, "few.csv"), PARAMS, TOKENS, budget=RUN)
