import numpy as np
import pandas as pd
import pytest

from scaling.errors import InputError
from scaling.fitting import fit_groups, fit_points
from scaling.laws import get_law
from scaling.runs import validate


def test_cmr_table_2_predicts_its_25_percent_row(published):
    table = pd.read_csv(published / "cmr_table2_domain_loss.csv").query("kind == 'measured'").assign(tokens=20e9)
    held = np.isclose(table["ratio"], 0.25)
    fitted = fit_groups(validate(table[~held], "table 2"), "cmr_ratio", "params", "domain")
    assert len(fitted) == 4
    law = get_law("cmr_ratio")
    got = law.value(fitted[["a", "s", "b"]].to_numpy(), {"share": np.array([0.25])})[:, 0]
    measured = table[held].sort_values("params")["domain_loss"].to_numpy()
    np.testing.assert_allclose(got, measured, rtol=3e-3)
    assert (fitted["r2"] > 0.999).all()


def runs_of(curve, ratios=(0.25, 0.5, 0.75)):
    tokens = np.concatenate([[0.0], np.geomspace(0.2e9, 20e9, 20)])
    rows = [(1e9, d, r, f"r{r}", 3.0 + (curve(d / 0.2e9, r) if d else 0.0)) for r in ratios for d in tokens]
    return validate(pd.DataFrame(rows, columns=["params", "tokens", "ratio", "run", "general_loss"]), "runs.csv")


def test_two_terms_find_a_rise_and_a_fall():
    law = get_law("cmr_token2")

    def curve(t, r):
        return 0.3 * r * t**0.2 - 0.05 * t**0.45 - 0.2 * r

    fitted = fit_groups(runs_of(curve), "cmr_token2", "run", "general", threads=1)
    assert list(fitted["ratio"]) == [0.25, 0.5, 0.75]
    t = np.geomspace(0.2e9, 20e9, 20)
    for _, row in fitted.iterrows():
        got = law.value(row[list(law.names)].to_numpy(float), {"tokens": t})
        np.testing.assert_allclose(got, curve(t / 0.2e9, row["ratio"]), atol=2e-4)
        assert row["s2"] >= row["s3"]
        assert row["converged"]


def test_groups_are_as_if_fitted_alone():
    runs = runs_of(lambda t, r: -0.1 * r * t**0.3 + 0.05 * np.log(t))
    together = fit_groups(runs, "cmr_token", "run", "general", threads=1)
    for name in ("r0.25", "r0.75"):
        alone = fit_groups(runs.select(runs.frame["run"] == name), "cmr_token", "run", "general", threads=1)
        joint = together[together["run"] == name]
        assert alone["objective"].iloc[0] == pytest.approx(joint["objective"].iloc[0], rel=1e-6)


def test_the_critical_ratio_law_through_points():
    law, truth = get_law("cmr_critical"), np.array([0.22524761, 0.26944345, -0.48139982])
    t = np.array([20.0, 35, 50, 65, 80, 100])
    fitted = fit_points("cmr_critical", {"tokens": t}, law.value(truth, {"tokens": t}))
    np.testing.assert_allclose(fitted[list(law.names)].to_numpy(float)[0], truth, rtol=1e-3)


def test_groups_with_too_few_rows_are_nan():
    runs = runs_of(lambda t, r: -0.1 * t**0.3)
    few = runs.select((runs.frame["run"] != "r0.5") | (runs.frame["tokens"] < 0.3e9))
    fitted = fit_groups(few, "cmr_token", "run", "general", threads=1).set_index("run")
    assert np.isnan(fitted.loc["r0.5", "a1"])
    assert np.isfinite(fitted.loc["r0.25", "a1"])


def test_a_column_that_is_not_there():
    with pytest.raises(InputError, match="no column size"):
        fit_groups(runs_of(lambda t, r: -t / 1e3), "cmr_token", "size", "general")


def test_groups_of_branches(world, branched):
    frame = world(checkpoints=6).query("params == 1e9 and ratio in (0.25, 0.5)")
    runs = validate(branched(frame), "w")
    by_ratio = fit_groups(runs, "chinchilla", "ratio", "general", threads=1)
    assert by_ratio["rows"].tolist() == [6, 6]
    by_trunk = fit_groups(runs, "chinchilla", "trunk", "general", threads=1)
    np.testing.assert_allclose(by_trunk["objective"], by_ratio["objective"])
    assert fit_groups(runs, "chinchilla", "run", "general", threads=1)["rows"].tolist() == [1] * 12
