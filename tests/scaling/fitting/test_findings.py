"""What a fit says of tables that mislead: each sentence is there, and not where it does not belong."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import scaling
from scaling.errors import InputError
from scaling.fitting import Fit, fit, fit_groups, profile
from scaling.fitting.validation import validate_law
from scaling.runs import validate

SHIPPED = Path(__file__).parents[3] / "data" / "runs"


def fitted(frame: pd.DataFrame, law: str = "dcpt", **options):
    return fit(validate(frame, "runs.csv"), law, **{"draws": 0, "burn_in": 0, "threads": 1, **options})


def said(frame: pd.DataFrame, law: str = "dcpt", corpus: str = "general") -> str:
    return "; ".join(fitted(frame, law).corpora[corpus].warnings)


def test_a_diverged_run_is_named_and_a_poor_fit_is_said(world):
    frame = world(noise=1e-3, checkpoints=5)
    assert "far from the law" not in said(frame)
    frame.loc[frame["run"] == "1e+09-0.5", "general_loss"] *= 3
    text = said(frame)
    assert "far from the law beside the other runs: 1e+09-0.5 (+200 %)" in text
    assert "explains only" in text


def test_sizes_that_hardly_differ_are_no_sizes(world):
    frame = world(noise=1e-3, checkpoints=5).query("params <= 2e9")
    assert "span a factor" not in said(frame)
    near = frame.assign(params=frame["params"].map({0.5e9: 1e9, 1e9: 1.02e9, 2e9: 1.04e9}))
    assert "the model sizes span a factor of 1.04 only" in said(near)


def test_size_and_tokens_that_rise_together(world):
    frame = world(noise=1e-4, checkpoints=4).query("ratio == 0.5").drop(columns="domain_loss")
    last = frame.assign(tokens=20 * frame["params"])
    last["general_loss"] = 1.7 + 400 / last["params"] ** 0.34 + 410 / last["tokens"] ** 0.28
    last = last.assign(run=[f"r{i}" for i in range(len(last))])
    assert "rise together" in said(last, "chinchilla")
    assert "rise together" not in said(frame, "chinchilla")


def test_a_floor_at_its_bound_whose_place_another_term_has_taken(world):
    """Tokens change nothing, so that B is the floor and E, at 0, is not told from it."""
    frame = world(noise=1e-4, checkpoints=5).query("ratio == 1").drop(columns="domain_loss")
    rng = np.random.default_rng(0)
    frame["general_loss"] = (2.3 + 400 / frame["params"] ** 0.34) * np.exp(rng.normal(0, 1e-4, len(frame)))
    one = fitted(frame).general
    at_floor = one.parameters["E"].value < 1e-9
    told = any("does not tell E" in w or "beta is at its" in w or "B is at its" in w for w in one.warnings)
    assert told or not at_floor
    assert one.status != "ok"


def test_two_sizes_do_not_tell_alpha_in_a_function_law_either(world):
    frame = world(noise=1e-3, checkpoints=5).query("params >= 2e9")
    one = fitted(frame, "dcpt_l2").general
    assert one.status == "not_identified"
    assert any("2 model sizes do not identify alpha" in w for w in one.warnings)
    assert one.parameters["alpha"].value == pytest.approx(0.34, abs=0.02)


def test_several_domains_in_one_fit_are_said_wherever_the_fit_goes(world):
    frame = world(noise=1e-3, checkpoints=4)
    two = frame.assign(domain=np.where(frame["params"] > 1e9, "code", "law"))
    assert any("several domains" in w for w in fitted(two).warnings)
    found = validate_law(validate(two, "runs.csv"), "dcpt", "run", burn_in=0, threads=1)
    assert any("several domains" in w for w in found.warnings)


@pytest.mark.parametrize("law", ["dcpt", "dcpt_l1", "dcpt_l2", "dcpt_l4", "dcpt_l5"])
def test_a_profile_is_of_the_value_that_was_fitted(world, law):
    runs = validate(world(noise=1e-3, checkpoints=4), "runs.csv")
    one = fit(runs, law, draws=0, burn_in=0, threads=1).general
    for name, estimate in one.parameters.items():
        found = profile(runs, name, law, burn_in=0, threads=1)
        assert found.value == pytest.approx(estimate.value, rel=1e-6, abs=1e-12), name
        assert not found.low > found.value
        assert not found.high < found.value


def test_a_law_of_differences_predicts_losses_where_the_base_is_known(world):
    frame = world(checkpoints=6).query("params == 1e9 and ratio == 0.5")
    start = frame.iloc[:1].assign(tokens=0.0, general_loss=3.5, domain_loss=4.0)
    larger = pd.concat([start, frame]).assign(params=2e9, run="larger")
    made = fitted(pd.concat([start, frame, larger]), "cmr_token")
    row = frame.iloc[3]
    there = made.predict(1e9, row["tokens"], 0.5)
    assert there["general_loss"].value == pytest.approx(row["general_loss"], rel=5e-3)
    several = made.predict(1e9, frame["tokens"], 0.5)["domain_loss"].value
    np.testing.assert_allclose(several, frame["domain_loss"], rtol=1e-2)
    assert "nats" in made.summary()
    with pytest.raises(InputError, match="no base general loss"):
        made.predict(3e9, 1e9, 0.5)


def test_base_losses_are_not_held_out_with_their_run(world):
    frame = world(checkpoints=6)
    start = frame.groupby("params", as_index=False).first().assign(tokens=0.0, general_loss=3.5, domain_loss=4.0)
    found = validate_law(validate(pd.concat([start, frame]), "r"), "cmr_token", "run", burn_in=0, threads=1)
    assert not found.skipped
    assert len(found.groups) == 5


def test_groups_are_of_whole_runs(world):
    with pytest.raises(InputError, match="column tokens changes within a run"):
        fit_groups(validate(world(checkpoints=4), "r"), "cmr_ratio", "tokens", "domain")


def notes_of(made: Fit) -> list[str]:
    corpora = made.corpora.values()
    return [*made.warnings, *(text for one in corpora for text in (*one.warnings, *one.dropped.values()))]


@pytest.mark.parametrize(
    ("table", "law", "codes"),
    [
        ("prose-python", "dcpt", {"rise_left_out", "at_bound", "few_draws"}),
        ("prose-python", "forgetting", {"warm_up_left_out", "at_bound", "few_draws"}),
        ("smollm2-code", "forgetting", {"in_coefficient", "in_floor", "too_few_values", "no_intervals"}),
    ],
)
def test_all_that_is_said_of_a_shipped_table_has_a_code(table, law, codes, coded):
    made = fit(scaling.load_runs(SHIPPED / f"{table}.parquet"), law, draws=10, threads=1)
    assert codes <= coded(notes_of(made))


@pytest.mark.parametrize(
    ("query", "law", "options", "codes"),
    [
        ("ratio == 0.5", "dcpt", {}, {"in_coefficient", "in_floor", "wild_few_runs"}),
        ("params <= 1e9", "chinchilla", {}, {"too_few_values", "not_looked_at", "explains_little", "runs_far"}),
        ("params == 1e9", "cmr_ratio", {}, {"rows_at_none", "not_looked_at"}),
        ("params > 0", "dcpt", {"resample": "wild"}, {"wild_asked", "few_draws"}),
        ("params > 0", "dcpt", {"resample": "sandwich"}, {"sandwich", "few_draws"}),
        ("ratio == 0.5 and params <= 2e9", "dcpt_l1", {}, {"in_floor", "no_intervals"}),
    ],
)
def test_all_that_is_said_of_a_table_by_hand_has_a_code(world, query, law, options, codes, coded):
    frame = world(noise=1e-3, checkpoints=6).query(query)
    assert codes <= coded(notes_of(fitted(frame, law, **{"draws": 10, **options})))


def test_two_things_to_know_of_draws_are_two_notes(world):
    """Each has a code of its own, so that a program can ask for either."""
    warnings = fitted(world(noise=1e-3, checkpoints=6), resample="wild", draws=10).general.warnings
    assert [one.code for one in warnings][-2:] == ["wild_asked", "few_draws"]
    assert warnings[-1] == "10 draws are too few for an interval of 90 %"


def test_what_is_not_fitted_says_so_and_has_the_code_of_its_reason(world):
    one = fitted(world(noise=1e-3, checkpoints=6).query("params == 1e9")).general
    assert one.dropped["A"].code == "in_floor"
    assert [w.code for w in one.warnings if w.startswith("A, alpha not fitted: ")] == ["not_fitted"]
