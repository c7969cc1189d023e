"""`scaling next`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from probes.cli import main as probes
from probes.config import load_sweep
from scaling import load_runs, next_probes
from scaling.cli import main

ASK = ("--params", "40M", "--tokens", "100M", "--budget", "4e16", "--bases", "20M")
SWEEP = """name: mine
general: {name: prose, train: [prose.jsonl]}
domain: {name: code, train: [code.jsonl]}
bases: [{depth: 3}, {depth: 4}, {depth: 6}]
cpt: {tokens: 100M, ratios: [0, 0.5, 1]}
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, forgetting_world: Callable[..., pd.DataFrame]) -> Path:
    path = tmp_path_factory.mktemp("next") / "runs.csv"
    names = {1e6: "d4", 3e6: "d6", 1e7: "d9"}
    frame = forgetting_world(noise=2e-3, ratios=(0.0, 0.25, 0.75, 1.0))
    frame.assign(base=frame["params"].map(names), seed=0).to_csv(path, index=False)
    (path.parent / "mine.yaml").write_text(SWEEP)
    return path


def ask(capsys: pytest.CaptureFixture[str], *words: object) -> dict[str, Any]:
    code = main(["next", *map(str, words), "--json"])
    out = capsys.readouterr()
    assert (code, out.err) == (0, "")
    answer = json.loads(out.out, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    assert isinstance(answer, dict)
    return answer


def refused(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    code = main(["next", *map(str, words)])
    out = capsys.readouterr()
    assert (code, out.out) == (2, "")
    assert out.err.startswith("scaling: ")
    assert out.err.count("\n") == 1
    return out.err


def test_the_command_is_the_function(capsys: pytest.CaptureFixture[str], runs: Path) -> None:
    found = ask(capsys, runs, *ASK)
    made = next_probes(load_runs(runs), 4e7, 1e8, budget=4e16, bases=(2e7,))
    names = {1e6: "d4", 3e6: "d6", 1e7: "d9"}

    def named(answer: dict[str, Any]) -> dict[str, Any]:
        return {**answer, "runs": [{**run, "base": names.get(run["params"])} for run in answer["runs"]]}

    assert found == {**named(made.to_json_dict()), "checkpoints": 9}
    assert found["runs"]
    assert found["law"] == "forgetting"
    some = ("--sizes", "3M", "10M", "--ratios", 0.5, 0.9, "--lengths", "80M", "--checkpoints", 5, "--base-tokens", "4B")
    few = ask(capsys, runs, *ASK, *some)
    options = {"sizes": (3e6, 1e7), "ratios": (0.5, 0.9), "lengths": (8e7,), "checkpoints": 5, "base_tokens": 4e9}
    few_made = next_probes(load_runs(runs), 4e7, 1e8, budget=4e16, bases=(2e7,), **options)
    assert few == {**named(few_made.to_json_dict()), "checkpoints": 5}
    assert main(["next", str(runs), *ASK]) == 0
    assert "expected width" in capsys.readouterr().out


def test_the_file_is_the_answer_and_probes_makes_a_sweep_of_it(
    capsys: pytest.CaptureFixture[str], runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, made = runs.with_name("next.json"), runs.with_name("next.yaml")
    found = ask(capsys, runs, *ASK, "--out", out)
    assert json.loads(out.read_text()) == found
    command = ["probes", "extend", runs.with_name("mine.yaml"), "--with", out, "--out", made, "--json"]
    monkeypatch.setattr("sys.argv", [*map(str, command)])
    probes()
    files = json.loads(capsys.readouterr().out)["files"]
    assert files[0] == str(made)
    depth = {1e6: "d4", 3e6: "d6", 1e7: "d9", 2e7: "d12"}
    chosen = {(depth[r["params"]], r["ratio"], int(r["tokens"]), r["seed"]) for r in found["runs"]}
    sweeps = [load_sweep(path) for path in files]
    assert chosen == {
        (base.label, ratio, sweep.cpt.tokens, seed)
        for sweep in sweeps
        for base in sweep.bases
        for ratio in base.ratios or ()
        for seed in base.seeds or ()
    }


def test_where_the_runs_are_written_is_said(capsys: pytest.CaptureFixture[str], runs: Path, tmp_path: Path) -> None:
    assert main(["next", str(runs), *ASK, "--out", str(tmp_path / "next.json")]) == 0
    assert capsys.readouterr().out.endswith(f"\nwrote {tmp_path / 'next.json'}\n")
    little = ask(capsys, runs, *ASK[:4], "--budget", "1e3", "--out", tmp_path / "none.json")
    assert (little["status"], little["runs"]) == ("nothing_helps", [])
    assert json.loads((tmp_path / "none.json").read_text()) == little


def test_mistakes(capsys: pytest.CaptureFixture[str], runs: Path, tmp_path: Path) -> None:
    assert "budget must be above 0" in refused(capsys, runs, *ASK[:4], "--budget", 0)
    assert "budget must be above 0" in refused(capsys, runs, *ASK[:4], "--budget", "-1e18")
    assert "smaller than the smallest probe" in refused(capsys, runs, "--params", "1K", *ASK[2:])
    assert "`probes extend SWEEP.yaml --with" in refused(capsys, runs, *ASK, "--out", tmp_path / "next.yaml")
    assert "none is not there" in refused(capsys, runs, *ASK, "--out", tmp_path / "none" / "next.json")
    assert "no general loss" in refused(capsys, _without(runs, tmp_path, "general_loss"), *ASK)
    assert "not_there.csv" in refused(capsys, tmp_path / "not_there.csv", *ASK)


def _without(runs: Path, folder: Path, column: str) -> Path:
    path = folder / "less.csv"
    pd.read_csv(runs).drop(columns=column).to_csv(path, index=False)
    return path
