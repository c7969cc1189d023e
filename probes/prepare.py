"""From a sweep file to jobs: its corpora tokenised and packed, its bases found."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from probes import config, corpus, jobs, models
from probes.jobs import Job, Packed
from scaling.errors import InputError

Progress = Callable[[str, float], None]


def nobody(what: str, share: float) -> None:
    """Progress that is not listened to."""


def check(sweep: config.Sweep, folder: Path) -> None:
    """InputError where a corpus file or a base is missing; nothing is written."""
    for part in (sweep.general, sweep.domain):
        corpus.check(part, folder)
    for base in sweep.bases:
        jobs.base_shape(sweep, base)


def unfold(sweep: config.Sweep, folder: Path, work: Path, progress: Progress = nobody) -> list[Job]:
    """All jobs of a sweep, its corpora packed (from the cache where they are there already).

    Args:
        progress: called with what is read or tokenised and the share of it that is done.
    """
    own: tuple[Packed, Packed] | None = None
    everything: list[Job] = []
    for base in sweep.bases:
        if base.path is None:
            own = own or _pack_for_ladder(sweep, folder, work, progress)
            pretrain = jobs.base_job(sweep, base, *own, work)
            packed = own
        else:
            pretrain, packed = None, _pack_for_model(sweep, base.path, folder, work, progress)
        everything += [pretrain] if pretrain else []
        everything += jobs.cpt_jobs(sweep, base, pretrain, *packed, work)
    return everything


def _pack_for_ladder(sweep: config.Sweep, folder: Path, work: Path, progress: Progress) -> tuple[Packed, Packed]:
    """Both corpora in a tokenizer trained on the general one."""
    report = partial(progress, f"vocabulary of {sweep.general.name}")
    tokenizer = corpus.tokenizer_for(
        sweep.general, sweep.tokenizer.vocab_size, folder, work / "tokenizers", work / "sides", report
    )
    if tokenizer.get_vocab_size() != sweep.tokenizer.vocab_size:
        raise InputError(
            f"corpus {sweep.general.name!r} is too small for a vocabulary of {sweep.tokenizer.vocab_size}: "
            f"it gives {tokenizer.get_vocab_size()}"
        )
    return _pack(sweep, tokenizer, corpus.END_ID, folder, work, progress)


def _pack_for_model(
    sweep: config.Sweep, path: str, folder: Path, work: Path, progress: Progress
) -> tuple[Packed, Packed]:
    """Both corpora in the tokenizer that a model brings along."""
    own: Any = models.load_tokenizer(path)
    end = own.eos_token_id
    if end is None or not hasattr(own, "backend_tokenizer"):
        raise InputError(f"base model {path!r}: its tokenizer needs a fast implementation and an end-of-text token")
    return _pack(sweep, own.backend_tokenizer, end, folder, work, progress)


def _pack(
    sweep: config.Sweep, tokenizer: Any, end: int, folder: Path, work: Path, progress: Progress
) -> tuple[Packed, Packed]:
    packed = []
    for part in (sweep.general, sweep.domain):
        report = partial(progress, f"tokens of {part.name}")
        blocks = corpus.pack(part, folder, tokenizer, end, sweep.context, work / "shards", work / "sides", report)
        if len(blocks.held_out) < sweep.evaluate.blocks:
            raise InputError(
                f"corpus {part.name!r} is too small for its held-out split: evaluate.blocks asks for "
                f"{sweep.evaluate.blocks} blocks of {sweep.context} tokens, it has {len(blocks.held_out)}"
            )
        packed.append(Packed.of(blocks))
    return packed[0], packed[1]
