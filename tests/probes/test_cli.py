import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from probes import cli

MakeSweep = Callable[..., Path]


def call(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> None:
    monkeypatch.setattr("sys.argv", ["probes", *map(str, arguments)])
    cli.main()


def test_plan_counts_runs_and_trains_nothing(
    make_sweep: MakeSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {make_sweep(), *tmp_path.iterdir()}
    call(monkeypatch, "plan", tmp_path / "sweep.yaml", "--json")
    answer = json.loads(capsys.readouterr().out)
    assert answer["runs"] == 4
    assert answer["flops"] > 0
    assert answer["hours"] > 0
    assert set(tmp_path.iterdir()) == before


def test_plan_prints_a_table(
    make_sweep: MakeSweep, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    call(monkeypatch, "plan", make_sweep())
    printed = capsys.readouterr().out
    assert "pretrain" in printed
    assert "cpt" in printed


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_sweep_of_which_all_diverged_is_one_sentence_and_exit_2(
    make_sweep: MakeSweep,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
) -> None:
    cpt = yaml.safe_load(make_sweep().read_text())["cpt"]
    out = tmp_path / "runs.parquet"
    with pytest.raises(SystemExit) as caught:
        call(monkeypatch, "run", make_sweep(cpt={**cpt, "learning_rate_fraction": 1e9}), "--out", out, *options)
    assert caught.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "not written, since no run came to a checkpoint; diverged: toy-d1-r0-s0" in said.err
    assert not out.exists()


@pytest.mark.parametrize("command", [["plan"], ["run", "--out", "runs.parquet"]])
def test_a_typo_in_a_key_is_one_sentence_and_exit_2(
    make_sweep: MakeSweep, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        call(monkeypatch, command[0], make_sweep(evalute={"blocks": 8}), *command[1:])
    assert caught.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "unknown key 'evalute'" in captured.err
    assert len(captured.err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"cpt": {"tokens": 1536, "batch_tokens": 128, "ratios": [1.5]}}, "cpt.ratios.0"),
        ({"bases": [{"path": "absent", "learning_rate": 1e-3}]}, "base model 'absent'"),
        ({"evaluate": {"blocks": 5000}}, "too small for its held-out split"),
        ({"domain": {"name": "code", "train": ["none.jsonl"]}}, "no such corpus file"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_2(
    make_sweep: MakeSweep,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    changes: dict[str, Any],
    words: str,
) -> None:
    with pytest.raises(SystemExit) as caught:
        call(monkeypatch, "run", make_sweep(**changes), "--out", tmp_path / "runs.parquet")
    captured = capsys.readouterr()
    assert caught.value.code == 2
    assert captured.out == ""
    assert words in captured.err
    assert len(captured.err.strip().splitlines()) == 1
    assert not (tmp_path / "runs.parquet").exists()


def test_an_out_file_of_another_kind_is_refused(
    make_sweep: MakeSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        call(monkeypatch, "run", make_sweep(), "--out", tmp_path / "runs.xlsx")
    assert caught.value.code == 2
    assert "runs.xlsx" in capsys.readouterr().err
