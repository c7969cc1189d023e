import errno
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray
from transformers import LlamaForCausalLM

from probes import config, models, prepare, sampling
from probes.jobs import Job, SampleJob
from probes.progress import nobody
from probes.sampling import Sampling, sample_blocks
from probes.sweep import run, work_folder
from scaling import storage
from scaling.errors import InputError

CPU = torch.device("cpu")
MakeSweep = Callable[..., Path]


@pytest.fixture
def model() -> LlamaForCausalLM:
    return models.build(models.ladder_config(1, 280, 16), 0)


def plan(**changes: Any) -> Sampling:
    return Sampling(**{"tokens": 150, "context": 16, "start_id": 3, "batch": 4, "held_out": 3, **changes})


def sample(model: LlamaForCausalLM, folder: Path, **changes: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    train, held_out = sample_blocks(model, plan(**changes), folder, nobody, CPU)
    assert (train, held_out) == (folder / "train.npy", folder / "held_out.npy")
    return np.load(train), np.load(held_out)


def test_shapes_type_and_notes(model: LlamaForCausalLM, tmp_path: Path) -> None:
    train, held_out = sample(model, tmp_path)
    assert train.shape == (10, 16)  # 150 tokens begin a tenth block
    assert held_out.shape == (3, 16)
    assert train.dtype == held_out.dtype == np.uint16
    assert (train[:, 0] == 3).all()
    assert (held_out[:, 0] == 3).all()
    assert {path.name for path in tmp_path.iterdir()} == {"train.npy", "held_out.npy", "notes.json"}
    notes = json.loads((tmp_path / "notes.json").read_text())
    assert notes.pop("seconds") > 0
    assert notes == {"tokens": 160, "unique_blocks": 10, "temperature": 1.0, "top_p": 1.0}


def test_a_large_vocabulary_takes_four_bytes(tmp_path: Path) -> None:
    train, held_out = sample(models.build(models.ladder_config(1, 2**16 + 1, 4), 0), tmp_path, context=4, tokens=8)
    assert train.dtype == held_out.dtype == np.uint32
    assert held_out.max() < 2**16 + 1


def test_the_seed_tells_draws_apart(model: LlamaForCausalLM, tmp_path: Path) -> None:
    first, again, other = (sample(model, tmp_path / str(i), seed=seed)[0] for i, seed in enumerate((1, 1, 2)))
    assert np.array_equal(first, again)
    assert (first != other).mean() > 0.8
    assert len(np.unique(first, axis=0)) == len(first)  # nor do chunks share their luck


def test_held_out_blocks_are_apart_from_training(model: LlamaForCausalLM, tmp_path: Path) -> None:
    whole, none = sample(model, tmp_path / "whole", held_out=0, tokens=16 * 13)
    assert none.shape == (0, 16)
    for held_out in (3, 4, 9):  # inside, at the end of, and over two chunks
        train, aside = sample(model, tmp_path / str(held_out), held_out=held_out, tokens=16 * (13 - held_out))
        assert np.array_equal(np.concatenate([aside, train]), whole)


class Stop(Exception):
    """A kill."""


def stop_at(share: float) -> Any:
    def report(done: float) -> None:
        if done >= share:
            raise Stop

    return report


def test_a_cut_sampling_goes_on(model: LlamaForCausalLM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = sample(model, tmp_path / "whole")
    folder = tmp_path / "cut"
    with pytest.raises(Stop):
        sample_blocks(model, plan(), folder, stop_at(0.5), CPU)
    names = {path.name for path in folder.iterdir()}
    assert names == {"chunk-00000.npy", "chunk-00001.npy", "notes.json"}
    drawn: list[int] = []
    draw = sampling._draw
    monkeypatch.setattr(sampling, "_draw", lambda *args: drawn.append(args[2].number) or draw(*args))
    before = json.loads((folder / "notes.json").read_text())["seconds"]
    shares: list[float] = []
    sample_blocks(model, plan(), folder, shares.append, CPU)
    assert drawn == [2, 3]
    assert shares == [4 / 13, 8 / 13, 12 / 13, 1, 1]
    assert json.loads((folder / "notes.json").read_text())["seconds"] > before
    for name, array in zip(("train", "held_out"), whole, strict=True):
        assert np.array_equal(np.load(folder / f"{name}.npy"), array)
    assert not list(folder.glob("chunk-*"))


def test_a_cut_between_the_arrays_goes_on(
    model: LlamaForCausalLM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _ = sample(model, tmp_path / "whole")
    join = sampling._join

    def cut(path: Path, *args: Any) -> None:
        if path.name == "train.npy":
            raise Stop
        join(path, *args)

    monkeypatch.setattr(sampling, "_join", cut)
    with pytest.raises(Stop):
        sample(model, tmp_path / "cut")
    assert (tmp_path / "cut" / "held_out.npy").exists()
    monkeypatch.undo()
    assert np.array_equal(sample(model, tmp_path / "cut")[0], whole)


def test_a_finished_sampling_is_not_drawn_again(model: LlamaForCausalLM, tmp_path: Path) -> None:
    first, _ = sample(model, tmp_path)
    (tmp_path / "chunk-00001.npy").write_bytes(b"left by a kill")
    again, _ = sample(None, tmp_path)  # type: ignore[arg-type]  # no model is needed
    assert np.array_equal(first, again)
    assert not list(tmp_path.glob("chunk-*"))


def test_repeated_blocks_are_counted_once(model: LlamaForCausalLM, tmp_path: Path) -> None:
    train, _ = sample(model, tmp_path, temperature=1e-6)  # as good as always the likeliest
    assert (train == train[0]).all()
    assert json.loads((tmp_path / "notes.json").read_text())["unique_blocks"] == 1


def test_random_states_and_modes_are_left_alone(model: LlamaForCausalLM, tmp_path: Path) -> None:
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    model.train()
    sample(model, tmp_path)
    assert model.training
    assert not model.config.use_cache
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002


@pytest.mark.parametrize(("changes", "message"), [({"context": 17}, "longer than"), ({"start_id": 280}, "not among")])
def test_what_the_model_cannot_do_is_told(
    model: LlamaForCausalLM, tmp_path: Path, changes: dict[str, int], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        sample(model, tmp_path, **changes)
    assert not list(tmp_path.iterdir())


def test_a_diverged_base_is_told(model: LlamaForCausalLM, tmp_path: Path) -> None:
    torch.nn.init.constant_(model.model.norm.weight, torch.nan)
    with pytest.raises(InputError, match="not finite"):
        sample(model, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_told(model: LlamaForCausalLM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(storage, "_flush", full)
    with pytest.raises(InputError, match="no space"):
        sample(model, tmp_path)
    assert not list(tmp_path.iterdir())


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
    assert isinstance(sample, SampleJob)
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
