import math
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scaling import load_runs
from scaling.errors import InputError
from scaling.planning import Plan, critical_ratio
from scaling.planning.cmr_tokens import NEVER, token_laws
from scaling.planning.link import carry

PUBLISHED = Path(__file__).parents[3] / "data" / "published"
World = Callable[..., pd.DataFrame]
Truth = Callable[..., float]
cmr_plan = partial(critical_ratio, method="cmr")


@pytest.fixture(scope="module")
def published() -> pd.DataFrame:
    table = pd.read_csv(PUBLISHED / "cmr_table5_critical_ratio.csv")
    return table[table["domain"] == "finance"]


def test_the_link_carries_each_published_size_from_the_others(published: pd.DataFrame) -> None:
    sizes, ratios = (published[name].to_numpy(float) for name in ("params", "critical_ratio_at_20e9_tokens"))
    found = [carry(np.delete(sizes, i), np.delete(ratios, i)[None], sizes[i])[0] for i in range(4)]
    assert found == pytest.approx([0.288, 0.360, 0.406, 0.480], abs=6e-4)
    assert np.abs(found - ratios).max() < 0.015


def test_the_link_goes_through_two_sizes_and_stays_inside() -> None:
    np.testing.assert_allclose(carry(np.array([1e6, 1e7]), np.array([[0.3, 0.5]]), 1e7), 0.5, rtol=1e-12)
    wild = carry(np.array([1e6, 1e7]), np.array([[0.0, 1.0], [1.0, 0.0]]), 1e9)
    assert np.all((wild >= 0) & (wild <= 1))


def test_sizes_that_were_probed(world: World, true_ratio: Truth) -> None:
    runs = load_runs(world())
    for params in (3e5, 3e6):
        plan = cmr_plan(runs, params, 1e8)
        assert plan.status == "ok"
        assert plan.definition == "cmr"
        assert plan.value == pytest.approx(true_ratio(params), abs=0.02)
        assert plan.general_loss.value == pytest.approx(plan.base_general_loss.value + 0.05, abs=1e-6)


def test_a_larger_size_is_carried(world: World, true_ratio: Truth) -> None:
    plan = cmr_plan(load_runs(world()), 1.2e7, 1e8)
    assert plan.value == pytest.approx(true_ratio(1.2e7), abs=0.03)
    assert plan.interval[0] <= plan.value <= plan.interval[1]
    assert math.isnan(plan.general_loss.value)
    assert any("critical ratio by size: 300K" in warning for warning in plan.warnings)


def test_monotone_in_the_tolerance(world: World) -> None:
    runs = load_runs(world())
    values = [cmr_plan(runs, 1e7, 1e8, tolerance, draws=0).value for tolerance in (0.0, 0.05)]
    assert values == sorted(values)


def test_relative_tolerance(world: World) -> None:
    runs = load_runs(world())
    base = runs.base("general").set_index("params")["loss"][3e6]
    relative = cmr_plan(runs, 3e6, 1e8, 0.05 / base, relative=True, draws=0)
    assert relative.value == pytest.approx(cmr_plan(runs, 3e6, 1e8, 0.05, draws=0).value, abs=1e-9)


def delta_runs(curves: dict[float, Callable[[np.ndarray], np.ndarray]]) -> pd.DataFrame:
    """One size with a chosen change of the general loss for each ratio; T from 1 to 100."""
    tokens = np.geomspace(1, 100, 25)
    rows = [{"params": 1e6, "tokens": 0, "ratio": 0.0, "general_loss": 3.0, "domain_loss": 5.0}]
    for ratio, curve in curves.items():
        for t, delta in zip(tokens, curve(tokens), strict=True):
            row = {"params": 1e6, "tokens": t, "ratio": ratio, "general_loss": 3.0 + delta}
            rows.append({**row, "domain_loss": 5 - (0.2 + ratio) * t**0.2})
    return pd.DataFrame(rows)


def turns_at(top: float, height: float = 0.04) -> Callable[[np.ndarray], np.ndarray]:
    """height * (2 (T/top)^0.4 - (T/top)^0.8): zero at T = 0, highest at `top`."""
    return lambda t: height * (2 * (t / top) ** 0.4 - (t / top) ** 0.8)


def test_turning_points_of_two_term_curves() -> None:
    runs = load_runs(
        delta_runs({0.1: turns_at(10), 0.3: turns_at(40), 0.6: turns_at(300), 0.9: lambda t: 0.01 * t**0.3})
    )
    laws = token_laws(runs)
    found = dict(zip(laws.runs["ratio"], laws.turning(100.0), strict=True))
    assert found[0.1] == pytest.approx(10, rel=0.03)
    assert found[0.3] == pytest.approx(40, rel=0.03)
    assert (found[0.6], found[0.9]) == (NEVER, NEVER)


