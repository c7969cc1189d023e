"""The option --stage of every command that reads a run table."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from scaling.cli import main

TARGET = ("--params", "1B", "--tokens", "1.6e9")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trunks of two sizes with four checkpoints, each with a branch a checkpoint whose losses are 0.1 lower."""
    random, rows = np.random.default_rng(0), []
    for n in (3e8, 1e9):
        size = 0.5 * (n / 1e9) ** -0.3
        rows.append((f"{n:g}-base", n, 0.0, 0.5, 2.2 + size, 2.6 + size, None))
        for r in (0.1, 0.25, 0.5, 0.75):
            for d in (0.2, 0.4, 0.8, 1.6):
                general = 1.9 + size + 0.05 * (1 - r) ** 0.5 * d**-0.3 + 0.25 * (1.02 - r) ** -0.15
                domain = 1.2 + size + 0.08 * r**0.5 * d**-0.3 + 0.30 * (r + 0.02) ** -0.20
                general, domain = np.array([general, domain]) * np.exp(random.normal(0, 1e-3, 2))
                rows.append((f"{n:g}-{r}", n, d * 1e9, r, general, domain, None))
                rows.append((f"{n:g}-{r}-b{d}", n, d * 1e9, r, general - 0.1, domain - 0.1, f"{n:g}-{r}"))
    path = tmp_path_factory.mktemp("stage") / "runs.csv"
    columns = ["run", "params", "tokens", "ratio", "general_loss", "domain_loss", "trunk"]
    pd.DataFrame(rows, columns=columns).to_csv(path, index=False)
    return path


def ask(capsys: pytest.CaptureFixture[str], *words: object) -> dict[str, Any]:
    assert main([*map(str, words), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert isinstance(answer, dict)
    return answer


def test_check_says_what_branches_there_are(capsys: pytest.CaptureFixture[str], runs: Path) -> None:
    for stage, rows, count in (("auto", 34, 32), ("trunk", 34, 8), ("all", 66, 40)):
        found = ask(capsys, "check", runs, "--stage", stage)
        assert (found["rows"], found["runs"]) == (rows, count)
        assert (found["trunks"], found["branches"]) == (8, 32)
        assert found["branch_ends"] == [0.2e9, 0.4e9, 0.8e9, 1.6e9]
    assert main(["check", str(runs)]) == 0
    text = capsys.readouterr().out
    assert "branches in the table: 32, of trunks: 8, ending at tokens: 200M, 400M, 800M, 1.6B" in text
    assert "note: stage branches: 32 rows of 8 other runs are left out" in text


def test_a_fit_takes_one_stage_and_says_so(capsys: pytest.CaptureFixture[str], runs: Path) -> None:
    found = {s: ask(capsys, "fit", runs, "--draws", 0, "--stage", s) for s in ("auto", "trunk", "all")}
    assert [one["general"]["rows"] for one in found.values()] == [32, 32, 64]
    assert found["auto"]["warnings"][0].startswith("stage branches: ")
    assert found["trunk"]["warnings"][0] == "stage trunk: 32 rows of 32 branches are left out"
    assert "are mixed" in found["all"]["warnings"][0]


def test_cmr_takes_trunks_by_itself(capsys: pytest.CaptureFixture[str], runs: Path, tmp_path: Path) -> None:
    plan = ask(capsys, "plan", runs, *TARGET, "--definition", "cmr")
    assert "stage trunk: 32 rows of 32 branches are left out" in plan["warnings"]
    assert plan == ask(capsys, "plan", runs, *TARGET, "--definition", "cmr", "--stage", "trunk")
    assert main(["plan", str(runs), *TARGET, "--definition", "cmr", "--stage", "branches"]) == 2
    assert "no losses of trunks to choose" in capsys.readouterr().err
    out = tmp_path / "fit.json"
    ask(capsys, "fit", runs, "--draws", 0, "--out", out)
    assert ask(capsys, "plan", out, *TARGET)["status"] != "not_identified"
    assert main(["plan", str(out), *TARGET, "--stage", "trunk"]) == 2
    assert "this is a fit" in capsys.readouterr().err


def test_validate_and_compare_have_the_option(capsys: pytest.CaptureFixture[str], runs: Path) -> None:
    trunk = ("--stage", "trunk", "--burn-in", 0)
    for words in (
        ("validate", runs, "--hold-out", "tokens"),
        ("compare", runs, "--hold-outs", "tokens", "--laws", "dcpt"),
    ):
        assert ask(capsys, *words, *trunk)["warnings"][0] == "stage trunk: 32 rows of 32 branches are left out"


def test_without_branches_there_are_none_to_choose(
    capsys: pytest.CaptureFixture[str], runs: Path, tmp_path: Path
) -> None:
    plain = tmp_path / "plain.csv"
    pd.read_csv(runs).query("trunk != trunk").drop(columns="trunk").to_csv(plain, index=False)
    assert not any("stage" in warning for warning in ask(capsys, "check", plain)["warnings"])
    assert main(["check", str(plain), "--stage", "branches"]) == 2
    assert capsys.readouterr().err.startswith("scaling: plain.csv: no row has a name in column trunk")
