from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from probes import config, cost
from scaling.errors import InputError

MakeSweep = Callable[..., Path]


def test_runs_that_do_not_fit_into_memory_are_one_sentence(
    make_sweep: MakeSweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise torch.cuda.OutOfMemoryError

    monkeypatch.setattr(cost, "flops_per_second", full)
    with pytest.raises(InputError, match="base d1: too little memory on the accelerator; set compute"):
        cost.estimate(config.load_sweep(make_sweep()))


def test_workers_share_an_accelerator(make_sweep: MakeSweep, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost, "flops_per_second", lambda *arguments: 1e9)
    sweep = config.load_sweep(make_sweep(workers=3))
    hours = {}
    for name in ("cpu", "cuda"):
        monkeypatch.setattr(cost, "device", lambda name=name: torch.device(name))
        hours[name] = cost.estimate(sweep)[-1].hours
    assert hours["cuda"] == pytest.approx(3 * hours["cpu"])
