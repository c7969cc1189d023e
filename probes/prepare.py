"""From a sweep file to jobs: its corpora tokenised and packed, its bases found."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from probes import config, corpus, jobs, trackers
from probes.bases import Pretrained
from probes.jobs import AnyJob, Job, Packed
from scaling.errors import InputError

Preparing = Callable[[str, float], None]
Vocabulary = tuple[Any, int]  # a tokenizer and the id of its end of text


def nobody(what: str, fraction: float) -> None:
    """A listener that does nothing."""


def check(sweep: config.Sweep, folder: Path) -> None:
    """InputError for all that can be known to be wrong before whole corpora are read; nothing is written."""
    check_corpora(sweep, folder)
    check_bases(sweep)


def check_corpora(sweep: config.Sweep, folder: Path) -> None:
    """InputError where a corpus file is missing, or its beginning shows that it cannot be read as the sweep says."""
    texts = [text for text in (sweep.general, sweep.domain) if text.has_text]
    corpus.require(texts, folder)
    for text in texts:
        corpus.check(text, folder)


def check_bases(sweep: config.Sweep) -> None:
    """InputError where a tracker or a base is missing, or a base cannot be trained as the sweep says."""
    for name in sweep.trackers:
        trackers.check(name)
    for base in sweep.bases:
        if base.revision and Path(str(base.path)).is_dir():
            raise InputError(
                f"base model {base.path!r}: revision is for a hub name, but this is a folder; remove revision"
            )
        if base.path is not None:
            _check_pretrained(sweep, jobs.pretrained(base))


def _check_pretrained(sweep: config.Sweep, origin: Pretrained) -> None:
    if _outside(origin.path):
        raise InputError(f"base model {origin.path!r}: no such folder; build or download it first")
    from probes import models  # transformers' models, which a plan of the ladder does without

    positions = getattr(models.shape(origin).config, "max_position_embeddings", None)
    if positions and sweep.context > positions:
        raise InputError(
            f"base model {origin.path!r}: context {sweep.context} is longer than its {positions} positions; lower context"
        )
    models.require_weights(origin)
    _own_vocabulary(origin)


def unfold(sweep: config.Sweep, folder: Path, work: Path, preparing: Preparing = nobody) -> list[AnyJob]:
    """All jobs of a sweep, each after the one that it needs, its corpora packed (from the cache where they are there).

    Args:
        preparing: called with what is read or tokenised and the fraction of it that is done.
    """
    ladder: Vocabulary | None = None
    everything: list[AnyJob] = []
    for base in sweep.bases:
        if base.path is None:
            own = ladder = ladder or _ladder_vocabulary(sweep, folder, work, preparing)
        else:
            # all of it, the tokenizer too, is read at one commit
            base = _pinned(base)
            own = _own_vocabulary(jobs.pretrained(base))
        general = _pack(sweep, sweep.general, own, folder, work, preparing) if sweep.general.has_text else None
        domain = _pack(sweep, sweep.domain, own, folder, work, preparing)
        everything += _base_jobs(sweep, base, general, domain, own[1], work)
    for job in everything:
        _check_epochs(sweep, job)
    return everything


def _base_jobs(
    sweep: config.Sweep, base: config.Base, general: Packed | None, domain: Packed, end: int, work: Path
) -> list[AnyJob]:
    """The jobs of one base: its pre-training, the sampling of its replay, its CPT runs."""
    pretrain = jobs.base_job(sweep, base, general, work) if general else None
    first: list[AnyJob] = [pretrain] if pretrain else []
    if sweep.general.sample_from_base:
        sample, general = jobs.sample_job(sweep, base, pretrain, general, end, work)
        first.append(sample)
    assert general  # the sweep file is checked for it
    needs = first[-1].name if first else None
    return [*first, *jobs.cpt_jobs(sweep, base, pretrain, general, domain, work, needs)]


def _ladder_vocabulary(sweep: config.Sweep, folder: Path, work: Path, preparing: Preparing) -> Vocabulary:
    """A tokenizer trained on the general corpus."""
    report = partial(preparing, f"vocabulary of {sweep.general.name}")
    tokenizer = corpus.tokenizer_for(
        sweep.general, sweep.tokenizer.vocab_size, folder, work / "tokenizers", work / "sides", report
    )
    if tokenizer.get_vocab_size() != sweep.tokenizer.vocab_size:
        raise InputError(
            f"corpus {sweep.general.name!r} is too small for a vocabulary of {sweep.tokenizer.vocab_size}: "
            f"it gives {tokenizer.get_vocab_size()}; lower tokenizer.vocab_size or name more text"
        )
    return tokenizer, corpus.END_ID


def _outside(path: str) -> bool:
    """Whether it is neither a folder nor a name that a hub may have."""
    return not Path(path).is_dir() and (path.startswith((".", "/", "~")) or path.count("/") > 1)


def _pinned(base: config.Base) -> config.Base:
    from probes import models

    return base.model_copy(update={"revision": models.commit(jobs.pretrained(base))})


def _own_vocabulary(origin: Pretrained) -> Vocabulary:
    """The tokenizer that a model brings along."""
    from probes import models

    own: Any = models.load_tokenizer(origin)
    end = own.eos_token_id
    if end is None or not hasattr(own, "backend_tokenizer"):
        raise InputError(
            f"base model {origin.path!r}: its tokenizer needs a fast implementation and an end-of-text token; save it with both"
        )
    # Without files transformers 5.23 makes one up that gives every text no token, or the unknown one (findings/).
    one, other = (own.backend_tokenizer.encode(text, add_special_tokens=False).ids for text in ("one text", "another"))
    if one == other:
        raise models.no_tokenizer(origin.path)
    vocabulary = models.shape(origin).config.vocab_size
    if (size := own.backend_tokenizer.get_vocab_size()) > vocabulary:
        raise InputError(
            f"base model {origin.path!r}: its tokenizer has {size} entries, but its embedding {vocabulary}; use its own tokenizer"
        )
    return own.backend_tokenizer, end


def _pack(
    sweep: config.Sweep, text: config.Corpus, own: Vocabulary, folder: Path, work: Path, preparing: Preparing
) -> Packed:
    report = partial(preparing, f"tokens of {text.name}")
    blocks = corpus.pack(text, folder, *own, sweep.context, work / "shards", work / "sides", report)
    if len(blocks.held_out) < sweep.evaluate.blocks:
        raise _too_small(sweep, text, len(blocks.held_out), corpus.decided(text, folder, work / "sides"))
    return Packed.of(blocks)


def _too_small(sweep: config.Sweep, text: config.Corpus, blocks: int, found: corpus.Sides) -> InputError:
    """The source with the fewest held-out documents for its share is what the others wait for."""
    held = found.count(corpus.HELD_OUT)
    short = min(range(len(held)), key=lambda number: held[number] / text.shares[number])
    what = (
        f" is too small for its held-out split: evaluate.blocks asks for {sweep.evaluate.blocks} blocks of "
        f"{sweep.context} tokens, it has {blocks}"
    )
    return corpus.too_little(text, short, found, what)


def _check_epochs(sweep: config.Sweep, job: AnyJob) -> None:
    """InputError where a run would see a corpus more often than that corpus allows."""
    limits = (sweep.general.max_epochs, sweep.domain.max_epochs)
    if not isinstance(job, Job) or not any(limits):
        return
    for text, limit, times in zip(job.corpora, limits, _epochs(sweep, job), strict=False):
        if limit and times > limit + 1e-9:
            raise InputError(
                f"{job.name}: corpus {text.name!r} would be seen {times:.1f} times, but its max_epochs is {limit:g}; "
                "name more text or train on fewer tokens"
            )


def _epochs(sweep: config.Sweep, job: Job) -> Sequence[float]:
    """How often a run sees the general and the domain corpus; a base that is pre-trained sees the first alone."""
    blocks = job.steps * job.batch_blocks
    if not job.domain:
        return [blocks / len(corpus.open_blocks(job.general.files[0]))]
    sampled = sweep.general.sample_from_base
    general = -(-sampled // job.context) if sampled else len(corpus.open_blocks(job.general.files[0]))
    return jobs.mixture(job, general, len(corpus.open_blocks(job.domain.files[0]))).epochs(blocks)
