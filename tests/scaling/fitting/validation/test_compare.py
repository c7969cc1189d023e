import numpy as np
import pytest

from scaling.errors import InputError
from scaling.fitting.validation import compare_laws, validate_law
from scaling.runs import validate

FORMS = ("dcpt", "dcpt_l4", "dcpt_l5")


def runs_of(frame):
    return validate(frame, "runs.csv")


@pytest.fixture(scope="module")
def found(world):
    return compare_laws(runs_of(world(noise=1e-3, checkpoints=6)), FORMS, threads=1)


def test_the_law_that_made_the_world_is_the_best(found):
    assert found.best == "dcpt"
    places = found.placings["dcpt"]
    assert set(places) == {"params", "tokens", "ratio"}
    assert places["tokens"].behind == 0
    assert not found.placings["dcpt_l5"]["ratio"].tie


def test_behind_and_its_error_by_hand(found):
    for hold_out in ("params", "tokens", "ratio"):
        errors = {}
        for law in FORMS:
            rows = found.validations[law, hold_out].rows
            rows = rows[rows["inside"]] if hold_out == "ratio" else rows
            errors[law] = (rows["predicted"] / rows["observed"] - 1).abs()
            corpora = errors[law].groupby(rows["corpus"]).mean()
            assert found.placings[law][hold_out].mean == pytest.approx(corpora.mean())
        best = min(FORMS, key=lambda law: found.placings[law][hold_out].mean)
        for law in FORMS:
            gap = (errors[law] - errors[best]).groupby(rows["run"]).mean()
            expected = gap.std() / np.sqrt(len(gap))
            assert found.placings[law][hold_out].behind_se == pytest.approx(expected)


def test_all_are_scored_on_the_same_rows(world):
    """CMR's ratio law is infinite at share 0, so that row does not count for the others either."""
    frame = world(noise=1e-3, checkpoints=5).query("params == 1e9")
    last = frame[frame["tokens"] == frame["tokens"].max()]
    found = compare_laws(runs_of(last), ("dcpt", "cmr_ratio"), ("run",), threads=1)
    rows = {law: places["run"].scores["domain"].rows for law, places in found.placings.items()}
    assert rows["dcpt"] == rows["cmr_ratio"] == 6
    assert validate_law(runs_of(last), "dcpt", "run", threads=1).total["domain"].rows == 7


def test_laws_that_are_blind_to_the_table_are_left_out_with_a_reason(world, coded):
    frame = world(noise=1e-3, checkpoints=4)
    laws = ("dcpt", "chinchilla", "cmr_critical", "dcpt_cross_k1")
    found = compare_laws(runs_of(frame), laws, ("run", "domain"), threads=1)
    assert coded(found.warnings) == {"no_hold_out"}
    assert list(found.placings) == ["dcpt"]
    assert "mixture ratio" in found.left_out["chinchilla"]
    assert "not a loss" in found.left_out["cmr_critical"]
    assert "the table has one" in found.left_out["dcpt_cross_k1"]
    two = runs_of(frame.assign(domain=np.where(frame["ratio"] < 0.5, "code", "law")))
    with pytest.raises(InputError, match="does not distinguish the table's 2 domains"):
        compare_laws(two, ("dcpt",))


def test_a_hold_out_that_the_table_lacks_is_named(world):
    frame = world(noise=1e-3, checkpoints=6).query("params == 1e9")
    found = compare_laws(runs_of(frame), ("dcpt",), threads=1)
    assert list(found.placings["dcpt"]) == ["tokens", "ratio"]
    assert any("no hold-out over params" in note for note in found.warnings)
    with pytest.raises(InputError, match=r"runs.csv: no hold-out over params: column params has one model size"):
        compare_laws(runs_of(frame), ("dcpt",), ("params",))


def test_nothing_to_compare(world):
    with pytest.raises(InputError, match="no law can be compared; none: none was named"):
        compare_laws(runs_of(world(checkpoints=4)), ())
    with pytest.raises(InputError, match="no law called 'best'"):
        compare_laws(runs_of(world(checkpoints=4)), ("best",))


def test_the_json_holds_every_score(found):
    answer = found.to_json_dict()
    assert (answer["best"], list(answer["laws"])) == (found.best, list(found.placings))
    place = answer["laws"]["dcpt_l4"]["tokens"]
    assert set(place) == {"general", "domain", "mean_mape", "behind", "behind_se", "tie"}
    assert place["mean_mape"] == pytest.approx((place["general"]["mape"] + place["domain"]["mape"]) / 2)


def test_branches_of_a_trunk_are_one_run_to_the_error_of_a_place(world, branched):
    frame = world(noise=1e-3, checkpoints=4).query("params >= 2e9")
    tables = (frame, branched(frame))
    one, split = (
        compare_laws(runs_of(table), ("dcpt", "dcpt_l5"), ("tokens",), burn_in=0, threads=1) for table in tables
    )
    for law, places in one.placings.items():
        assert split.placings[law]["tokens"].behind_se == pytest.approx(places["tokens"].behind_se, rel=0.05)
