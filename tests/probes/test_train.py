import itertools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from probes import config, prepare, record
from probes.jobs import Job, checkpoint_steps
from probes.results import logged_rows, result_path, status
from probes.storage import read_json
from probes.train import Trainer, perform
from scaling.errors import InputError

CPU = torch.device("cpu")
MakeSweep = Callable[..., Path]


@pytest.fixture
def jobs(make_sweep: MakeSweep, tmp_path: Path) -> list[Job]:
    torch.set_num_threads(1)
    path = make_sweep()
    return prepare.unfold(config.load_sweep(path), tmp_path, tmp_path / "work")


def result(job: Job) -> dict[str, Any]:
    return read_json(result_path(job))


def nothing(share: float) -> None:
    """A report that is not listened to."""


def test_checkpoints_are_dense_early_and_end_at_the_end() -> None:
    steps = checkpoint_steps(256, 12, 4)
    assert steps[0] == 4
    assert steps[-1] == 256
    assert len(steps) == 12
    gaps = [b - a for a, b in itertools.pairwise(steps)]
    assert gaps == sorted(gaps)
    assert checkpoint_steps(3, 12, 4) == [3]


def test_a_base_learns_and_is_saved_as_a_transformers_folder(jobs: list[Job]) -> None:
    base = jobs[0]
    assert perform(base, nothing, CPU) == "finished"
    rows = result(base)["rows"]
    assert rows[-1]["general_loss"] < rows[0]["general_loss"] - 0.3
    assert (Path(base.folder) / "model" / "model.safetensors").exists()
    assert not (Path(base.folder) / "state.safetensors").exists()


def test_a_cut_run_goes_on_to_the_same_bits(jobs: list[Job], tmp_path: Path) -> None:
    base, job = jobs[0], jobs[2]
    perform(base, nothing, CPU)
    whole = job.model_copy(update={"folder": str(tmp_path / "whole")})
    again = job.model_copy(update={"folder": str(tmp_path / "again")})
    cut = job.model_copy(update={"folder": str(tmp_path / "cut")})
    for one in (whole, again):
        perform(one, nothing, CPU)

    class Cut(Exception):
        pass

    def stop(share: float) -> None:
        if share > 0.7:
            raise Cut

    with pytest.raises(Cut):
        perform(cut, stop, CPU)
    assert status(cut) is None
    before = logged_rows(cut)
    assert 1 < len(before) < len(result(whole)["rows"])
    shares: list[float] = []
    perform(cut, shares.append, CPU)
    assert len(shares) == cut.steps - before[-1]["tokens"] // 128  # it went on, it did not begin again
    assert result(whole)["rows"] == result(again)["rows"] == result(cut)["rows"]
    assert result(cut)["rows"][: len(before)] == before


def test_rows_hold_what_the_run_table_needs(jobs: list[Job]) -> None:
    base, job = jobs[0], jobs[2]
    perform(base, nothing, CPU)
    perform(job, nothing, CPU)
    rows = result(job)["rows"]
    first, last = rows[0], rows[-1]
    assert first["tokens"] == 0
    assert first["general_loss"] == pytest.approx(result(base)["rows"][-1]["general_loss"], abs=1e-6)
    assert last["tokens"] == 1536
    assert last["ratio"] == 0.5
    assert last["domain_loss"] < first["domain_loss"]
    assert all(row["general_loss_se"] > 0 for row in rows)
    assert last["base_tokens"] == base.steps * 128


def test_a_run_whose_loss_is_no_number_is_marked_diverged(jobs: list[Job], monkeypatch: pytest.MonkeyPatch) -> None:
    perform(jobs[0], nothing, CPU)
    job = jobs[1]
    steps = Trainer.advance

    def advance(self: Trainer) -> float:
        loss = steps(self)
        return math.nan if self.step >= 8 else loss

    monkeypatch.setattr(Trainer, "advance", advance)
    assert perform(job, nothing, CPU) == "diverged"
    assert result(job)["status"] == "diverged"
    assert all(math.isfinite(row["general_loss"]) for row in result(job)["rows"])


def test_weights_that_are_no_number_end_a_run_without_a_row(jobs: list[Job], monkeypatch: pytest.MonkeyPatch) -> None:
    perform(jobs[0], nothing, CPU)
    advance = Trainer.advance

    def spoil(self: Trainer) -> float:
        loss = advance(self)
        if self.step == self.job.checkpoints[1]:
            next(iter(self.model.parameters())).data.fill_(math.nan)
        return loss

    monkeypatch.setattr(Trainer, "advance", spoil)
    assert perform(jobs[1], nothing, CPU) == "diverged"
    assert len(result(jobs[1])["rows"]) == 2


def test_a_full_disk_leaves_the_last_checkpoint_whole(jobs: list[Job], monkeypatch: pytest.MonkeyPatch) -> None:
    perform(jobs[0], nothing, CPU)
    job, saves = jobs[1], []
    save = record.save_file

    def full(tensors: object, path: Path, metadata: dict[str, str]) -> None:
        saves.append(path)
        if len(saves) == 3:
            Path(path).write_bytes(b"half")
            raise OSError(28, "No space left on device", str(path))
        save(tensors, path, metadata=metadata)

    monkeypatch.setattr(record, "save_file", full)
    with pytest.raises(InputError, match="no space is left"):
        perform(job, nothing, CPU)
    assert len(logged_rows(job)) == 3  # base row and two checkpoints
    assert not list(Path(job.folder).glob(".*part"))
    perform(job, nothing, CPU)
    assert len(result(job)["rows"]) == len(job.checkpoints) + 1
