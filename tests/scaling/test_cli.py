import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from scaling import critical_ratio, fit, load_fit, load_runs, profile
from scaling.cli import main

TABLE5 = Path(__file__).parents[2] / "data" / "published" / "dcpt_table5_chemistry.csv"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three sizes, seven ratios, six checkpoints from a D-CPT-shaped truth, base losses at tokens 0."""
    random, rows = np.random.default_rng(0), []
    for n in (1e8, 3e8, 1e9):
        size = 0.5 * (n / 1e9) ** -0.3
        rows.append([n, 0, 0.5, 2.2 + size, 2.6 + size])
        for r in (0, 0.1, 0.25, 0.5, 0.75, 0.9, 1):
            for d in (0.1, 0.2, 0.4, 0.8, 1.6, 3.2):
                general = 1.9 + size + 0.05 * (1 - r) ** 0.5 * d**-0.3 + 0.25 * (1.02 - r) ** -0.15
                domain = 1.2 + size + 0.08 * r**0.5 * d**-0.3 + 0.30 * (r + 0.02) ** -0.20
                noise = np.exp(random.normal(0, 1e-3, 2))
                rows.append([n, d * 1e9, r, general * noise[0], domain * noise[1]])
    path = tmp_path_factory.mktemp("runs") / "runs.csv"
    pd.DataFrame(rows, columns=["params", "tokens", "ratio", "general_loss", "domain_loss"]).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def saved(runs: Path) -> Path:
    path = runs.parent / "fit.json"
    fit(load_runs(runs), law="dcpt").save(path)
    return path


def ask(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    """Run a command with --json: exit code 0, one JSON object and nothing else on standard output."""
    code = main([*map(str, arguments), "--json"])
    out = capsys.readouterr()
    assert (code, out.err) == (0, "")
    answer = json.loads(out.out, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    assert isinstance(answer, dict)
    return answer


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """Run a command that must fail: exit code 2, one line on standard error, nothing on standard output."""
    code = main([*map(str, arguments)])
    out = capsys.readouterr()
    assert (code, out.out) == (2, "")
    assert out.err.startswith("scaling: ")
    assert out.err.count("\n") == 1
    return out.err


def test_check(capsys: pytest.CaptureFixture[str], runs: Path) -> None:
    found = ask(capsys, "check", runs)
    assert (found["rows"], found["runs"], found["corpora"]) == (129, 21, ["general", "domain"])
    assert found["params"] == [1e8, 3e8, 1e9]
    assert found["tokens"] == [1e8, 3.2e9]
    assert found["base"]["general"][2] == {"params": 1e9, "loss": pytest.approx(2.7), "se": None}
    assert found["warnings"] == []
    assert main(["check", str(TABLE5)]) == 0
    text = capsys.readouterr().out
    assert "7 rows, 7 runs" in text
    assert "note: only one model size" in text


def test_check_counts_one_run_as_one(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    losses = [3.0, 3.4, 3.3, 3.2, 3.1, 3.0]
    rows = [[1e6, place * 1e6, 0.5, loss] for place, loss in enumerate(losses)]
    pd.DataFrame(rows, columns=["params", "tokens", "ratio", "general_loss"]).to_csv(tmp_path / "a.csv", index=False)
    assert main(["check", str(tmp_path / "a.csv")]) == 0
    text = capsys.readouterr().out
    assert "a.csv: 6 rows, 1 run\n" in text
    assert "rises before it falls in 1 run: " in text


def test_fit_writes_what_predict_and_plan_read(capsys: pytest.CaptureFixture[str], runs: Path, tmp_path: Path) -> None:
    out = tmp_path / "fit.json"
    found = ask(capsys, "fit", runs, "--law", "dcpt", "--out", out, "--draws", 20)
    assert found["law"] == "dcpt"
    assert set(found["general"]) >= {"parameters", "rows", "runs", "huber", "r2", "mape", "status", "warnings"}
    assert [path.name for path in tmp_path.iterdir()] == ["fit.json"]
    losses = ask(capsys, "predict", out, "--params", "1B", "--tokens", "3.2e9", "--ratio", 0.5)
    expected = load_fit(out).predict(params=1e9, tokens=3.2e9, ratio=0.5)
    assert losses["general_loss"]["value"] == expected["general_loss"].value
    assert set(losses["domain_loss"]) == {"value", "low", "high"}
    assert main(["predict", str(out), "--params", "1B", "--tokens", "3.2B", "--ratio", "0.5"]) == 0
    assert "general loss" in capsys.readouterr().out
    assert main(["fit", str(runs), "--draws", "0"]) == 0
    assert "Forgetting law" in capsys.readouterr().out


@pytest.mark.parametrize("tolerance", ["0.01", "0.05"])
def test_plan_is_the_same_from_fit_table_and_python(
    capsys: pytest.CaptureFixture[str], runs: Path, saved: Path, tolerance: str
) -> None:
    target = ["--params", "3B", "--tokens", "3.2B", "--tolerance", tolerance]
    from_fit = ask(capsys, "plan", saved, *target)
    assert from_fit == ask(capsys, "plan", runs, "--law", "dcpt", *target)
    plan = critical_ratio(load_fit(saved), params=3e9, tokens=3.2e9, tolerance=float(tolerance))
    assert from_fit == plan.to_json_dict()
    # 1.9 + 0.05 (1 - r)^0.5 3.2^-0.3 + 0.25 (1.02 - r)^-0.15 = 2.2 + tolerance
    assert from_fit["critical_ratio"]["value"] == pytest.approx({"0.01": 0.6375, "0.05": 0.8864}[tolerance], abs=0.02)
    assert from_fit["extrapolation"] == {"params": pytest.approx(3.0), "tokens": pytest.approx(1.0), "ratio": 0.0}


def test_plan_for_people(capsys: pytest.CaptureFixture[str], saved: Path) -> None:
    assert main(["plan", str(saved), "--params", "10B", "--tokens", "3.2B"]) == 0
    text = capsys.readouterr().out
    for piece in ("critical ratio", "90 % interval", "general loss", "base general loss", "10x in params", "compute"):
        assert piece in text


def test_published_chemistry(capsys: pytest.CaptureFixture[str]) -> None:
    target = ["--params", "1.8B", "--tokens", "10B", "--tolerance", "0.03", "--relative"]
    plan = ask(capsys, "plan", TABLE5, *target)
    assert plan["status"] == "ok"
    assert plan["critical_ratio"]["value"] == pytest.approx(0.924, abs=0.005)
    same = ask(capsys, "plan", TABLE5, *target, "--base-general-loss", 2.8602)
    assert same["critical_ratio"] == plan["critical_ratio"]
    elsewhere = ask(capsys, "plan", TABLE5, "--params", "7B", "--tokens", "10B")
    assert (elsewhere["status"], elsewhere["critical_ratio"]["value"]) == ("not_identified", None)


def test_the_cmr_definition(capsys: pytest.CaptureFixture[str], runs: Path, saved: Path) -> None:
    target = ["--params", "1B", "--tokens", "3.2B", "--definition", "cmr"]
    plan = ask(capsys, "plan", runs, *target)
    assert plan["definition"] == "cmr"
    assert 0 <= plan["critical_ratio"]["value"] <= 1
    assert "needs a run table" in refused(capsys, "plan", saved, *target)
    assert "cannot be used with --definition cmr" in refused(
        capsys, "plan", runs, *target, "--base-general-loss", "2.2"
    )


def test_one_domain_of_several(capsys: pytest.CaptureFixture[str], runs: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(runs)
    both = tmp_path / "both.csv"
    pd.concat([frame.assign(domain="code"), frame.assign(domain="law")]).to_csv(both, index=False)
    assert ask(capsys, "check", both, "--domain", "law")["runs"] == 21
    assert "several domains (code, law)" in ask(capsys, "check", both)["warnings"][0]
    assert "column domain has no 'music', it has code, law" in refused(capsys, "check", both, "--domain", "music")
    assert "column domain is missing" in refused(capsys, "check", runs, "--domain", "code")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.csv", ""),
        ("no_ratio.csv", "params,tokens,general_loss\n1e8,1e9,3\n1e8,1e9,3.5\n"),
        ("text.csv", "params,tokens,ratio,general_loss\n1e8,many,0.5,3\n"),
        ("infinite.csv", "params,tokens,ratio,general_loss\n1e8,1e9,0.5,inf\n"),
        ("negative.csv", "params,tokens,ratio,general_loss\n1e8,1e9,0.5,-3\n"),
        ("percent.csv", "params,tokens,ratio,general_loss\n1e8,1e9,50,3\n1e8,1e9,25,3.1\n"),
        ("nan.csv", "params,tokens,ratio,general_loss\n1e8,1e9,0.5,nan\n"),
        ("twice.csv", "params,tokens,ratio,general_loss\n1e8,1e9,0.5,3\n1e8,1e9,0.5,3.1\n"),
        ("negative_tokens.csv", "params,tokens,ratio,general_loss\n1e8,-1,0.5,3\n"),
        ("header.csv", "params,tokens,ratio,general_loss\n"),
        ("base_only.csv", "params,tokens,ratio,general_loss\n1e8,0,0.5,3\n"),
        ("runs.xlsx", "PK"),
    ],
)
def test_bad_tables(capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    for command in (["check"], ["fit", "--out", tmp_path / "fit.json"], ["validate"]):
        assert name in refused(capsys, command[0], tmp_path / name, *command[1:])
    assert not (tmp_path / "fit.json").exists()


def test_a_law_needs_the_columns_that_it_looks_at(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    sizes, counts = np.meshgrid([1e8, 2e8, 4e8, 8e8], [1e9, 2e9, 4e9, 8e9])
    frame = pd.DataFrame({"params": sizes.ravel(), "tokens": counts.ravel()})
    frame["general_loss"] = 1.8 + 480 * frame["params"] ** -0.35 + 2000 * frame["tokens"] ** -0.37
    path = tmp_path / "sizes.csv"
    frame.to_csv(path, index=False)
    fit = tmp_path / "fit.json"
    found = ask(capsys, "fit", path, "--law", "chinchilla", "--draws", "0", "--out", fit)
    assert found["general"]["parameters"]["alpha"]["value"] == pytest.approx(0.35, abs=1e-3)
    loss = ask(capsys, "predict", fit, "--params", "1e9", "--tokens", "9e9", "--ratio", "0.5")["general_loss"]["value"]
    assert loss == pytest.approx(1.8 + 480 * 1e9**-0.35 + 2000 * 9e9**-0.37, rel=1e-4)
    assert any("no column ratio" in note for note in ask(capsys, "check", path)["warnings"])
    for command in ("fit", "validate", "compare", "report --out x.html", "plan --params 1e9 --tokens 1e9"):
        name, *options = command.split()
        assert "column ratio is missing, and the law" in refused(capsys, name, path, *options)


def test_one_row_one_run_and_swapped_corpora(capsys: pytest.CaptureFixture[str], runs: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(runs)
    trained = frame[frame["tokens"] > 0]
    one_row, one_run, other_way = (tmp_path / f"{name}.csv" for name in ("one_row", "one_run", "swapped"))
    trained.iloc[:1].to_csv(one_row, index=False)
    trained.query("params == 1e8 and ratio == 0.5").to_csv(one_run, index=False)
    frame.rename(columns={"general_loss": "domain_loss", "domain_loss": "general_loss"}).to_csv(other_way, index=False)
    out = tmp_path / "fit.json"
    assert "one_row.csv: the rows of general_loss have one model" in refused(capsys, "fit", one_row, "--out", out)
    assert not out.exists()
    assert "one_run.csv: column run has one run only" in refused(capsys, "validate", one_run, "--hold-out", "run")
    assert any("only one run" in w for w in ask(capsys, "check", one_run)["warnings"])
    assert ask(capsys, "fit", one_run, "--draws", 5)["general"]["status"] != "ok"
    assert any("look swapped" in w for w in ask(capsys, "fit", other_way, "--draws", 5, "--out", out)["warnings"])
    plan = ask(capsys, "plan", out, "--params", "1B", "--tokens", "3.2B")
    assert any("look swapped" in w for w in plan["warnings"])
    assert main(["fit", str(other_way), "--draws", "0"]) == 0
    assert capsys.readouterr().out.count("look swapped") == 1


def test_options_of_a_fit(capsys: pytest.CaptureFixture[str], runs: Path, tmp_path: Path) -> None:
    out = tmp_path / "fit.json"
    options = ("--loss", "squared", "--raw", "--resample", "wild", "--seed", 3, "--burn-in", 0.2, "--draws", 10)
    found = ask(capsys, "fit", runs, *options, "--out", out)
    assert (found["objective"], found["burn_in"]) == ("squared plain residuals", 0.2)
    assert any("wild bootstrap" in w for w in found["general"]["warnings"])
    again = load_fit(out)
    assert again.objective == found["objective"]
    made = fit(load_runs(runs), loss="squared", residual="raw", resample="wild", seed=3, burn_in=0.2, draws=10)
    np.testing.assert_array_equal(again.general.draws, made.general.draws)  # type: ignore[union-attr]
    assert "need a column general_loss_se" in refused(capsys, "fit", runs, "--weights", "se")
    assert "burn_in is 2" in refused(capsys, "fit", runs, "--burn-in", 2)
    assert "draws is -1" in refused(capsys, "fit", runs, "--draws", -1)
    assert "delta is 1e+300" in refused(capsys, "fit", runs, "--delta", 1e300)


def test_validate(capsys: pytest.CaptureFixture[str], runs: Path) -> None:
    found = ask(capsys, "validate", runs, "--hold-out", "params", "--draws", 10)
    assert [group["held_out"] for group in found["groups"]] == ["1B params"]
    assert set(found) == {
        "law", "hold_out", "groups", "total", "inside", "skipped", "warnings", "notes", "critical_ratio",
    }  # fmt: skip
    (critical,) = found["critical_ratio"]
    assert critical["error"] == pytest.approx(critical["predicted"] - critical["measured"])
    assert critical["low"] <= critical["predicted"] <= critical["high"]
    ratios = ask(capsys, "validate", runs, "--hold-out", "ratio", "--law", "dcpt_l1")
    assert len(ratios["groups"]) == 7
    assert ratios["critical_ratio"] == []
    assert main(["validate", str(runs), "--hold-out", "params"]) == 0
    text = capsys.readouterr().out
    assert "1B params" in text
    assert "critical ratio" in text
    assert "no law called" in refused(capsys, "validate", runs, "--law", "dcpd")
    assert "tolerance" in refused(capsys, "validate", runs, "--tolerance", "-1")
    assert "does not distinguish domains" in refused(capsys, "validate", runs, "--hold-out", "domain")


def _without_sizes(blind: str) -> Any:
    """validate_law, but one law cannot be scored over size."""
    from scaling.errors import InputError
    from scaling.fitting.validation import validate_law

    def validated(runs: Any, law: str, hold_out: str, **options: Any) -> Any:
        if (law, hold_out) == (blind, "params"):
            raise InputError("it cannot")
        return validate_law(runs, law, hold_out, **options)

    return validated


def test_compare(capsys: pytest.CaptureFixture[str], runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    laws = ("dcpt", "dcpt_l1", "chinchilla")
    found = ask(capsys, "compare", runs, "--laws", *laws, "--hold-outs", "params", "ratio")
    assert set(found) == {"best", "burn_in", "laws", "left_out", "warnings", "notes", "critical_ratio"}
    assert set(found["laws"]) == {"dcpt", "dcpt_l1"}
    assert set(found["left_out"]) == {"chinchilla"}
    assert set(found["laws"]["dcpt"]) == {"params", "ratio"}
    (critical,) = found["critical_ratio"]["dcpt"]
    assert main(["compare", str(runs), "--laws", *laws, "--hold-outs", "params", "ratio"]) == 0
    text = capsys.readouterr().out
    score = found["laws"]["dcpt"]["params"]
    assert f"{100 * score['general']['mape']:.2f} / {100 * score['domain']['mape']:.2f}" in text
    assert f"{critical['predicted']:.3f}" in text
    assert "note: chinchilla not compared" in text
    assert "no law called" in refused(capsys, "compare", runs, "--laws", "dcpd")
    # A law without a score for one hold-out has a dash there and no critical ratio.
    monkeypatch.setattr("scaling.fitting.validation.compare.validate_law", _without_sizes("dcpt_l1"))
    assert main(["compare", str(runs), "--laws", *laws, "--hold-outs", "params", "ratio"]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if "dcpt_l1" in line and "│" in line)
    assert line.split("│")[2].strip() == line.split("│")[4].strip() == "-"
    assert "tolerance" in refused(capsys, "compare", runs, "--tolerance", "-1")
    assert "no column domain" in refused(capsys, "compare", runs, "--hold-outs", "domain")


def test_profiles_of_a_fit(capsys: pytest.CaptureFixture[str], runs: Path) -> None:
    found = ask(capsys, "fit", runs, "--law", "dcpt", "--profile", "gamma", "--loss", "squared", "--draws", 0)
    for corpus in ("general", "domain"):
        asked = found[corpus]["profiles"]["gamma"]
        made = profile(load_runs(runs), "gamma", "dcpt", corpus=corpus, loss="squared")
        assert asked["value"] == pytest.approx(found[corpus]["parameters"]["gamma"]["value"], rel=1e-4)
        assert (asked["low"], asked["high"]) == pytest.approx((made.low, made.high))
    assert main(["fit", str(runs), "--law", "dcpt", "--profile", "gamma", "--draws", "0"]) == 0
    assert "domain loss: profile intervals (90 %)" in capsys.readouterr().out
    assert "no parameter 'gama'" in refused(capsys, "fit", runs, "--profile", "gama")


def test_a_parameter_that_one_corpus_does_not_fit_is_profiled_in_the_other(
    capsys: pytest.CaptureFixture[str], runs: Path, tmp_path: Path
) -> None:
    table = pd.read_csv(runs)
    table.loc[table["ratio"] != 0.5, "general_loss"] = np.nan
    table.to_csv(tmp_path / "some.csv", index=False)
    found = ask(capsys, "fit", tmp_path / "some.csv", "--law", "dcpt", "--profile", "gamma", "--draws", 0)
    assert "to the general loss" in found["general"]["profiles"]["gamma"]["why"]
    assert found["domain"]["profiles"]["gamma"]["value"] > 0


def test_the_run_table_is_not_written_over(capsys: pytest.CaptureFixture[str], runs: Path, tmp_path: Path) -> None:
    copy = tmp_path / "runs.csv"
    copy.write_bytes(runs.read_bytes())
    assert "is the run table itself" in refused(capsys, "fit", copy, "--out", copy)
    assert copy.read_bytes() == runs.read_bytes()


def test_predictions_say_what_makes_them_doubtful(
    capsys: pytest.CaptureFixture[str], runs: Path, tmp_path: Path
) -> None:
    table = pd.read_csv(runs)
    table[table["ratio"].between(0.1, 0.9) & (table["params"] > 1e8)].to_csv(tmp_path / "some.csv", index=False)
    ask(capsys, "fit", tmp_path / "some.csv", "--law", "dcpt", "--draws", 5, "--out", tmp_path / "fit.json")
    where = ("--params", "1B", "--tokens", "1B")
    text = " ".join(ask(capsys, "predict", tmp_path / "fit.json", *where, "--ratio", 1)["warnings"])
    assert "does not identify every parameter" in text
    assert "ratio 1 lies outside" in text
    inside = " ".join(ask(capsys, "predict", tmp_path / "fit.json", *where, "--ratio", 0.5)["warnings"])
    assert "lies outside" not in inside


def test_the_interval_of_a_new_run_is_wider(capsys: pytest.CaptureFixture[str], saved: Path) -> None:
    where = ("--params", "2B", "--tokens", "2B", "--ratio", 0.3)
    mean = ask(capsys, "predict", saved, *where)["general_loss"]
    new = ask(capsys, "predict", saved, *where, "--interval", "prediction")["general_loss"]
    assert new["value"] == mean["value"]
    assert new["high"] - new["low"] > mean["high"] - mean["low"]


def test_several_domains_in_one_fit(capsys: pytest.CaptureFixture[str], runs: Path, tmp_path: Path) -> None:
    frame, path, out = pd.read_csv(runs), tmp_path / "both.csv", tmp_path / "fit.json"
    harder = frame.assign(domain="law", domain_loss=frame["domain_loss"] + 0.3)
    easier = frame.assign(domain="music", domain_loss=frame["domain_loss"] - 0.2)
    pd.concat([frame.assign(domain="code"), harder, easier]).to_csv(path, index=False)
    ask(capsys, "fit", path, "--law", "dcpt_cross_k1", "--out", out, "--draws", 5)
    target = ["--params", "1B", "--tokens", "3.2B"]
    assert "several domains (code, law, music)" in refused(capsys, "predict", out, *target, "--ratio", 0.5)
    losses = [
        ask(capsys, "predict", out, *target, "--ratio", 0.5, "--domain", name)["domain_loss"]["value"]
        for name in ("music", "code", "law")
    ]
    assert np.diff(losses) == pytest.approx([0.2, 0.3], abs=0.05)
    assert "several domains" in refused(capsys, "plan", out, *target)
    from_fit = ask(capsys, "plan", out, *target, "--domain", "law")
    assert from_fit["status"] in ("ok", "unconstrained")
    from_table = ask(capsys, "plan", path, *target, "--domain", "law", "--law", "dcpt_cross_k1")
    assert from_table["critical_ratio"]["value"] == from_fit["critical_ratio"]["value"]
    assert "no domain 'dance'" in refused(capsys, "plan", out, *target, "--domain", "dance")


def test_bad_fits(capsys: pytest.CaptureFixture[str], saved: Path, tmp_path: Path) -> None:
    target = ["--params", "1B", "--tokens", "1B"]
    for name, content in (("foreign.json", '{"hello": 1}'), ("cut.json", saved.read_text()[:1000]), ("no.json", "")):
        (tmp_path / name).write_text(content)
        assert name in refused(capsys, "plan", tmp_path / name, *target)
        assert name in refused(capsys, "predict", tmp_path / name, *target, "--ratio", "0.5")
    assert "not_there.json" in refused(capsys, "plan", tmp_path / "not_there.json", *target)
    assert "not_there.csv" in refused(capsys, "fit", tmp_path / "not_there.csv")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"--params": "5M"}, "smaller than the smallest probe"),
        ({"--params": "0"}, "params must be above 0"),
        ({"--tokens": "0"}, "tokens must be above 0"),
        ({"--tolerance": "-0.1"}, "tolerance must not be negative"),
        ({"--level": "1.5"}, "level must lie between 0 and 1"),
        ({"--base-general-loss": "0"}, "base general loss must be above 0"),
    ],
)
def test_bad_targets(capsys: pytest.CaptureFixture[str], saved: Path, changes: dict[str, str], said: str) -> None:
    options = {"--params": "1B", "--tokens": "1B", **changes}
    assert said in refused(capsys, "plan", saved, *(word for pair in options.items() for word in pair))


def test_bad_predictions(capsys: pytest.CaptureFixture[str], saved: Path) -> None:
    target = ["predict", saved, "--params", "1B", "--tokens"]
    assert "write 0.25 for 25 %" in refused(capsys, *target, "1B", "--ratio", "25")
    assert "tokens must be above 0" in refused(capsys, *target, "0", "--ratio", "0.5")


def test_nowhere_to_write(capsys: pytest.CaptureFixture[str], runs: Path, tmp_path: Path) -> None:
    assert "folder" in refused(capsys, "fit", runs, "--out", tmp_path / "none" / "fit.json")
    refused(capsys, "fit", runs, "--draws", "0", "--out", tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["check"],
        ["check", "a.csv", "--colour"],
        ["plan", "a.csv", "--params", "7Q", "--tokens", "1B"],
        ["plan", "a.csv", "--params", "7B", "--tokens", "1B", "--tolerance", "much"],
    ],
)
def test_options_that_cannot_be_read(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    out = capsys.readouterr()
    assert (stop.value.code, out.out) == (2, "")
    assert 0 < len(out.err) < 1500
    assert "Traceback" not in out.err


def test_help_is_quick_to_import_and_needs_nothing_heavy() -> None:
    code = (
        "import sys, scaling, scaling.cli, scaling.commands\n"
        "heavy = {'torch', 'transformers', 'matplotlib', 'pandas', 'scipy', 'pandera', 'pydantic'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_whole_fit_never_imports_torch(runs: Path) -> None:
    code = (
        "import sys; from scaling.cli import main\n"
        f"assert main(['plan', {str(runs)!r}, '--params', '3B', '--tokens', '3B', '--json']) == 0\n"
        "assert 'torch' not in sys.modules and 'matplotlib' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_the_public_face() -> None:
    import scaling

    assert set(scaling.__all__) <= set(dir(scaling))
    assert scaling.load_runs is load_runs
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = scaling.nonsense