def test_a_small_multiplier_lets_a_run_pass_that_has_as_good_as_turned() -> None:
    runs = load_runs(delta_runs({0.1: turns_at(10), 0.3: turns_at(40), 0.6: turns_at(110)}))
    laws = token_laws(runs)
    strict, lenient = (laws.turning(100.0, multiplier) for multiplier in (NEVER, 100.0))
    assert np.isinf(strict).sum() == 1
    assert np.isfinite(lenient).all()
    assert np.all(lenient <= strict)


def plan_of(curves: dict[float, Callable[[np.ndarray], np.ndarray]], tolerance: float = 0.05) -> Plan:
    return cmr_plan(load_runs(delta_runs(curves)), 1e6, 100.0, tolerance, draws=20)


def test_runs_that_still_rise_limit_the_ratio() -> None:
    heights = {ratio: 0.01 + 0.02 * ratio for ratio in (0.1, 0.3, 0.5, 0.7)}
    turned = plan_of({ratio: turns_at(20, height) for ratio, height in heights.items()})
    assert turned.value == 1.0 or turned.value > 0.7
    rising = {ratio: turns_at(20 if ratio < 0.5 else 1000, 0.01) for ratio in heights}
    limited = plan_of(rising)
    assert limited.value == pytest.approx(0.3)
    assert any("still rises at the end of the runs from ratio 0.5 on" in warning for warning in limited.warnings)
    assert plan_of({ratio: turns_at(1000, 0.01) for ratio in heights}).status == "infeasible"


def test_the_critical_ratio_law_is_used_where_enough_runs_turn() -> None:
    tops = {ratio: (5 + 100 * ratio) for ratio in (0.1, 0.2, 0.3, 0.5, 0.7, 0.85)}
    plan = plan_of({**{r: turns_at(top, 0.005) for r, top in tops.items()}, 0.99: turns_at(1000, 0.005)})
    assert plan.value == pytest.approx(0.95, abs=0.03)


def test_tokens_between_checkpoints_come_from_the_token_laws(world: World) -> None:
    runs = load_runs(world())
    table = token_laws(runs).losses_at(7.7e7)
    exact = world(noise=0.0)
    row = table[(table["params"] == 1e6) & (table["ratio"] == 0.5)].iloc[0]
    around = exact[(exact["params"] == 1e6) & (exact["ratio"] == 0.5) & (exact["tokens"] > 0)]
    assert row["general_loss"] == pytest.approx(np.interp(7.7e7, around["tokens"], around["general_loss"]), abs=3e-3)


def test_what_the_table_cannot_carry(world: World) -> None:
    one = load_runs(world(sizes=(1e6,)))
    plan = cmr_plan(one, 1e7, 1e8, draws=0)
    assert plan.status == "not_identified"
    assert "two or more sizes" in plan.warnings[0]
    frame = world(sizes=(1e6,))
    assert "tokens 0" in cmr_plan(load_runs(frame[frame["tokens"] > 0]), 1e6, 1e8).warnings[0]
    few = load_runs(frame[frame["ratio"].isin([0.5, 0.9])])
    assert "there are 2 ratios below 1" in cmr_plan(few, 1e6, 1e8).warnings[0]


def test_questions_that_make_no_sense(world: World) -> None:
    runs = load_runs(world(sizes=(1e6,)))
    with pytest.raises(InputError, match="smaller than the smallest probe"):
        cmr_plan(runs, 1e5, 1e8)
    with pytest.raises(InputError, match="tokens must be above 0"):
        cmr_plan(runs, 1e6, 0)
    domain_only = load_runs(world(sizes=(1e6,)).drop(columns="general_loss"))
    with pytest.raises(InputError, match="no general loss"):
        cmr_plan(domain_only, 1e6, 1e8)


def test_every_ratio_and_none(world: World) -> None:
    flat = cmr_plan(load_runs(world(slope=1e-4, noise=0)), 1e6, 1e8, 0.3, draws=0)
    assert (flat.status, flat.value) == ("unconstrained", 1.0)
    frame = world(sizes=(1e6,))
    frame.loc[frame["tokens"] > 0, "general_loss"] += 1.0
    assert cmr_plan(load_runs(frame), 1e6, 1e8, draws=0).status == "infeasible"


def test_the_course_of_runs_is_that_of_the_trunks(world: World) -> None:
    frame = world(sizes=(1e6,)).assign(run=lambda f: "r" + f["ratio"].astype(str), trunk=None)
    ends = frame[frame["tokens"] == frame["tokens"].max()]
    ends = ends.assign(trunk=ends["run"], run=ends["run"] + "-b", general_loss=ends["general_loss"] - 0.1)
    both = pd.concat([frame, ends])
    alone, plan = (cmr_plan(load_runs(table, stage="all"), 1e6, 1e8, draws=0) for table in (frame, both))
    assert plan.value == alone.value
    assert plan.warnings == ("stage trunk: 7 rows of 7 branches are left out", *alone.warnings)
    with pytest.raises(InputError, match="no losses of trunks to choose"):
        cmr_plan(load_runs(both, stage="branches"), 1e6, 1e8)
