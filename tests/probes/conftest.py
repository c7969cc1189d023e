"""A sweep small enough to be trained in a test: two made-up languages, models of a few thousand parameters."""

import hashlib
import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import huggingface_hub
import numpy as np
import pytest
import torch
import yaml

from probes.sweep import run, work_folder


def write_corpus(path: Path, words: list[str], documents: int, seed: int) -> None:
    """A JSONL of random sentences over `words`."""
    rng = np.random.default_rng(seed)
    lines = [json.dumps({"text": " ".join(rng.choice(words, 60))}) for _ in range(documents)]
    path.write_text("\n".join(lines), encoding="utf-8")


def toy_sweep() -> dict[str, Any]:
    return {
        "name": "toy",
        "general": {"name": "prose", "train": ["prose.jsonl"], "held_out_fraction": 0.2},
        "domain": {"name": "code", "train": ["code.jsonl"], "held_out_fraction": 0.2},
        "tokenizer": {"vocab_size": 270},
        "context": 16,
        "bases": [{"depth": 1}],
        "pretrain": {"tokens_per_param": 0.3, "batch_tokens": 128},
        "cpt": {"tokens": 1536, "batch_tokens": 128, "ratios": [0, 0.5, 1], "checkpoints": 4},
        "evaluate": {"blocks": 8},
        "workers": 1,
    }


def write_sweep(folder: Path, **changes: Any) -> Path:
    """Write corpora and a sweep file with the given sections changed; returns the file's path."""
    write_corpus(folder / "prose.jsonl", ["the", "cat", "sat", "on", "a", "mat", "while", "rain"], 40, 1)
    write_corpus(folder / "code.jsonl", ["def", "return", "x", "=", "(", ")", "self", "import"], 40, 2)
    path = folder / "sweep.yaml"
    path.write_text(yaml.safe_dump({**toy_sweep(), **changes}), encoding="utf-8")
    return path


@pytest.fixture
def sweep_content() -> dict[str, Any]:
    return toy_sweep()


@pytest.fixture
def stacking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs are put into groups as on a GPU; they are trained on whatever there is."""
    monkeypatch.setattr("probes.pool.device", lambda: torch.device("cuda"))


@pytest.fixture
def own_base(finished: tuple[Path, Path], tmp_path: Path) -> Path:
    """The base of a finished sweep with its tokenizer, in a folder of its own."""
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    work, model = work_folder(finished[1]), tmp_path / "own-base"
    (work / "bases" / "d1" / "model").rename(model)
    own = next((work / "tokenizers").glob("*.json"))
    PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_file(str(own)), eos_token="<|end|>").save_pretrained(model)
    return model


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path, str], str]:
    """A hub's cache on disk without the hub: publish a model's folder as `team/base` on a branch; returns its commit."""
    cache = tmp_path / "hub"
    cache.mkdir()
    assert huggingface_hub.constants.HF_HUB_OFFLINE, "a test would wait for a hub that it must not ask"
    monkeypatch.setenv("HF_HUB_CACHE", str(cache))  # for workers
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))

    def publish(folder: Path, branch: str) -> str:
        commit = hashlib.sha1((folder / "model.safetensors").read_bytes()).hexdigest()
        shutil.copytree(folder, cache / "models--team--base" / "snapshots" / commit)
        refs = cache / "models--team--base" / "refs"
        refs.mkdir(exist_ok=True)
        (refs / branch).write_text(commit)
        return commit

    return publish


@pytest.fixture
def make_sweep(tmp_path: Path) -> Callable[..., Path]:
    return partial(write_sweep, tmp_path)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a toy sweep that was trained once, for all tests: sweep.yaml and runs.parquet."""
    folder = tmp_path_factory.mktemp("trained")
    summary = run(write_sweep(folder), folder / "runs.parquet")
    assert (summary.trained, summary.skipped, summary.diverged) == (4, 0, [])
    return folder


@pytest.fixture
def finished(trained: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A copy of the trained sweep that a test may change: its file and its run table."""
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    return tmp_path / "sweep.yaml", tmp_path / "runs.parquet"
