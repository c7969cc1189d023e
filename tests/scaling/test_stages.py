import numpy as np
import pandas as pd
import pytest

from scaling import load_runs
from scaling.errors import InputError
from scaling.runs import validate
from scaling.stages import described, two_stages, units

SIZES, RATIOS, ENDS = (1e6, 3e6), (0.0, 0.5, 1.0), (1e6, 2e6)


def table(ends: tuple[float, ...] = ENDS, where: str = "params > 0") -> pd.DataFrame:
    """Trunks of three checkpoints, a base row a size, and a branch to each of `ends` from the trunks that `where` names."""
    rows = []
    for params in SIZES:
        rows.append((f"{params:g}-0", params, 0.0, 0.0, 4.0, None))
        for ratio in RATIOS:
            name = f"{params:g}-{ratio:g}"
            rows += [(name, params, ratio, tokens, 4 + ratio + tokens / 1e7, None) for tokens in (5e5, 1e6, 2e6)]
            rows += [(f"{name}-b{end:g}", params, ratio, end, 3.8 + ratio + end / 1e7, name) for end in ends]
    frame = pd.DataFrame(rows, columns=["run", "params", "ratio", "tokens", "general_loss", "trunk"])
    return frame[frame["trunk"].isna() | frame.eval(where)]


def test_a_table_without_branches_is_untouched() -> None:
    plain = validate(table(ends=()))
    for which in ("auto", "trunk", "all"):
        assert plain.stage(which) is plain
    assert plain.warnings == validate(table(ends=()).drop(columns="trunk")).warnings
    with pytest.raises(InputError, match="so there are no branches to choose"):
        plain.stage("branches")
    with pytest.raises(InputError, match="so there are no branches to choose"):
        validate(table(ends=()).drop(columns="trunk"), "a.csv").stage("branches")


def test_each_stage_keeps_its_rows_and_the_base() -> None:
    runs = validate(table())
    trunk, branches = runs.stage("trunk").frame, runs.stage("branches").frame
    assert (len(trunk), len(branches)) == (2 + 18, 2 + 12)
    assert trunk["trunk"].isna().all()
    assert branches.loc[branches["tokens"] > 0, "trunk"].notna().all()
    assert runs.stage("branches").base("general")["loss"].tolist() == [4.0, 4.0]
    assert runs.stage("all") is runs
    assert len(runs.frame) == 32  # reading a frame drops nothing


def test_what_is_left_out_is_said_and_stays_said() -> None:
    (asked,) = validate(table()).stage("trunk").left_out
    assert asked == "stage trunk: 12 rows of 12 branches are left out"
    runs = load_runs(table())
    (said,) = runs.left_out
    assert said.startswith("stage branches: 18 rows of 6 other runs are left out, for ")
    assert said.endswith("(option stage)")
    assert runs.warnings[0] == said
    assert runs.select(runs.frame["params"] == 1e6).warnings[0] == said
    assert runs.decisive() == (said,)


@pytest.mark.parametrize(
    ("ends", "where", "kept", "why"),
    [
        (ENDS, "params > 0", "branches", "at every size and ratio"),
        ((2e6,), "params > 0", "branches", "at every size and ratio"),
        (ENDS, "ratio < 1", "trunk", "2 of 6 pairs of size and ratio have no branch"),
        (ENDS, "params < 2e6", "trunk", "3 of 6 pairs of size and ratio have no branch"),
        (ENDS, "params < 2e6 or ratio == 0", "trunk", "2 of 6 pairs of size and ratio have no branch"),
    ],
)
def test_auto_takes_branches_that_can_stand_for_the_others(
    ends: tuple[float, ...], where: str, kept: str, why: str
) -> None:
    runs = load_runs(table(ends, where))
    pd.testing.assert_frame_equal(runs.frame, validate(table(ends, where)).stage(kept).frame)
    assert runs.left_out[0].startswith(f"stage {kept}: ")
    assert why in runs.left_out[0]


def test_one_size_needs_two_ends() -> None:
    one = [table(ends).query("params == 1e6") for ends in ((2e6,), (1.99e6, 2e6), ENDS)]
    assert [load_runs(frame).left_out[0].split(":")[0] for frame in one] == [
        "stage trunk",
        "stage trunk",
        "stage branches",
    ]
    assert "of one size and end at one token count" in load_runs(one[0]).left_out[0]


def test_every_domain_needs_its_branches() -> None:
    law = table(ends=()).assign(domain="law", run=lambda f: "law-" + f["run"])
    both = pd.concat([table().assign(domain="code"), law])
    assert load_runs(both).left_out[0].startswith("stage trunk")


def test_branches_alone_are_of_one_stage() -> None:
    only = table()[lambda f: f["trunk"].notna() | (f["tokens"] == 0)]
    runs = load_runs(only, stage="branches")
    assert (len(runs.frame), runs.left_out) == (14, ())
    assert not two_stages(runs.frame)
    with pytest.raises(InputError, match="no losses of trunks to choose"):
        runs.stage("trunk")


def test_two_stages_in_one_table_are_a_finding() -> None:
    mixed = load_runs(table(), stage="all")
    assert any("12 branches, which are annealed" in warning for warning in mixed.warnings)
    assert mixed.decisive() == mixed.warnings[:1]
    for which in ("trunk", "branches"):
        assert not any("are mixed" in warning for warning in mixed.stage(which).warnings)


def test_an_unknown_stage() -> None:
    with pytest.raises(InputError, match="stage is 'middle', but it must be one of auto, trunk, branches, all"):
        load_runs(table(), stage="middle")  # type: ignore[arg-type]


def test_a_trunk_and_its_branches_are_one_unit() -> None:
    frame = validate(table()).frame
    assert set(units(frame)) == {f"{params:g}-{ratio:g}" for params in SIZES for ratio in RATIOS}
    assert (units(frame) == frame["run"]).sum() == 20
    assert units(frame.drop(columns="trunk")).equals(frame["run"])
    one = validate(table().query("params == 1e6 and ratio == 0.5 and trunk == trunk"))
    assert any("only one run" in warning for warning in one.warnings)


def test_finished_are_the_branches_to_the_largest_count() -> None:
    runs = validate(table())
    for table_of in (runs.stage("branches"), runs):
        done = table_of.finished("general")
        assert done["tokens"].eq(2e6).all()
        assert done["trunk"].notna().all()
        assert len(done) == 6
    assert runs.stage("trunk").finished("general")["general_loss"].max() == pytest.approx(5.2)
    some = validate(table(where="params > 2e6")).finished("general")
    assert np.array_equal(some["trunk"].notna(), some["params"] > 2e6)


def test_the_table_says_what_branches_it_has() -> None:
    assert described(validate(table()).frame) == {"trunks": 6, "branches": 12, "branch_ends": [1e6, 2e6]}
    assert described(validate(table(ends=())).frame) == {"trunks": 0, "branches": 0, "branch_ends": []}
