import numpy as np
import pandas as pd
import pytest

from scaling.errors import InputError
from scaling.fitting import fit
from scaling.fitting.validation import validate_law
from scaling.fitting.validation.result import score
from scaling.fitting.validation.splits import splits
from scaling.runs import validate

OPTIONS = {"threads": 1}


def runs_of(frame: pd.DataFrame):
    return validate(frame, "runs.csv")


def test_a_score_by_hand():
    found = score(np.array([2.0, 4.0]), np.array([2.1, 3.6]))
    assert found.rows == 2
    assert found.error == pytest.approx((0.05 - 0.1) / 2)
    assert found.worst == pytest.approx(-0.1)
    assert found.mape == pytest.approx(0.075)
    assert found.r2 == pytest.approx(1 - (0.1**2 + 0.4**2) / 2)
    residuals = np.abs(np.log([1.05, 0.9]))
    assert found.huber == pytest.approx(float((1e-3 * (residuals - 5e-4)).sum()))


@pytest.mark.parametrize(("hold_out", "groups"), [("params", 2), ("tokens", 2), ("ratio", 7), ("run", 5)])
def test_a_world_without_noise_is_predicted(world, hold_out, groups):
    found = validate_law(runs_of(world(checkpoints=10)), "dcpt", hold_out, burn_in=0, **OPTIONS)
    assert len(found.groups) == groups
    assert set(found.total) == {"general", "domain"}
    for corpus, total in (*found.total.items(), *found.inside.items()):
        # Two sizes do not identify alpha, and nothing near share 0 identifies eps: what is left there is not exact.
        exact = hold_out in ("tokens", "run") or (hold_out == "ratio" and total is found.inside[corpus])
        assert total.mape < (1e-3 if exact else 0.2), corpus
    assert not found.skipped


def test_splits_never_score_what_they_fit(world):
    runs = runs_of(world(checkpoints=8))
    column = runs.frame
    for hold_out in ("params", "tokens", "ratio", "run"):
        parts = splits(runs, hold_out)
        for part in parts:
            assert part.fitted.any()
            assert part.scored.any()
            assert not (part.fitted & part.scored).any()
        scored = np.sum([part.scored for part in parts], axis=0)
        assert scored.max() == 1
        if hold_out in ("ratio", "run"):
            assert scored.min() == 1
    third, fourth = splits(runs, "params")
    assert column.loc[third.fitted, "params"].max() == 1e9
    assert set(column.loc[fourth.scored, "params"]) == {4e9}
    ends = {part.value: part.extrapolation for part in splits(runs, "ratio")}
    assert [ratio for ratio, end in ends.items() if end] == [0.0, 1.0]
    names = [set(column.loc[p.scored, "run"]) for p in splits(runs, "run", folds=3, seed=1)]
    assert sum(map(len, names)) == column["run"].nunique()


def test_scores_are_those_of_a_fit_by_hand(world):
    runs = runs_of(world(noise=1e-3, checkpoints=6))
    group = validate_law(runs, "dcpt", "params", burn_in=0.2, **OPTIONS).groups[-1]
    small = runs.frame["params"] < 4e9
    made = fit(runs.select(small), draws=0, burn_in=0.2, **OPTIONS)
    late = runs.frame["tokens"] >= 0.2 * runs.frame.groupby("run")["tokens"].transform("max")
    rows = runs.frame[~small & late]
    expected = made.domain.curve(rows["params"], rows["tokens"], rows["ratio"]) / rows["domain_loss"] - 1
    assert group.scores["domain"].rows == len(rows)
    assert group.scores["domain"].error == pytest.approx(expected.mean())
    assert group.scores["domain"].mape == pytest.approx(np.abs(expected).mean())


def test_an_end_of_the_ratios_is_extrapolation_and_kept_apart(world, coded):
    found = validate_law(runs_of(world(noise=1e-3, checkpoints=5)), "dcpt", "ratio", **OPTIONS)
    assert any("ratio 0 and ratio 1: an end of the trained range" in w and "6-12 %" in w for w in found.warnings)
    assert "end_held_out" in coded(found.notes)
    assert found.inside["domain"].rows < found.total["domain"].rows
    assert found.inside["domain"].mape < found.total["domain"].mape
    inner = world(noise=1e-3, checkpoints=5).query("0 < ratio < 1")
    found = validate_law(runs_of(inner), "dcpt", "run", **OPTIONS)
    assert any("ratio 0 and 1 never trained" in w and "6-12 %" in w for w in found.warnings)
    assert "end_never_trained" in coded(found.notes)


