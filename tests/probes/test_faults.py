"""A process killed in the middle of a write: nothing logged is lost, nothing is logged twice, no half file stays."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from probes import config, prepare
from probes.jobs import Job
from probes.results import logged_rows, state_path, status
from probes.sweep import run, work_folder
from scaling.errors import InputError

MakeSweep = Callable[..., Path]

# Each replaces what writes a file by something that writes half of it and dies, the third time it is called.
IN_A_CHECKPOINT = """
from probes import record
calls = []
whole = record.save_file
def half(tensors, path, metadata):
    whole(tensors, path, metadata=metadata)
    calls.append(path)
    if len(calls) == 3:
        with open(path, "r+b") as handle:
            handle.truncate(1000)
        os.kill(os.getpid(), signal.SIGKILL)
record.save_file = half
"""
IN_A_TABLE = """
from probes import table
calls = []
whole = table.WRITERS[".parquet"]
def half(frame, path):
    whole(frame, path)
    calls.append(path)
    if len(calls) == 3:
        with open(path, "r+b") as handle:
            handle.truncate(1000)
        os.kill(os.getpid(), signal.SIGKILL)
table.WRITERS[".parquet"] = half
"""
TRAIN_ONE = """
import torch
from probes.jobs import Job
from probes.train import perform
perform([Job.model_validate_json(sys.stdin.read())], lambda share: None, torch.device("cpu"))
"""
TRAIN_ALL = """
from pathlib import Path
from probes.sweep import run
run(Path(sys.argv[1]), Path(sys.argv[2]))
"""


def killed(program: str, *arguments: object, given: str = "") -> None:
    """Run a program that ends by its own SIGKILL."""
    command = [sys.executable, "-c", f"import os, signal, sys\n{program}", *map(str, arguments)]
    done = subprocess.run(command, input=given, text=True, capture_output=True, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]


def test_killed_in_a_checkpoint_write(finished: tuple[Path, Path], tmp_path: Path) -> None:
    path, out = finished
    work = work_folder(out)
    job = prepare.unfold(config.load_sweep(path), tmp_path, work)[2]
    assert isinstance(job, Job)
    whole = logged_rows(job)
    (Path(job.folder) / "result.json").unlink()
    killed(IN_A_CHECKPOINT + TRAIN_ONE, given=job.model_dump_json())
    assert status(job) is None
    assert list(Path(job.folder).glob(".*.part")), "a half-written file was left behind"
    assert logged_rows(job) == whole[:3], "the base row and the two checkpoints that were committed"
    assert run(path, out).trained == 1
    assert logged_rows(job) == whole
    assert not state_path(job).exists()
    assert not list(work.rglob("*.part"))


def test_killed_in_a_table_write(finished: tuple[Path, Path], tmp_path: Path) -> None:
    path, out = finished
    other = tmp_path / "killed.parquet"
    killed(IN_A_TABLE + TRAIN_ALL, path, other)
    before = pd.read_parquet(other)
    assert 0 < len(before) < len(pd.read_parquet(out))
    assert list(tmp_path.glob(".killed.parquet.*.part"))
    run(path, other)
    pd.testing.assert_frame_equal(pd.read_parquet(other), pd.read_parquet(out), check_exact=True)
    assert not list(tmp_path.glob(".killed.parquet.*"))


def test_a_corpus_seen_more_often_than_it_allows_is_refused(make_sweep: MakeSweep, tmp_path: Path) -> None:
    domain = {"name": "code", "train": ["code.jsonl"], "held_out_fraction": 0.2, "max_epochs": 0.15}
    with pytest.raises(
        InputError, match=r"toy-d1-r1-s0: corpus 'code' would be seen [0-9.]+ times.* max_epochs is 0\.15"
    ):
        run(make_sweep(domain=domain), tmp_path / "runs.parquet")
    assert not (tmp_path / "runs.parquet").exists()
    assert run(make_sweep(domain={**domain, "max_epochs": 50}), tmp_path / "runs.parquet").trained == 4


def test_a_base_that_sees_the_text_too_often_is_refused_as_well(make_sweep: MakeSweep, tmp_path: Path) -> None:
    general = {"name": "prose", "train": ["prose.jsonl"], "held_out_fraction": 0.2, "max_epochs": 0.01}
    with pytest.raises(InputError, match=r"base-d1: corpus 'prose' would be seen .* max_epochs is 0\.01"):
        run(make_sweep(general=general), tmp_path / "runs.parquet")


def test_sweeps_that_share_a_work_folder_share_their_base(make_sweep: MakeSweep, tmp_path: Path) -> None:
    work = tmp_path / "work"
    assert run(make_sweep(), tmp_path / "one.parquet", work=work).trained == 4
    domain = {"name": "prose-again", "train": ["prose.jsonl"], "held_out_fraction": 0.2}
    assert run(make_sweep(name="two", domain=domain), tmp_path / "two.parquet", work=work).trained == 3
    one, two = (pd.read_parquet(tmp_path / name) for name in ("one.parquet", "two.parquet"))
    assert one["general_loss"].iloc[0] == two["general_loss"].iloc[0]
    assert set(two["domain"]) == {"prose-again"}
