"""Worker processes and who does what next: the largest ready group of jobs first, CPT after its base."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from probes.compute import device
from probes.jobs import AnyJob, Job

# A step's large blocks stay with the process: by default malloc gives them back and every step faults them in again.
ALLOCATION = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(2**40), "MALLOC_TOP_PAD_": str(2**26)}

Progress = Callable[[AnyJob, float], None]
Done = Callable[[AnyJob, str], None]


class JobFailed(Exception):
    """A job could not be trained; `user` tells whether the cause is something the user can mend."""

    def __init__(self, text: str, user: bool) -> None:
        super().__init__(text)
        self.user = user


class _Queue:
    """Groups of jobs that are still to be done, handed out when what they need is finished."""

    def __init__(self, jobs: list[AnyJob], finished: set[str]) -> None:
        self.waiting = sorted(groups(jobs), key=_urgency)
        self.finished = finished
        self.condition = threading.Condition()
        self.stopped = False
        self.error: BaseException | None = None

    def take(self) -> list[AnyJob] | None:
        """The next ready group, waiting for one if need be; None when there is nothing left to do."""
        with self.condition:
            while self.waiting and not self.stopped:
                for place, group in enumerate(self.waiting):
                    if group[0].needs is None or group[0].needs in self.finished:
                        now, *later = _in_turns(group)
                        self.waiting[place : place + 1] = later
                        return now
                self.condition.wait()
            return None

    def done(self, group: list[AnyJob]) -> None:
        with self.condition:
            self.finished |= {job.name for job in group}
            self.condition.notify_all()

    def drop(self, needs: str) -> None:
        """Forget the jobs that need one which came to nothing, and those that need them."""
        with self.condition:
            lost = {needs}
            while more := {job.name for group in self.waiting for job in group if job.needs in lost} - lost:
                lost |= more
            self.waiting = [group for group in self.waiting if group[0].needs not in lost]
            self.condition.notify_all()

    def stop(self, error: BaseException | None = None) -> None:
        """Hand out nothing more; the first error is the one that `train_all` raises."""
        with self.condition:
            self.stopped = True
            self.error = self.error or error
            self.condition.notify_all()


def groups(jobs: list[AnyJob]) -> list[list[AnyJob]]:
    """The jobs in the same order, in groups to train at once: as many of a base as the sweep says, and on a CPU one."""
    found: list[list[AnyJob]] = []
    for job in jobs:
        last = found[-1] if found else []
        if last and len(last) < _limit(job) and last[0].alike == job.alike:
            last.append(job)
        else:
            found.append([job])
    return found


def _limit(job: AnyJob) -> int:
    """How many runs like this one are trained at once here (see `Members` on why it is one on a CPU)."""
    return job.together if isinstance(job, Job) and device().type != "cpu" else 1


def _in_turns(group: list[AnyJob]) -> list[list[AnyJob]]:
    """A group whose base is there, split up where its model cannot be stacked; the jobs' column `together` says so."""
    limit = _limit(group[0])
    if limit == 1 or _obstacle(group[0]) is not None:
        return [[job] for job in group]
    return [[job.model_copy(update={"columns": {**job.columns, "together": limit}}) for job in group]]


def _obstacle(job: AnyJob) -> str | None:
    """Why the model of a job cannot be stacked; None where it can."""
    from probes import models, stack  # transformers' models, which a CPU's pool does without

    return stack.obstacle(models.shape(job.model))


def _urgency(group: list[AnyJob]) -> tuple[bool, float]:
    """Bases and their samples first, since others wait for them; then the long ones, so that none is left for the end alone."""
    return group[0].kind == "cpt", -sum(job.flops for job in group)


def train_all(
    jobs: list[AnyJob], finished: set[str], workers: int, threads: int, progress: Progress, done: Done
) -> None:
    """Train every job, `workers` groups at a time, each process on `threads` threads.

    Args:
        jobs: what is left to do.
        finished: names of jobs that need not be done.
        progress: called with a job and the fraction of it that is done.
        done: called with a job and 'finished' or 'diverged' when it is over.

    Raises:
        JobFailed: a job failed; the others are stopped, and resume from their checkpoints next time.
    """
    queue = _Queue(jobs, finished)
    lock = threading.Lock()
    count = max(1, min(workers, len(jobs)))
    with ThreadPoolExecutor(count) as executor:
        futures = [executor.submit(_serve, queue, threads, lock, progress, done) for _ in range(count)]
        try:
            for future in futures:
                future.result()
        finally:  # Ctrl-C arrives here too
            queue.stop()
    if queue.error:
        raise queue.error


def _serve(queue: _Queue, threads: int, lock: threading.Lock, progress: Progress, done: Done) -> None:
    """Keep one worker process busy until the queue is empty."""
    process: subprocess.Popen[str] | None = None
    try:
        while (group := queue.take()) is not None:
            process = process or _start(threads)
            statuses = _train(process, group, queue, lock, progress)
            if not statuses:
                return
            for job, status in zip(group, statuses, strict=True):
                with lock:
                    done(job, status)
                if status == "diverged" and job.kind != "cpt":
                    queue.drop(job.name)
            queue.done(group)
    except BaseException as error:
        queue.stop(error)
    finally:
        if process:
            process.kill()
            process.wait()


def _start(threads: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "probes.worker", str(threads)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={
            **ALLOCATION,
            **os.environ,
            "OMP_NUM_THREADS": str(threads),
            "MKL_NUM_THREADS": str(threads),
            "TOKENIZERS_PARALLELISM": "false",
            "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]),
        },
    )


def _train(
    process: "subprocess.Popen[str]", group: list[AnyJob], queue: _Queue, lock: threading.Lock, progress: Progress
) -> list[str]:
    """How each job of the group ended; nothing where the pool was stopped meanwhile."""
    assert process.stdin
    assert process.stdout
    try:
        process.stdin.write(f"[{','.join(job.model_dump_json() for job in group)}]\n")
        process.stdin.flush()
    except BrokenPipeError:
        pass  # the worker is gone; reading below says so
    for line in process.stdout:
        answer: dict[str, Any] = json.loads(line)
        if "statuses" in answer:
            return [str(status) for status in answer["statuses"]]
        if "error" in answer:
            raise JobFailed(answer["error"], answer["user"])
        if queue.stopped:
            return []
        with lock:
            for job in group:
                progress(job, answer["fraction"])
    raise JobFailed(
        f"{group[0].name}: its worker process was killed; run again to resume from its last checkpoint", user=True
    )
