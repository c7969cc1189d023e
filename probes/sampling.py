"""Replay text that the base model writes itself, for those who have an open model and not its corpus.

Source of the idea: arXiv 2605.26097.
"""

import hashlib
import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedModel

from probes import models
from probes.generation import draw
from probes.jobs import SampleJob
from probes.progress import Report
from probes.results import result_path
from probes.storage import read_json_if_there, write_json
from scaling.errors import InputError
from scaling.storage import write_atomically


@dataclass(frozen=True)
class Sampling:
    """What determines the text, together with the model; on a CPU, its bits.

    `tokens` of training text, in blocks of `context` tokens; `start_id` is the end-of-text id that
    starts a block and separates its documents; `batch` blocks are drawn at a time; `held_out` blocks
    are set aside on top. A change of `batch` makes it another draw; on a GPU a larger one is faster.
    """

    tokens: int
    context: int
    start_id: int
    seed: int = 0
    temperature: float = 1.0
    top_p: float = 1.0
    batch: int = 64
    held_out: int = 0

    def __post_init__(self) -> None:
        assert min(self.tokens, self.context, self.batch) > 0 <= min(self.start_id, self.seed, self.held_out)
        assert self.temperature > 0 < self.top_p <= 1

    @property
    def blocks(self) -> int:
        """Blocks in all, the held-out ones first."""
        return self.held_out + math.ceil(self.tokens / self.context)


@dataclass(frozen=True)
class Chunk:
    """One batch: its number, its file until all are there, and which of all blocks it has."""

    number: int
    path: Path
    start: int
    stop: int

    def among(self, start: int, stop: int) -> NDArray[Any]:
        """Those of its blocks that are among start..stop of all."""
        blocks = np.load(self.path, allow_pickle=False)
        assert len(blocks) == self.stop - self.start
        return blocks[max(start - self.start, 0) : max(stop - self.start, 0)]


def perform(job: SampleJob, report: Report, device: torch.device) -> str:
    """Draw the samples of a job, from wherever it stands, and write its result, which is 'finished'."""
    folder = Path(job.folder)
    folder.mkdir(parents=True, exist_ok=True)
    model = models.open_base(job.model).to(device)
    sampling = Sampling(job.tokens, job.context, job.start_id, job.seed, held_out=job.held_out)
    sample_blocks(model, sampling, folder, report, device)
    write_json(result_path(job), {"status": "finished", "rows": []})
    return "finished"


def sample_blocks(
    model: PreTrainedModel, sampling: Sampling, folder: Path, report: Report, device: torch.device
) -> tuple[Path, Path]:
    """Draw blocks from the model and write them as `train.npy` and `held_out.npy`, each (blocks, context).

    A block is one generation that continues past end-of-text tokens. What a killed call has drawn is used
    by the next one, which gives the same bits. `notes.json` has tokens and distinct blocks of the
    training text, the seconds that all calls together drew for, temperature and top_p.

    Args:
        model: on `device`; its modes and all random states are left as they were.
        folder: for this sampling of this model alone; what is there already is taken to be of it.
        report: called with the fraction of the blocks that is drawn, up to 1.

    Returns:
        The paths of `train.npy`, which is written last, and `held_out.npy`: uint16 where the model's
        vocabulary fits, uint32 elsewhere.

    Raises:
        InputError: the model is too short for the context, has no such start token or gives logits that
            are not finite, or the disk is full.
    """
    train, held_out = folder / "train.npy", folder / "held_out.npy"
    chunks = _chunks(sampling, folder)
    if not (train.exists() and held_out.exists()):
        dtype = _checked_dtype(model, sampling)
        seconds = _draw_missing(model, sampling, chunks, dtype, report, device)
        _join(held_out, chunks, 0, sampling.held_out)
        _note(folder, sampling, _distinct(chunks, sampling), seconds)
        _join(train, chunks, sampling.held_out, sampling.blocks)
    for chunk in chunks:
        chunk.path.unlink(missing_ok=True)
    report(1.0)
    return train, held_out


