"""`scaling demo`: what it prints and draws, what it refuses, and that nothing is left behind then."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import scaling
from scaling.cli import main

ROOT = Path(__file__).resolve().parents[3]
FIGURES = ["critical_ratio", "loss_by_ratio", "loss_by_tokens", "tradeoff"]


def test_without_a_table_it_shows_the_sweep_of_the_package(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["demo"]) == 0
    printed = capsys.readouterr().out
    stored = (ROOT / "benchmarks" / "results" / "demo.txt").read_text(encoding="utf-8")
    assert printed.splitlines()[:2] == stored.splitlines()[:2]
    assert printed.count("critical ratio  ") == 3
    assert "of the largest probe" in printed
    assert printed.splitlines()[-4:] == stored.splitlines()[-4:]
    assert scaling.load_fit(tmp_path / "out" / "fit.json").law.name == "forgetting"
    pictures = sorted((tmp_path / "out").glob("*.png"))
    assert [path.stem for path in pictures] == FIGURES
    assert all(np.asarray(Image.open(path).convert("L")).std() > 5 for path in pictures)


def test_json_has_the_plans_of_any_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scaling.demo.draw", lambda *_: {})
    table, out = ROOT / "data" / "runs" / "prose-code.parquet", tmp_path / "a" / "b"
    assert main(["demo", str(table), "--out", str(out), "--larger", "2", "--tolerance", "0.1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [plan["law"] for plan in found["plans"]] == ["forgetting", "dcpt", "cmr_ratio"]
    assert (found["source"], found["out"], found["files"]) == (table.name, str(out), ["fit.json"])
    assert (found["params"], found["tokens"], found["tolerance"]) == (2 * 2656704, 262144, 0.1)
    target = ["--params", str(2 * 2656704), "--tokens", "262144", "--tolerance", "0.1", "--json"]
    assert main(["plan", str(table), *target]) == 0
    assert json.loads(capsys.readouterr().out)["critical_ratio"] == found["plans"][0]["critical_ratio"]
    assert [row["params"] for row in found["measured"]] == [332448, 803968, 1512160, 2656704]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--larger", "0"], "larger must be above 0, not 0"),
        (["--larger", "nan"], "larger must be above 0, not nan"),
        (["--tolerance", "-1"], "tolerance must not be negative"),
        (["nowhere.csv"], "nowhere.csv: there is no such file"),
        (["one-size.csv"], "all probes have"),
        (["one-loss.csv"], "one-loss.csv: the demo needs both losses, general_loss and domain_loss"),
        (["--out", "one-loss.csv"], "one-loss.csv: is a file, so name another folder with --out"),
        (["--out", "one-loss.csv/out"], "one-loss.csv: is a file, so name another folder with --out"),
    ],
)
def test_what_cannot_be_shown_is_one_sentence_and_leaves_nothing(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    sentence: str,
) -> None:
    frame: pd.DataFrame = scaling.example_runs().frame
    frame[frame["params"] == frame["params"].max()].to_csv(tmp_path / "one-size.csv", index=False)
    frame.drop(columns="general_loss").to_csv(tmp_path / "one-loss.csv", index=False)
    monkeypatch.chdir(tmp_path)
    assert main(["demo", *options]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert sentence in said.err
    assert said.err.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one-loss.csv", "one-size.csv"]
