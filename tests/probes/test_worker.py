import io
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from probes import config, prepare, worker
from probes.jobs import AnyJob, Job

CPU = torch.device("cpu")


def full(*arguments: object) -> None:
    """What training does on an accelerator whose memory runs out."""
    raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


@pytest.fixture
def jobs(make_sweep: Callable[..., Path], tmp_path: Path) -> list[AnyJob]:
    return prepare.unfold(config.load_sweep(make_sweep()), tmp_path, tmp_path / "work")


@pytest.mark.parametrize(
    ("count", "helps"),
    [
        (1, "; set compute.micro_batch_tokens or compute.activation_checkpointing"),
        (3, "; set compute.micro_batch_tokens or compute.activation_checkpointing or together below 3"),
    ],
)
def test_runs_that_do_not_fit_are_one_sentence_with_what_helps(
    jobs: list[AnyJob], count: int, helps: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "perform", full)
    several = [job for job in jobs if isinstance(job, Job) and job.kind == "cpt"][:count]
    found = worker._perform([*several], io.StringIO(), CPU)
    assert found == {"error": f"{several[0].name}: too little memory on the accelerator{helps}", "user": True}


def test_an_error_of_ours_is_told_with_its_job_and_is_not_the_users(
    jobs: list[AnyJob], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(worker, "perform", fail)
    assert worker._perform(jobs[:1], io.StringIO(), CPU) == {
        "error": "base-d1: ZeroDivisionError: by zero",
        "user": False,
    }
