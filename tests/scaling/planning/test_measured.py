from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from scaling.planning.measured import finished_rises, measured_critical_ratio
from scaling.runs import validate

World = Callable[..., pd.DataFrame]


def test_finds_the_true_ratio_of_every_size(world: World, true_ratio: Callable[..., float]) -> None:
    answer = measured_critical_ratio(validate(world(noise=0)), 0.05)
    assert answer["params"].tolist() == [3e5, 1e6, 3e6]
    # the world's rise is linear in -log(1 - ratio + 1e-4), the interpolation's axis but for 1e-4
    assert answer["ratio"].to_numpy() == pytest.approx([true_ratio(n) for n in answer["params"]], abs=5e-4)
    assert (answer["low"] == answer["ratio"]).all()


def test_a_relative_tolerance_is_a_share_of_the_base_loss(world: World) -> None:
    runs = validate(world(sizes=(1e6,)))
    absolute = measured_critical_ratio(runs, 0.05 * 4.0)["ratio"]
    assert measured_critical_ratio(runs, 0.05, relative=True)["ratio"].tolist() == absolute.tolist()


def test_every_ratio_passes_or_none_does(world: World) -> None:
    runs = validate(world(sizes=(1e6,)))
    assert measured_critical_ratio(runs, 10.0)["ratio"].tolist() == [1.0]
    assert np.isnan(measured_critical_ratio(runs, -1.0)["ratio"].iloc[0])


def test_seeds_are_averaged_and_their_range_told(world: World) -> None:
    one = world(sizes=(1e6,)).assign(seed=0)
    two = one.assign(seed=1)
    two.loc[two["tokens"] > 0, "general_loss"] += 0.02
    answer = measured_critical_ratio(validate(pd.concat([one, two[two["tokens"] > 0]])), 0.05).iloc[0]
    assert answer["seeds"] == 2
    assert answer["low"] < answer["ratio"] < answer["high"]


def test_a_ratio_that_the_runs_do_not_enclose_is_unknown(world: World) -> None:
    one = world(sizes=(1e6,)).assign(seed=0)
    few = one[(one["ratio"] <= 0.25) | (one["tokens"] == 0)].assign(seed=1)
    assert np.isnan(measured_critical_ratio(validate(few), 0.05)["ratio"].iloc[0])
    both = measured_critical_ratio(validate(pd.concat([one, few[few["tokens"] > 0]])), 0.05).iloc[0]
    assert both["low"] == both["high"] == pytest.approx(both["ratio"])


def test_a_run_that_was_cut_short_is_left_out(world: World) -> None:
    table = world(sizes=(1e6,))
    last = table["tokens"].max()
    cut = table[~((table["ratio"] == 0.5) & (table["tokens"] == last))]
    rises = finished_rises(validate(cut))
    assert set(rises["tokens"]) == {last}
    assert set(table["ratio"]) - set(rises["ratio"]) == {0.5}


def test_branches_are_finished_and_their_trunks_are_not(world: World) -> None:
    frame = world(sizes=(1e6,)).assign(run=lambda f: "r" + f["ratio"].astype(str), trunk=None)
    ends = frame[frame["tokens"] > 0]
    ends = ends.assign(trunk=ends["run"], run=ends["run"] + [f"-b{i}" for i in range(len(ends))])
    ends["general_loss"] -= 0.05
    base = frame[frame["tokens"] == 0]
    mixed, alone = validate(pd.concat([frame, ends])), validate(pd.concat([base, ends]))
    answer = measured_critical_ratio(mixed.stage("branches"))
    pd.testing.assert_frame_equal(answer, measured_critical_ratio(alone))
    pd.testing.assert_frame_equal(answer, measured_critical_ratio(mixed))
    assert answer["ratio"].iloc[0] > measured_critical_ratio(mixed.stage("trunk"))["ratio"].iloc[0]
