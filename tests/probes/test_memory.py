"""An accelerator whose memory is too small, and workers that share one; stood in for, so that none is needed."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from probes import config, cost, prepare, worker
from probes.jobs import Job
from scaling.errors import InputError

MakeSweep = Callable[..., Path]


def full(*arguments: object) -> None:
    raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


def test_runs_that_do_not_fit_are_one_sentence_with_what_helps(
    make_sweep: MakeSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "perform", full)
    jobs = prepare.unfold(config.load_sweep(make_sweep()), tmp_path, tmp_path / "work")
    several = [job for job in jobs if isinstance(job, Job)]
    found = worker._perform(several, io.StringIO(), torch.device("cpu"))
    assert found["user"]
    assert "too little memory on the accelerator for 4 at once; set compute.micro_batch_tokens" in found["error"]


def test_a_plan_of_runs_that_do_not_fit_is_the_same_sentence(
    make_sweep: MakeSweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cost, "flops_per_second", full)
    with pytest.raises(InputError, match="base d1: too little memory on the accelerator"):
        cost.estimate(config.load_sweep(make_sweep()))


def test_workers_share_an_accelerator(make_sweep: MakeSweep, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost, "flops_per_second", lambda *arguments: 1e9)
    sweep = config.load_sweep(make_sweep(workers=3))
    hours = {}
    for name in ("cpu", "cuda"):
        monkeypatch.setattr(cost, "device", lambda name=name: torch.device(name))
        hours[name] = cost.estimate(sweep)[-1].hours
    assert hours["cuda"] == pytest.approx(3 * hours["cpu"])
