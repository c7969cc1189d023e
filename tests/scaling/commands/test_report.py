"""`scaling report`: what it prints, what it refuses, and that nothing is left behind."""

import json
from pathlib import Path

import pandas as pd
import pytest

import scaling
from scaling.cli import main
from scaling.planning.measured import critical_ratio_errors

TABLE = Path(__file__).resolve().parents[3] / "data" / "runs" / "prose-code.parquet"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scaling.report.contents.figures", lambda *_: [])


def test_the_answer_is_that_of_plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = ["--params", "10.6M", "--tokens", "262144", "--json"]
    assert main(["plan", str(TABLE), *target]) == 0
    plan = json.loads(capsys.readouterr().out)
    out = tmp_path / "report.html"
    assert main(["report", str(TABLE), "--out", str(out), *target]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found.pop("out") == str(out)
    assert found == plan
    assert "no target was named" not in out.read_text(encoding="utf-8")


def test_without_a_target_the_largest_probe_stands_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "report.html"
    assert main(["report", str(TABLE), "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "For 2.66M params, 262K tokens" in printed
    assert "no target was named" in out.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--params", "100"], "smaller than the smallest probe"),
        (["--tolerance", "-1"], "must not be negative"),
        (["--level", "2"], "level must lie between 0 and 1"),
        (["--base-general-loss", "nan"], "base general loss must be above 0"),
    ],
)
def test_what_makes_no_sense_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], sentence: str
) -> None:
    assert main(["report", str(TABLE), "--out", str(tmp_path / "report.html"), *options]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert sentence in said.err
    assert said.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_fit_is_no_run_table_and_the_table_is_not_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = tmp_path / "fit.json"
    assert main(["fit", str(TABLE), "--out", str(saved), "--draws", "0"]) == 0
    assert main(["report", str(saved), "--out", str(tmp_path / "report.html")]) == 2
    assert "needs the run table" in capsys.readouterr().err
    copy = tmp_path / "runs.csv"
    copy.write_text("params,tokens,ratio,general_loss\n1,1,0,1\n")
    assert main(["report", str(copy), "--out", str(copy)]) == 2
    assert "the page would replace" in capsys.readouterr().err
    other = tmp_path / "other.csv"
    other.write_text("precious")
    assert main(["report", str(TABLE), "--out", str(other)]) == 2
    assert "must end in .html" in capsys.readouterr().err
    assert other.read_text() == "precious"
    assert main(["report", str(TABLE), "--out", str(tmp_path / "absent" / "report.html")]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_a_base_loss_without_sense_is_refused_where_there_is_no_answer_either(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = pd.read_parquet(TABLE)
    table = tmp_path / "one_size.csv"
    frame[frame["params"] == frame["params"].max()].to_csv(table, index=False)
    asked = ["--params", "10M", "--law", "dcpt", "--base-general-loss", "nan"]
    assert main(["report", str(table), "--out", str(tmp_path / "report.html"), *asked]) == 2
    assert "base general loss must be above 0" in capsys.readouterr().err


def test_every_interval_of_the_plan_has_the_level_asked_for(tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    assert main(["report", str(TABLE), "--out", str(out), "--level", "0.5"]) == 0
    page = out.read_text(encoding="utf-8")
    assert "50 % interval</th>" in page
    runs = scaling.load_runs(TABLE)
    narrow, wide = (
        critical_ratio_errors(scaling.validate_law(runs, "forgetting", "params", draws=200), runs, level=level)
        for level in (0.5, 0.9)
    )
    assert all(a.high - a.low < b.high - b.low for a, b in zip(narrow, wide, strict=True))
    assert f"{100 * narrow[-1].low:.1f} % to {100 * narrow[-1].high:.1f} %" in page
