"""A whole sweep: prepare the corpora, train what is missing, write the run table."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from probes import config, pool, prepare, results
from probes.jobs import AnyJob
from probes.storage import read_json_if_there, require_space, write_json
from probes.table import WRITERS, near_duplicates, repetition, write_table
from scaling.errors import InputError
from scaling.storage import remove_parts

WORDS = {"parent": "base model"}  # for what differs, where the user knows it by another name


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

    def preparing(self, what: str, fraction: float) -> None:
        """The corpora are read and tokenised: `what` has come to `fraction` (0..1) of its end."""

    def start(self, todo: list[AnyJob], all_jobs: list[AnyJob]) -> None:
        """Called once, before training."""

    def progress(self, job: AnyJob, fraction: float) -> None:
        """A job has come to `fraction` (0..1) of its end."""

    def done(self, job: AnyJob, status: str) -> None:
        """A job is over."""

    def stop(self) -> None:
        """Called once, whatever happened."""


def work_folder(out: Path) -> Path:
    """Where a sweep keeps its shards, bases and runs: beside its run table."""
    return out.with_name(out.name + ".work")


def run(sweep_file: Path, out: Path, listener: Listener | None = None, work: Path | None = None) -> Summary:
    """Train what is missing of a sweep and write its run table after every finished run.

    Args:
        sweep_file: YAML, see `probes.config.Sweep`.
        out: the run table: .parquet, .csv or .jsonl.
        work: the folder for shards, bases and runs, beside `out` by default. Sweeps that share it share their shards
            and bases.

    Raises:
        InputError: one sentence; nothing half-written is left behind.
    """
    listener = listener or Listener()
    sweep = config.load_sweep(sweep_file)
    if out.suffix not in WRITERS or out.is_dir():
        raise InputError(f"{out}: a run table must be a file that ends in one of {', '.join(WRITERS)}")
    prepare.check(sweep, sweep_file.parent)
    with _only_one(work or work_folder(out)) as work:
        remove_parts(out)
        try:
            everything = prepare.unfold(sweep, sweep_file.parent, work, listener.preparing)
        except BaseException:
            listener.stop()
            raise
        before = {job.name: results.status(job) for job in everything}
        lost = {name for name, status in before.items() if status == "diverged"}
        for job in everything:  # in the order of their needs
            lost |= {job.name} if job.needs in lost else set()
        todo = [job for job in everything if before[job.name] is None and job.name not in lost]
        require_space(work, _space(todo, sweep))
        _claim(everything)
        listener.start(todo, everything)
        try:
            _train(todo, everything, sweep, out, listener)
        finally:
            listener.stop()
        rows = write_table(everything, out)
        diverged = [job.name for job in everything if results.status(job) == "diverged"]
        diverged += [name for job in everything for name in results.lost_branches(job)]
        there = sum(status is not None for status in before.values())
        return Summary(len(todo), there, diverged, rows, [*near_duplicates(everything), *repetition(everything)])


def _train(todo: list[AnyJob], everything: list[AnyJob], sweep: config.Sweep, out: Path, listener: Listener) -> None:
    """Train what is to do; the table is written after every job, and once more where one fails."""

    def done(job: AnyJob, status: str) -> None:
        write_table(everything, out)
        listener.done(job, status)

    over = {job.name for job in everything if results.status(job) is not None}
    try:
        pool.train_all(todo, over, sweep.workers, sweep.threads, listener.progress, done)
    except pool.JobFailed as error:
        write_table(everything, out)
        if error.user:
            raise InputError(str(error)) from error
        raise


def _claim(everything: list[AnyJob]) -> None:
    """Mark every job's folder with what it is made from; refuse one that was made from something else."""
    for job in everything:
        path = Path(job.folder) / "identity.json"
        identity = job.identity
        if (before := read_json_if_there(path)) is None:
            write_json(path, identity)
        elif before != identity:
            differ = sorted(key for key in identity.keys() | before.keys() if before.get(key) != identity.get(key))
            changed = ", ".join(WORDS.get(key, key) for key in differ)
            raise InputError(
                f"{job.folder}: was started with another {changed}; delete that folder or write to another --out"
            )


def _space(todo: list[AnyJob], sweep: config.Sweep) -> int:
    """Bytes that training will need: weights and two moments in fp32 per running job, weights per base."""
    sizes = [4 * job.columns["params_total"] for job in todo if job.columns]
    kept = sum({job.needs: 4 * job.columns["params_total"] for job in todo if job.columns}.values())
    return kept + 2 * 3 * max(sizes, default=0) * sweep.workers * sweep.together


@contextmanager
def _only_one(work: Path) -> Iterator[Path]:
    """Keep the work folder's lock and sweep up what a kill left half-written; a second process is refused."""
    try:
        import fcntl
    except ImportError as error:  # this is a matter of Unix
        raise InputError(
            f"{work}: this system has no file locks of Unix, which keep two processes apart; "
            "train on Linux, macOS or the Windows Subsystem for Linux"
        ) from error
    work.mkdir(parents=True, exist_ok=True)
    with (work / "lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(
                f"{work}: another process is training this sweep; wait for it or give another --work"
            ) from error
        remove_parts(work)
        yield work
