import json
import shutil
import subprocess
import sys
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
    assert (
        "no run reached a checkpoint, so nothing is written; lower the learning rate (diverged: toy-d1-r0-s0"
        in said.err
    )
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


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"domain": {"name": "code", "train": ["none.jsonl"]}}, "none.jsonl: no such corpus file"),
        ({"domain": {"name": "code", "train": ["no/a.txt", "no/b.txt"]}}, "b.txt: no such corpus files"),
        ({"domain": {"name": "code", "train": ["team/corpus"]}}, "so download them first"),
        (
            {"domain": {"name": "code", "train": ["https://example.org/a.jsonl"]}},
            "https://example.org/a.jsonl: no such",
        ),
        (
            {"domain": {"name": "code", "train": ["code.jsonl"], "field": "body"}},
            "row 1 has no field 'body'; it has text",
        ),
        ({"domain": {"name": "code", "train": ["sweep.yaml", "table.csv"]}}, "looks like a table"),
        (
            {"bases": [{"path": "bare", "learning_rate": 1e-3}]},
            "bare': it has no tokenizer that transformers loads; save the one that it was trained with beside it\n",
        ),
        ({"bases": [{"path": "absent", "learning_rate": 1e-3}]}, "base model 'absent': no such folder"),
        ({"bases": [{"path": "unsaved", "learning_rate": 1e-3}]}, "unsaved': that folder has no *.safetensors"),
        ({"domain": {"name": "code", "train": ["empty.jsonl"]}}, "empty.jsonl: the file contains no document"),
        ({"domain": {"name": "code", "train": ["empty.txt"]}}, "empty.txt: the file is empty"),
        ({"bases": [{"path": "own-base", "learning_rate": 1e-3}], "context": 32}, "longer than its 16 positions"),
    ],
)
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_plan_refuses_what_run_refuses_in_the_same_words(
    make_sweep: MakeSweep,
    own_base: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    changes: dict[str, Any],
    words: str,
    options: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "table.csv").write_text("id,text\n1,one\n")
    for kind in ("config.json", "model.safetensors"):
        (tmp_path / "bare").mkdir(exist_ok=True)
        (tmp_path / "bare" / kind).write_bytes((own_base / kind).read_bytes())
    shutil.copytree(own_base, tmp_path / "unsaved", ignore=shutil.ignore_patterns("*.safetensors"), dirs_exist_ok=True)
    for name in ("empty.jsonl", "empty.txt"):
        (tmp_path / name).write_text("")
    said = {}
    for command in (["plan", *options], ["run", "--out", "other.parquet"]):
        with pytest.raises(SystemExit) as caught:
            call(monkeypatch, command[0], make_sweep(**changes), *command[1:])
        assert caught.value.code == 2
        said[command[0]] = capsys.readouterr()
    assert said["plan"].err == said["run"].err
    assert words in said["plan"].err
    assert len(said["plan"].err.splitlines()) == 1
    assert said["run"].out == ""
    costs = "domain" in changes  # what is wrong with a corpus leaves the costs as they are
    assert bool(said["plan"].out) == costs
    if options and costs:
        assert json.loads(said["plan"].out)["runs"] == 4


WITHOUT = """
import sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
if HOW == "finder":
    sys.meta_path.insert(0, Finder())
else:
    sys.modules.update(dict.fromkeys(BLOCKED))
from probes.cli import main
sys.argv = ["probes", *sys.argv[1:]]
main()
"""


@pytest.mark.parametrize("how", ["finder", "modules"])
@pytest.mark.parametrize("blocked", [["torch", "transformers", "tokenizers", "safetensors"], ["tokenizers"]])
@pytest.mark.parametrize("command", [["plan"], ["plan", "--json"], ["run", "--out", "runs.parquet"]])
def test_without_the_extra_it_is_one_sentence(
    make_sweep: MakeSweep, tmp_path: Path, command: list[str], blocked: list[str], how: str
) -> None:
    arguments = [command[0], str(make_sweep()), *command[1:]]
    program = WITHOUT.replace("BLOCKED", repr(blocked)).replace("HOW", repr(how))
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout) == (2, "")
    names = ", ".join(blocked)
    assert done.stderr == f'probes: {names} must be installed for this: pip install "cpt-scaling[probes]"\n'
    assert not (tmp_path / "runs.parquet.work").exists()


def test_a_package_that_cannot_be_loaded_is_one_sentence(
    make_sweep: MakeSweep, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "probes.cost", None)
    with pytest.raises(SystemExit) as caught:
        call(monkeypatch, "plan", make_sweep())
    assert caught.value.code == 2
    assert 'install what it needs: pip install "cpt-scaling[probes]"' in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--device", "--flops-per-second"])
def test_none_is_no_machine_to_plan_for(
    make_sweep: MakeSweep, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    with pytest.raises(SystemExit) as caught:
        call(monkeypatch, "plan", make_sweep(), option, "None", "--json")
    said = capsys.readouterr()
    assert (caught.value.code, said.out) == (2, "")
    assert option in said.err


def test_plan_says_what_it_assumes(
    make_sweep: MakeSweep, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    call(monkeypatch, "plan", make_sweep())
    assert "Assumed: 0." in capsys.readouterr().out
    call(monkeypatch, "plan", make_sweep(), "--device", "a100", "--json")
    answer = json.loads(capsys.readouterr().out)
    assert "0.25 of 312e12 FLOPs per second, the published dense bf16 speed of one A100" in answer["assumption"]
    assert answer["lines"][0]["flops_per_second"] == pytest.approx(78e12)
    with pytest.raises(SystemExit) as caught:
        call(monkeypatch, "plan", make_sweep(), "--flops-per-second", "fast", "--json")
    said = capsys.readouterr()
    assert (caught.value.code, said.out) == (2, "")
    assert "--flops-per-second: 'fast' is not a number" in said.err
