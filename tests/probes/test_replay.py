"""Sweeps whose replay is sampled from their bases."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from probes import config, prepare
from probes.jobs import Job, Sample
from probes.sweep import run, work_folder
from scaling.errors import InputError

MakeSweep = Callable[..., Path]


def test_replay_is_drawn_from_the_base_and_scored_on_text(
    make_sweep: MakeSweep, tmp_path: Path, sweep_content: dict[str, Any]
) -> None:
    path = make_sweep(general={**sweep_content["general"], "sample_from_base": 2000})
    out = tmp_path / "runs.parquet"
    summary = run(path, out)
    assert (summary.trained, summary.diverged) == (5, []), "the base, its samples, three runs"
    jobs = prepare.unfold(config.load_sweep(path), tmp_path, work_folder(out))
    base, sample, *runs = jobs
    assert isinstance(base, Job)
    assert isinstance(sample, Sample)
    blocks = np.load(Path(sample.folder) / "train.npy")
    assert blocks.shape == (125, 16)
    for job in runs:
        assert isinstance(job, Job)
        assert job.needs == sample.name
        assert job.general.files[0] == str(Path(sample.folder) / "train.npy")
        assert job.general.files[1] == base.general.files[1], "held-out text is the corpus's"
    table = pd.read_parquet(out)
    assert table["general_epochs"].max() == pytest.approx(1536 / 2000, rel=0.01)
    assert run(path, out).trained == 0


def test_without_any_text_samples_are_held_out(own_base: Path, make_sweep: MakeSweep, tmp_path: Path) -> None:
    bases = [{"path": str(own_base), "learning_rate": 1e-3}]
    sampled = tmp_path / "sampled.parquet"
    path = make_sweep(general={"sample_from_base": 1600}, bases=bases)
    assert run(path, sampled).trained == 4
    folder = work_folder(sampled) / "samples" / "own-base"
    assert (np.load(folder / "train.npy").shape, np.load(folder / "held_out.npy").shape) == ((100, 16), (8, 16))
    table = pd.read_parquet(sampled)
    assert set(table["general"]) == {"sampled"}
    with pytest.raises(InputError, match="corpus 'sampled' would be seen"):
        run(make_sweep(general={"sample_from_base": 160, "max_epochs": 1}, bases=bases), tmp_path / "other.parquet")


def test_other_samples_under_the_same_work_folder_are_refused(
    make_sweep: MakeSweep, tmp_path: Path, sweep_content: dict[str, Any]
) -> None:
    general = sweep_content["general"]
    out = tmp_path / "runs.parquet"
    run(make_sweep(general={**general, "sample_from_base": 800}), out)
    with pytest.raises(InputError, match="samples/d1: was started with another tokens"):
        run(make_sweep(general={**general, "sample_from_base": 1600}), out)
