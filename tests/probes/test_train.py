import itertools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from probes import config, prepare, record, train
from probes.alone import Alone
from probes.compute import Compute
from probes.jobs import Job, checkpoint_steps
from probes.results import logged_rows, result_path, status
from probes.stack.members import Members
from probes.storage import read_json
from probes.train import Group
from scaling.errors import InputError

CPU = torch.device("cpu")
MakeSweep = Callable[..., Path]


def unfolded(path: Path) -> list[Job]:
    everything = prepare.unfold(config.load_sweep(path), path.parent, path.parent / "work")
    return [job for job in everything if isinstance(job, Job)]


@pytest.fixture(params=["stacked", "alone"])
def jobs(make_sweep: MakeSweep, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """The jobs of a sweep, trained by either of the two ways to train."""
    torch.set_num_threads(1)
    if request.param == "alone":
        monkeypatch.setattr(train, "obstacle", lambda model: "of another kind")
    return unfolded(make_sweep())


def perform(job: Job, report: Callable[[float], None] = lambda share: None) -> str:
    return train.perform([job], report, CPU)[0]


def result(job: Job) -> dict[str, Any]:
    return read_json(result_path(job))


def test_a_micro_batch_is_what_is_scored_at_a_time(jobs: list[Job], monkeypatch: pytest.MonkeyPatch) -> None:
    seen: set[int] = set()

    def watch(evaluate: Callable[..., Any]) -> Callable[..., Any]:
        def call(models: Any, blocks: Any, batch: int) -> Any:
            seen.add(batch)
            return evaluate(models, blocks, batch)

        return call

    for kind in (Members, Alone):
        monkeypatch.setattr(kind, "evaluate", watch(kind.evaluate))
    perform(jobs[0].model_copy(update={"compute": Compute(micro_batch=3)}))
    assert seen == {3}
    assert jobs[0].batch_blocks == 8


def test_what_a_base_is_told_apart_by_does_not_change_by_itself(make_sweep: MakeSweep) -> None:
    """Work folders hold it: other keys, and every sweep that has begun would be refused."""
    assert unfolded(make_sweep())[0].parent == {"path": None, "depth": 1, "vocab_size": 270, "context": 16, "seed": 0}


def test_checkpoints_are_dense_early_and_end_at_the_end() -> None:
    steps = checkpoint_steps(256, 12, 4)
    assert steps[0] == 4
    assert steps[-1] == 256
    assert len(steps) == 12
    gaps = [b - a for a, b in itertools.pairwise(steps)]
    assert gaps == sorted(gaps)
    assert checkpoint_steps(3, 12, 4) == [3]
    assert checkpoint_steps(128, 1, 4) == [128]


def test_a_base_learns_and_is_saved_as_a_transformers_folder(jobs: list[Job]) -> None:
    base = jobs[0]
    assert perform(base) == "finished"
    rows = result(base)["rows"]
    assert rows[-1]["general_loss"] < rows[0]["general_loss"] - 0.3
    assert (Path(base.folder) / "model" / "model.safetensors").exists()
    assert not (Path(base.folder) / "state.safetensors").exists()


def test_a_cut_run_goes_on_to_the_same_bits(jobs: list[Job], tmp_path: Path) -> None:
    base, job = jobs[0], jobs[2]
    perform(base)
    whole = job.model_copy(update={"folder": str(tmp_path / "whole")})
    again = job.model_copy(update={"folder": str(tmp_path / "again")})
    cut = job.model_copy(update={"folder": str(tmp_path / "cut")})
    for one in (whole, again):
        perform(one)

    class Cut(Exception):
        pass

    def stop(share: float) -> None:
        if share > 0.7:
            raise Cut

    with pytest.raises(Cut):
        perform(cut, stop)
    assert status(cut) is None
    before = logged_rows(cut)
    assert 1 < len(before) < len(result(whole)["rows"])
    shares: list[float] = []
    perform(cut, shares.append)
    assert len(shares) == cut.steps - before[-1]["tokens"] // 128  # it went on, it did not begin again
    assert result(whole)["rows"] == result(again)["rows"] == result(cut)["rows"]
    assert result(cut)["rows"][: len(before)] == before


def test_rows_hold_what_the_run_table_needs(jobs: list[Job]) -> None:
    base, job = jobs[0], jobs[2]
    perform(base)
    perform(job)
    rows = result(job)["rows"]
    first, last = rows[0], rows[-1]
    assert first["tokens"] == 0
    assert first["general_loss"] == pytest.approx(result(base)["rows"][-1]["general_loss"], abs=1e-6)
    assert last["tokens"] == 1536
    assert last["ratio"] == 0.5
    assert last["domain_loss"] < first["domain_loss"]
    assert all(row["general_loss_se"] > 0 for row in rows)
    assert first["general_change_se"] == first["domain_change_se"] == 0
    assert 0 < last["general_change_se"] < last["general_loss_se"]
    assert last["base_tokens"] == base.steps * 128


def test_a_run_whose_loss_is_no_number_is_marked_diverged(jobs: list[Job], monkeypatch: pytest.MonkeyPatch) -> None:
    perform(jobs[0])
    job = jobs[1]
    steps = Group.advance

    def advance(self: Group) -> list[float]:
        losses = steps(self)
        return [math.nan] if self.step >= 8 else losses

    monkeypatch.setattr(Group, "advance", advance)
    assert perform(job) == "diverged"
    assert result(job)["status"] == "diverged"
    assert all(math.isfinite(row["general_loss"]) for row in result(job)["rows"])


def test_weights_that_are_no_number_end_a_run_without_a_row(jobs: list[Job], monkeypatch: pytest.MonkeyPatch) -> None:
    perform(jobs[0])
    advance = Group.advance

    def spoil(self: Group) -> list[float]:
        losses = advance(self)
        if self.step == self.job.checkpoints[1]:
            self.models.tensors[0].data.fill_(math.nan)
        return losses

    monkeypatch.setattr(Group, "advance", spoil)
    assert perform(jobs[1]) == "diverged"
    assert len(result(jobs[1])["rows"]) == 2


def test_a_full_disk_leaves_the_last_checkpoint_whole(jobs: list[Job], monkeypatch: pytest.MonkeyPatch) -> None:
    perform(jobs[0])
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
        perform(job)
    assert len(logged_rows(job)) == 3  # base row and two checkpoints
    assert not list(Path(job.folder).glob(".*part"))
    perform(job)
    assert len(result(job)["rows"]) == len(job.checkpoints) + 1
