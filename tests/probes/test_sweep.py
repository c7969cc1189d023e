import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from probes import models, pool
from probes.bases import Pretrained
from probes.jobs import Job
from probes.storage import read_json, write_json
from probes.sweep import Listener, run, work_folder
from scaling.errors import InputError
from scaling.readers import load_runs

MakeSweep = Callable[..., Path]


def write_corpus(path: Path, words: list[str], documents: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    lines = [json.dumps({"text": " ".join(rng.choice(words, 60))}) for _ in range(documents)]
    path.write_text("\n".join(lines), encoding="utf-8")


def test_a_sweep_gives_a_valid_table_and_trains_nothing_twice(finished: tuple[Path, Path]) -> None:
    path, out = finished
    table = pd.read_parquet(out)
    assert sorted(table["ratio"].unique()) == [0, 0.5, 1]
    assert not table.duplicated(["run", "tokens"]).any()
    assert (table.groupby("run")["tokens"].min() == 0).all()
    before = out.read_bytes()
    summary = run(path, out)
    assert (summary.trained, summary.skipped) == (0, 4)
    assert out.read_bytes() == before


def test_a_new_ratio_trains_that_run_alone(
    finished: tuple[Path, Path], make_sweep: MakeSweep, sweep_content: dict[str, Any]
) -> None:
    _, out = finished
    path = make_sweep(cpt={**sweep_content["cpt"], "ratios": [0, 0.5, 1, 0.75]})
    assert run(path, out).trained == 1
    assert pd.read_parquet(out)["run"].nunique() == 4


def test_changed_text_under_the_same_work_folder_is_refused(finished: tuple[Path, Path], tmp_path: Path) -> None:
    path, out = finished
    before = out.read_bytes()
    with (tmp_path / "code.jsonl").open("a") as handle:
        handle.write('\n{"text": "' + "def x " * 50 + '"}')
    with pytest.raises(InputError, match="was started with another domain"):
        run(path, out)
    assert out.read_bytes() == before


def test_repetition_is_logged_and_warned_about(
    make_sweep: MakeSweep, tmp_path: Path, sweep_content: dict[str, Any]
) -> None:
    path = make_sweep(cpt={**sweep_content["cpt"], "tokens": 12800, "ratios": [1], "checkpoints": 2})
    summary = run(path, tmp_path / "runs.csv")
    last = pd.read_csv(tmp_path / "runs.csv").iloc[-1]
    assert last["domain_epochs"] > 1
    assert last["unique_domain_tokens"] < last["tokens"]
    assert any("domain corpus is smaller" in warning for warning in summary.warnings)


def test_near_duplicates_that_were_left_out_are_told(
    make_sweep: MakeSweep, tmp_path: Path, sweep_content: dict[str, Any]
) -> None:
    path = make_sweep(
        general={**sweep_content["general"], "held_out": ["held.jsonl"]},
        cpt={**sweep_content["cpt"], "ratios": [1], "checkpoints": 1},
    )
    lines = (tmp_path / "prose.jsonl").read_text().splitlines()
    (tmp_path / "held.jsonl").write_text("\n".join(line.replace('"}', ' and more"}') for line in lines[:6]))
    summary = run(path, tmp_path / "runs.parquet")
    said = "corpus 'prose': 6 training documents were left out as near-duplicates of held-out text"
    assert said in summary.warnings
    assert said in run(path, tmp_path / "runs.parquet").warnings, "also when nothing is left to train"
    note = next((work_folder(tmp_path / "runs.parquet") / "shards").glob("prose-*.json"))
    assert read_json(note)["near_duplicates"] == 6


def test_a_side_of_several_sources_is_trained_on_at_their_shares(
    make_sweep: MakeSweep, tmp_path: Path, sweep_content: dict[str, Any]
) -> None:
    source = {"held_out_fraction": 0.2}
    path = make_sweep(
        general={
            "name": "mix",
            "sources": [
                {"train": ["prose.jsonl"], "share": 0.75, **source},
                {"train": ["more.jsonl"], "share": 0.25, **source},
            ],
        },
        cpt={**sweep_content["cpt"], "tokens": 12800, "ratios": [0], "checkpoints": 2},
    )
    write_corpus(tmp_path / "more.jsonl", ["eins", "zwei", "drei", "vier", "acht", "neun"], 10, 3)
    heard: list[tuple[str, float]] = []

    class Ear(Listener):
        def preparing(self, what: str, share: float) -> None:
            heard.append((what, share))

    summary = run(path, tmp_path / "runs.csv", Ear())
    blocks = read_json(next((work_folder(tmp_path / "runs.csv") / "shards").glob("mix-*.json")))["blocks"]["train"]
    last = pd.read_csv(tmp_path / "runs.csv").iloc[-1]
    seen = last["tokens"] / 16
    epochs = max(0.75 * seen / blocks[0], 0.25 * seen / blocks[1])
    assert last["general_epochs"] == pytest.approx(epochs)
    assert last["general_epochs"] > seen / sum(blocks)
    assert any("general corpus is smaller" in warning for warning in summary.warnings)
    for what in ("vocabulary of mix", "tokens of mix", "tokens of code"):
        shares = [share for name, share in heard if name == what]
        assert shares == sorted(shares)
        assert shares[-1] == 1.0
        assert len(shares) > 3


def test_a_held_out_split_that_is_too_small_is_an_error(make_sweep: MakeSweep, tmp_path: Path) -> None:
    path = make_sweep(evaluate={"blocks": 5000})
    with pytest.raises(InputError, match="corpus 'prose' is too small for its held-out split"):
        run(path, tmp_path / "runs.parquet")
    assert not (tmp_path / "runs.parquet").exists()


def test_a_full_disk_is_noticed_before_training(
    make_sweep: MakeSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("probes.storage.shutil.disk_usage", lambda folder: type("Usage", (), {"free": 10}))
    with pytest.raises(InputError, match="are left"):
        run(make_sweep(), tmp_path / "runs.parquet")
    assert not (tmp_path / "runs.parquet").exists()


def test_an_unknown_base_is_an_error(make_sweep: MakeSweep, tmp_path: Path) -> None:
    path = make_sweep(bases=[{"path": str(tmp_path / "absent"), "learning_rate": 1e-3}])
    with pytest.raises(InputError, match=r"base model .*absent.*: no such folder"):
        run(path, tmp_path / "runs.parquet")
    assert not list(tmp_path.glob("runs.parquet*"))


def test_two_processes_on_one_sweep_the_second_is_refused(make_sweep: MakeSweep, tmp_path: Path) -> None:
    work = work_folder(tmp_path / "runs.parquet")
    work.mkdir()
    with (work / "lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(InputError, match="another process"):
            run(make_sweep(), tmp_path / "runs.parquet")


def test_killed_and_started_again_gives_the_same_table(
    finished: tuple[Path, Path], make_sweep: MakeSweep, tmp_path: Path
) -> None:
    path, out = finished
    other = tmp_path / "killed.parquet"
    process = subprocess.Popen(
        [sys.executable, "-m", "probes.cli", "run", str(path), "--out", str(other)],
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while not list(work_folder(other).glob("bases/*/state.safetensors")) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not other.exists()
    run(path, other)
    pd.testing.assert_frame_equal(pd.read_parquet(out), pd.read_parquet(other), check_exact=True)


def test_a_base_from_the_hub_is_held_to_its_commit(
    own_base: Path, make_sweep: MakeSweep, tmp_path: Path, hub: Callable[[Path, str], str]
) -> None:
    base = {"path": "team/base", "learning_rate": 1e-3, "ratios": [0]}
    commit = hub(own_base, "main")
    table = tmp_path / "of_hub.parquet"
    assert run(make_sweep(bases=[base]), table).trained == 1
    models.build(models.ladder_config(1, 270, 16), 1).save_pretrained(own_base)
    hub(own_base, "main")
    with pytest.raises(InputError, match="was started with another base model"):
        run(make_sweep(bases=[base]), table)
    pinned = make_sweep(bases=[{**base, "revision": commit}])
    assert run(pinned, table).trained == 0
    again = tmp_path / "again.parquet"
    assert run(pinned, again).trained == 1  # by the weights of then, not by those that the branch has now
    pd.testing.assert_frame_equal(pd.read_parquet(again), pd.read_parquet(table), check_exact=True)


def test_a_folder_has_no_revisions(own_base: Path, make_sweep: MakeSweep, tmp_path: Path) -> None:
    base = {"path": str(own_base), "learning_rate": 1e-3, "revision": "main"}
    with pytest.raises(InputError, match="revision is for a hub name, but this is a folder; remove revision"):
        run(make_sweep(bases=[base]), tmp_path / "of_folder.parquet")


def test_a_base_saved_in_a_folder_can_be_brought_along(
    finished: tuple[Path, Path], own_base: Path, make_sweep: MakeSweep, tmp_path: Path
) -> None:
    _, out = finished
    path = make_sweep(bases=[{"path": str(own_base), "learning_rate": 1e-3, "base_tokens": 4000}])
    brought = tmp_path / "brought.parquet"
    assert run(path, brought).trained == 3
    first = pd.read_parquet(brought).iloc[0]
    assert first["base_tokens"] == 4000
    assert first["general_loss"] == pytest.approx(pd.read_parquet(out).iloc[0]["general_loss"], rel=1e-6)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_the_table_reads_back_the_same_from_every_format(
    finished: tuple[Path, Path], tmp_path: Path, suffix: str
) -> None:
    path, out = finished
    other = tmp_path / f"other{suffix}"
    shutil.copytree(work_folder(out), work_folder(other))
    run(path, other)
    pd.testing.assert_frame_equal(load_runs(other).frame, load_runs(out).frame, check_dtype=False, rtol=1e-12)


def test_a_folder_is_no_run_table(make_sweep: MakeSweep, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").mkdir()
    (tmp_path / "mine.csv" / "dear.txt").write_text("kept")
    with pytest.raises(InputError, match="a run table must be a file"):
        run(make_sweep(), tmp_path / "mine.csv")
    assert (tmp_path / "mine.csv" / "dear.txt").read_text() == "kept"


def test_of_two_workers_the_one_that_failed_is_told(
    make_sweep: MakeSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train(process: object, group: list[Job], *others: object) -> list[str]:
        if group[0].ratio == 0.5:
            raise pool.JobFailed("no space is left on this disk", user=True)
        time.sleep(0.2)
        return ["finished"]

    monkeypatch.setattr(pool, "_start", lambda threads: None)
    monkeypatch.setattr(pool, "_train", train)
    with pytest.raises(InputError, match="no space is left"):
        run(make_sweep(workers=2), tmp_path / "runs.parquet")


def test_diverged_runs_are_told_and_do_not_stop_the_others(finished: tuple[Path, Path]) -> None:
    path, out = finished
    folder = work_folder(out) / "runs" / "toy-d1-r0.5-s0"
    rows = read_json(folder / "result.json")["rows"]
    write_json(folder / "result.json", {"status": "diverged", "rows": rows[:1]})
    summary = run(path, out)
    assert summary.diverged == ["toy-d1-r0.5-s0"]
    assert (pd.read_parquet(out)["ratio"] == 0.5).sum() == 1


def test_runs_of_a_base_that_diverged_are_not_trained(finished: tuple[Path, Path]) -> None:
    path, out = finished
    shutil.rmtree(work_folder(out) / "runs")
    folder = work_folder(out) / "bases" / "d1"
    write_json(folder / "result.json", {"status": "diverged", "rows": []})
    before = out.read_bytes()
    summary = run(path, out)
    assert (summary.trained, summary.diverged) == (0, ["base-d1"])
    assert out.read_bytes() == before


def test_other_weights_under_the_same_path_are_noticed(finished: tuple[Path, Path]) -> None:
    _, out = finished
    model = work_folder(out) / "bases" / "d1" / "model"
    before = models.fingerprint(Pretrained(str(model)))
    (model / "model.safetensors").write_bytes(b"other")
    assert models.fingerprint(Pretrained(str(model))) != before
    with pytest.raises(InputError, match="base model"):
        models.load(Pretrained(str(model)))
