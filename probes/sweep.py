"""A whole sweep: prepare the corpora, train what is missing, write the run table."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from probes import config, corpus, jobs, models, pool
from probes.jobs import Job, Packed
from probes.storage import read_json, require_space, write_atomically, write_json
from probes.train import finished, logged_rows, result
from scaling.errors import InputError
from scaling.runs import validate

WRITERS: dict[str, Callable[[pd.DataFrame, Path], object]] = {
    ".parquet": lambda frame, path: frame.to_parquet(path, index=False),
    ".csv": lambda frame, path: frame.to_csv(path, index=False),
    ".jsonl": lambda frame, path: frame.to_json(path, orient="records", lines=True, double_precision=15),
}


@dataclass(frozen=True)
class Summary:
    """What `run` did: jobs `trained` now and `skipped` since they were there, `diverged` ones, soft `warnings`."""

    trained: int
    skipped: int
    diverged: list[str]
    rows: int
    warnings: list[str]


class Listener:
    """Hears of a sweep's progress; does nothing. The command line has one that draws bars."""

    def start(self, todo: list[Job], all_jobs: list[Job]) -> None:
        """Called once, before training."""

    def progress(self, job: Job, share: float) -> None:
        """A job has come to `share` (0..1) of its end."""

    def done(self, job: Job, status: str) -> None:
        """A job is over."""


def work_folder(out: Path) -> Path:
    """Where a sweep keeps its shards, bases and runs: beside its run table."""
    return out.with_name(out.name + ".work")


def run(sweep_file: Path, out: Path, listener: Listener | None = None) -> Summary:
    """Train what is missing of a sweep and write its run table after every finished run.

    Args:
        sweep_file: YAML, see `probes.config.Sweep`.
        out: the run table: .parquet, .csv or .jsonl.

    Raises:
        InputError: one sentence; nothing half-written is left behind.
    """
    listener = listener or Listener()
    sweep = config.load_sweep(sweep_file)
    if out.suffix not in WRITERS:
        raise InputError(f"{out}: a run table is one of {', '.join(WRITERS)}")
    work = work_folder(out)
    with _only_one(work):
        everything = unfold(sweep, sweep_file.parent, work)
        todo = [job for job in everything if not finished(job)]
        require_space(work, _space(todo, sweep))
        _claim(everything)
        listener.start(todo, everything)

        def done(job: Job, status: str) -> None:
            write_table(everything, out)
            listener.done(job, status)

        try:
            pool.train_all(
                todo, {job.name for job in everything if finished(job)},
                sweep.workers, sweep.threads, listener.progress, done,
            )  # fmt: skip
        except pool.JobFailed as error:
            write_table(everything, out)
            if error.user:
                raise InputError(str(error)) from error
            raise
        rows = write_table(everything, out)
    diverged = [job.name for job in everything if finished(job) and result(job)["status"] == "diverged"]
    return Summary(len(todo), len(everything) - len(todo), diverged, rows, repetition(everything))


def unfold(sweep: config.Sweep, folder: Path, work: Path) -> list[Job]:
    """All jobs of a sweep, its corpora packed (from the cache where they are there already)."""
    own: tuple[Packed, Packed] | None = None
    everything: list[Job] = []
    for base in sweep.bases:
        if base.path is None:
            own = own or _pack_for_ladder(sweep, folder, work)
            pretrain = jobs.base_job(sweep, base, *own, work)
            packed = own
        else:
            pretrain, packed = None, _pack_for_model(sweep, base.path, folder, work)
        everything += [pretrain] if pretrain else []
        everything += jobs.cpt_jobs(sweep, base, pretrain, *packed, work)
    return everything


def _pack_for_ladder(sweep: config.Sweep, folder: Path, work: Path) -> tuple[Packed, Packed]:
    """Both corpora in a tokenizer trained on the general one."""
    tokenizer = corpus.tokenizer_for(sweep.general, sweep.tokenizer.vocab_size, folder, work / "tokenizers")
    if tokenizer.get_vocab_size() != sweep.tokenizer.vocab_size:
        raise InputError(
            f"corpus {sweep.general.name!r} is too small for a vocabulary of {sweep.tokenizer.vocab_size}: "
            f"it gives {tokenizer.get_vocab_size()}"
        )
    return _pack(sweep, tokenizer, corpus.END_ID, folder, work)


def _pack_for_model(sweep: config.Sweep, path: str, folder: Path, work: Path) -> tuple[Packed, Packed]:
    """Both corpora in the tokenizer that a model brings along."""
    own: Any = models.load_tokenizer(path)
    end = own.eos_token_id
    if end is None or not hasattr(own, "backend_tokenizer"):
        raise InputError(f"base model {path!r}: its tokenizer needs a fast implementation and an end-of-text token")
    return _pack(sweep, own.backend_tokenizer, end, folder, work)


def _pack(sweep: config.Sweep, tokenizer: Any, end: int, folder: Path, work: Path) -> tuple[Packed, Packed]:
    packed = []
    for part in (sweep.general, sweep.domain):
        blocks = corpus.pack(part, folder, tokenizer, end, sweep.context, work / "shards")
        if len(blocks.held_out) < sweep.evaluate.blocks:
            raise InputError(
                f"corpus {part.name!r} is too small for its held-out split: evaluate.blocks asks for "
                f"{sweep.evaluate.blocks} blocks of {sweep.context} tokens, it has {len(blocks.held_out)}"
            )
        packed.append(Packed.of(blocks))
    return packed[0], packed[1]


def _claim(everything: list[Job]) -> None:
    """Mark every job's folder with what it is made from; refuse one that was made from something else."""
    for job in everything:
        path = Path(job.folder) / "identity.json"
        identity = job.identity
        if not path.exists():
            write_json(path, identity)
        elif (before := read_json(path)) != identity:
            changed = ", ".join(sorted(key for key in identity if before.get(key) != identity[key]))
            raise InputError(
                f"{job.folder}: was started with another {changed}; delete that folder or write to another --out"
            )


def _space(todo: list[Job], sweep: config.Sweep) -> int:
    """Bytes that training will need: weights and two moments in fp32 a running job, weights a base."""
    sizes = [4 * job.columns["params_total"] for job in todo if job.columns]
    kept = sum({job.needs: 4 * job.columns["params_total"] for job in todo if job.columns}.values())
    return kept + 2 * 3 * max(sizes, default=0) * sweep.workers


def write_table(everything: list[Job], out: Path) -> int:
    """Gather the rows of all CPT runs into the run table; returns their number. Nothing is written for no rows."""
    rows = [row for job in everything if job.kind == "cpt" for row in logged_rows(job)]
    if rows:
        frame = validate(pd.DataFrame(rows), str(out)).frame
        write_atomically(out, lambda part: WRITERS[out.suffix](frame, part))
    return len(rows)


def repetition(everything: list[Job]) -> list[str]:
    """A warning for each corpus that some run went through more than once."""
    found = []
    for part in ("general", "domain"):
        epochs = [row[f"{part}_epochs"] for job in everything if job.kind == "cpt" for row in logged_rows(job)]
        if max(epochs, default=0) > 1:
            found.append(
                f"the {part} corpus is smaller than the tokens asked of it: some run saw {max(epochs):.1f} epochs"
            )
    return found


@contextmanager
def _only_one(work: Path) -> Iterator[None]:
    """Hold the work folder's lock; a second process on the same sweep is refused."""
    work.mkdir(parents=True, exist_ok=True)
    with (work / "lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(f"{work}: another process is training this sweep") from error
        yield
