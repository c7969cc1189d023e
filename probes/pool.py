"""Worker processes and who does what next: the largest ready job first, CPT after its base."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from probes.jobs import Job

Progress = Callable[[Job, float], None]
Done = Callable[[Job, str], None]


class JobFailed(Exception):
    """A job could not be trained; `user` tells whether the cause is something the user can mend."""

    def __init__(self, text: str, user: bool) -> None:
        super().__init__(text)
        self.user = user


class _Queue:
    """Jobs that are still to be done, handed out when what they need is finished."""

    def __init__(self, jobs: list[Job], finished: set[str]) -> None:
        self.waiting = sorted(jobs, key=_urgency)
        self.finished = finished
        self.condition = threading.Condition()
        self.stopped = False
        self.error: BaseException | None = None

    def take(self) -> Job | None:
        """The next ready job, waiting for one if need be; None when there is nothing left to do."""
        with self.condition:
            while self.waiting and not self.stopped:
                for job in self.waiting:
                    if job.needs is None or job.needs in self.finished:
                        self.waiting.remove(job)
                        return job
                self.condition.wait()
            return None

    def done(self, job: Job) -> None:
        with self.condition:
            self.finished.add(job.name)
            self.condition.notify_all()

    def drop(self, needs: str) -> None:
        """Forget the jobs that need a base which came to nothing."""
        with self.condition:
            self.waiting = [job for job in self.waiting if job.needs != needs]
            self.condition.notify_all()

    def stop(self, error: BaseException | None = None) -> None:
        """Hand out nothing more; the first error is the one that `train_all` raises."""
        with self.condition:
            self.stopped = True
            self.error = self.error or error
            self.condition.notify_all()


def _urgency(job: Job) -> tuple[bool, float]:
    """Bases first, since others wait for them; then the long runs, so that none is left for the end alone."""
    return job.kind != "pretrain", -job.flops


def train_all(jobs: list[Job], finished: set[str], workers: int, threads: int, progress: Progress, done: Done) -> None:
    """Train every job, `workers` at a time, each process on `threads` threads.

    Args:
        jobs: what is left to do.
        finished: names of jobs that need not be done.
        progress: called with a job and the share of it that is done.
        done: called with a job and 'finished' or 'diverged' when it is over.

    Raises:
        JobFailed: a job failed; the others are stopped, and go on from their checkpoints next time.
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
        while (job := queue.take()) is not None:
            process = process or _start(threads)
            status = _train(process, job, queue, lock, progress)
            if status == "stopped":
                return
            with lock:
                done(job, status)
            if status == "diverged" and job.kind == "pretrain":
                queue.drop(job.name)
            queue.done(job)
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
            **os.environ,
            "OMP_NUM_THREADS": str(threads),
            "MKL_NUM_THREADS": str(threads),
            "TOKENIZERS_PARALLELISM": "false",
            "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]),
        },
    )


def _train(process: "subprocess.Popen[str]", job: Job, queue: _Queue, lock: threading.Lock, progress: Progress) -> str:
    assert process.stdin
    assert process.stdout
    try:
        process.stdin.write(job.model_dump_json() + "\n")
        process.stdin.flush()
    except BrokenPipeError:
        pass  # the worker is gone; reading below says so
    for line in process.stdout:
        answer: dict[str, Any] = json.loads(line)
        if "status" in answer:
            return str(answer["status"])
        if "error" in answer:
            raise JobFailed(answer["error"], answer["user"])
        if queue.stopped:
            return "stopped"
        with lock:
            progress(job, answer["share"])
    raise JobFailed(
        f"{job.name}: its worker process was killed; start again to go on from its last checkpoint", user=True
    )