def _chunks(sampling: Sampling, folder: Path) -> list[Chunk]:
    """All blocks, a batch at a time."""
    starts = range(0, sampling.blocks, sampling.batch)
    return [
        Chunk(number, folder / f"chunk-{number:05d}.npy", start, min(start + sampling.batch, sampling.blocks))
        for number, start in enumerate(starts)
    ]


def _checked_dtype(model: PreTrainedModel, sampling: Sampling) -> Any:
    """The smallest unsigned type for every id; InputError where the model cannot do what is asked."""
    config = model.config.get_text_config()
    limit = getattr(config, "max_position_embeddings", None)
    if limit and sampling.context > limit:
        raise InputError(f"context {sampling.context} is longer than the base model's {limit} positions; lower context")
    if sampling.start_id >= config.vocab_size:
        raise InputError(
            f"the end-of-text id {sampling.start_id} is not among the base model's {config.vocab_size}; use its own tokenizer"
        )
    return np.dtype(np.uint16 if config.vocab_size <= 2**16 else np.uint32)


def _draw_missing(
    model: PreTrainedModel,
    sampling: Sampling,
    chunks: list[Chunk],
    dtype: Any,
    report: Report,
    device: torch.device,
) -> float:
    """Write the chunks that are not there; the seconds that it took, with those of calls before."""
    notes = chunks[0].path.with_name("notes.json")
    seconds = float((read_json_if_there(notes) or {"seconds": 0.0})["seconds"])
    for chunk in chunks:
        if not chunk.path.exists():
            started = time.monotonic()
            ids = _draw(model, sampling, chunk, device).astype(dtype)
            _write(chunk.path, ids.shape, dtype, [ids])
            seconds += time.monotonic() - started
            write_json(notes, {"seconds": seconds})
        report(chunk.stop / sampling.blocks)
    return seconds


def _draw(model: PreTrainedModel, sampling: Sampling, chunk: Chunk, device: torch.device) -> NDArray[np.int64]:
    """The ids of a chunk, (blocks, context); its luck depends on the seed and its number, and not on the device."""
    random = np.random.default_rng([sampling.seed, chunk.number])
    uniform = torch.from_numpy(random.random((chunk.stop - chunk.start, sampling.context - 1))).to(device)
    return draw(model, uniform, sampling.start_id, sampling.temperature, sampling.top_p).cpu().numpy()


def _pieces(chunks: list[Chunk], start: int, stop: int) -> Iterator[NDArray[Any]]:
    """The blocks start..stop of all, a chunk at a time."""
    return (chunk.among(start, stop) for chunk in chunks if chunk.start < stop and chunk.stop > start)


def _join(path: Path, chunks: list[Chunk], start: int, stop: int) -> None:
    """Write the blocks start..stop of all as one array."""
    like = chunks[0].among(0, 1)
    _write(path, (stop - start, like.shape[1]), like.dtype, _pieces(chunks, start, stop))


def _write(path: Path, shape: tuple[int, ...], dtype: Any, pieces: Iterable[NDArray[Any]]) -> None:
    """Write an array that comes in pieces, atomically."""
    header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}

    def write(temporary: Path) -> None:
        with temporary.open("wb") as handle:
            np.lib.format.write_array_header_1_0(handle, header)
            for piece in pieces:
                handle.write(piece.tobytes())

    write_atomically(path, write)


def _distinct(chunks: list[Chunk], sampling: Sampling) -> int:
    """How many of the training blocks differ; a model in a loop repeats itself."""
    pieces = _pieces(chunks, sampling.held_out, sampling.blocks)
    return len({hashlib.blake2b(block.tobytes(), digest_size=16).digest() for piece in pieces for block in piece})


def _note(folder: Path, sampling: Sampling, distinct: int, seconds: float) -> None:
    """Write what a user may want to know of the text."""
    notes = {
        "tokens": (sampling.blocks - sampling.held_out) * sampling.context,
        "unique_blocks": distinct,
        "seconds": seconds,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
    }
    write_json(folder / "notes.json", notes)