def test_the_text_and_the_json_say_the_same(world):
    found = validate_law(runs_of(world(noise=1e-3, checkpoints=5)), "dcpt", "ratio", **OPTIONS)
    answer, text = found.to_json_dict(), found.summary()
    assert (answer["law"], answer["hold_out"]) == ("dcpt", "ratio")
    assert [g["held_out"] for g in answer["groups"]][:2] == ["ratio 0", "ratio 0.1"]
    assert answer["groups"][0]["extrapolation"]
    assert set(answer["groups"][0]["general"]) == {"rows", "error", "worst", "mape", "r2", "huber"}
    assert f"{100 * answer['total']['general']['mape']:.2f}" in text
    assert "all but *" in text


def test_laws_of_differences_are_scored_on_losses(world):
    frame = world(checkpoints=6).query("params == 1e9 and ratio == 0.5")
    start = frame.iloc[:1].assign(tokens=0.0, general_loss=3.5, domain_loss=4.0)
    two = pd.concat([start, frame, start.assign(run="again"), frame.assign(run="again")])
    found = validate_law(runs_of(two), "cmr_token", "run", **OPTIONS)
    assert found.total["domain"].mape < 0.01


def test_a_law_that_ignores_a_dimension_is_scored_and_said_so(world, coded):
    found = validate_law(runs_of(world(noise=1e-3, checkpoints=5)), "cmr_ratio", "run", **OPTIONS)
    assert any("cmr_ratio does not look at params" in w for w in found.warnings)
    assert "runs_differ_in" in coded(found.notes)


@pytest.mark.parametrize(
    ("query", "hold_out", "says"),
    [
        ("params == 1e9", "params", "runs.csv: column params has one model size only"),
        ("params <= 1e9", "params", "has 2 model sizes only, so none can be held out; it takes 3"),
        ("ratio in (0, 1)", "ratio", "has 2 ratios only"),
        ("ratio == 0.5", "ratio", "column ratio has one ratio only"),
        ("run == '1e+09-0.5'", "run", "column run has one run only"),
        ("tokens == tokens.max()", "tokens", "column tokens has one token count only"),
        ("params > 0", "domain", "does not distinguish domains"),
        ("params > 0", "rows", "hold-out is 'rows'"),
    ],
)
def test_tables_in_which_nothing_can_be_held_out(world, query, hold_out, says):
    with pytest.raises(InputError, match=says):
        validate_law(runs_of(world(checkpoints=5).query(query)), "dcpt", hold_out, **OPTIONS)


def test_a_group_that_cannot_be_fitted_is_skipped_with_its_reason(world, coded):
    frame = world(noise=1e-3, checkpoints=8)
    few = frame[(frame["params"] > 0.5e9) | (frame["tokens"] == frame["tokens"].max())]
    few = few[(few["params"] > 1e9) | (few["tokens"] == few["tokens"].max())]
    found = validate_law(runs_of(few), "dcpt", "params", **OPTIONS)
    assert list(found.skipped) == ["2B params"]
    assert "all probes have 10B tokens" in found.skipped["2B params"]
    assert any("2B params not scored" in note for note in found.notes)
    assert "not_scored" in coded(found.notes)


def test_bad_numbers_of_folds(world):
    with pytest.raises(InputError, match="folds is 1"):
        splits(runs_of(world(checkpoints=5)), "run", folds=1)


def test_a_trunk_and_its_branches_are_held_out_together(world, branched):
    frame = world(checkpoints=4).query("params >= 2e9")
    one, split = runs_of(frame), runs_of(branched(frame))
    for part in splits(split, "run", folds=3):
        assert not set(split.frame.loc[part.fitted, "trunk"]) & set(split.frame.loc[part.scored, "trunk"])
    for hold_out in ("run", "tokens"):
        for before, after in zip(splits(one, hold_out), splits(split, hold_out), strict=True):
            rows = [
                runs.frame.loc[part.scored, ["params", "tokens", "ratio"]]
                for runs, part in ((one, before), (split, after))
            ]
            first, second = (part.sort_values(list(part)).to_numpy() for part in rows)
            np.testing.assert_array_equal(first, second)
    with pytest.raises(InputError, match="column run has one run only"):
        splits(runs_of(branched(frame.query("params == 2e9 and ratio == 0.5"))), "run")


def test_two_stages_in_one_table_are_said(world, branched):
    frame = world(noise=1e-3, checkpoints=5).query("params >= 2e9")
    mixed = runs_of(pd.concat([frame, branched(frame.query("tokens == 10e9"))]))
    found = validate_law(mixed, "dcpt", "tokens", burn_in=0, **OPTIONS)
    assert any("14 branches, which are annealed" in w for w in found.warnings)
    made = fit(mixed, "dcpt", draws=0, burn_in=0, **OPTIONS)
    assert any("14 branches, which are annealed" in w for w in made.warnings)
    made = fit(mixed.stage("trunk"), "dcpt", draws=0, burn_in=0, **OPTIONS)
    assert made.warnings == ("stage trunk: 14 rows of 14 branches are left out",)
