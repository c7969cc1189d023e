"""A worker process: reads lists of jobs as JSON lines on standard input, trains each list together.

    python -m probes.worker THREADS

Answers are JSON lines: {"fraction": 0..1} while a list runs, then {"statuses": ["finished" | "diverged", ...]}, one for
each of its jobs, or {"error": text, "user": bool}. When the parent is gone the pipe breaks and the worker ends.
"""

import json
import os
import signal
import sys
from typing import IO, Annotated, Any

import torch
from pydantic import Field, TypeAdapter
from transformers.utils import logging

from probes import sampling
from probes.compute import device, enough_memory
from probes.jobs import AnyJob, Job, SampleJob
from probes.train import perform
from scaling.errors import InputError

JOBS: TypeAdapter[list[AnyJob]] = TypeAdapter(list[Annotated[Job | SampleJob, Field(discriminator="kind")]])


def main() -> None:
    """Serve jobs until standard input ends."""
    answers = _claim_stdout()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent too, and that one ends us
    torch.set_num_threads(int(sys.argv[1]))
    torch.set_float32_matmul_precision("highest")
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        for line in sys.stdin:
            _answer(answers, _perform(JOBS.validate_json(line), answers, device()))
    except BrokenPipeError:  # nobody listens any more: the parent was killed, and the checkpoints are what it will find
        os._exit(1)


def _claim_stdout() -> IO[str]:
    """Keep standard output for answers alone: whatever a library prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def _perform(jobs: list[AnyJob], answers: IO[str], device: torch.device) -> dict[str, Any]:
    def report(fraction: float) -> None:
        _answer(answers, {"fraction": fraction})

    try:
        if isinstance(jobs[0], SampleJob):
            with enough_memory(jobs[0].name):
                return {"statuses": [sampling.perform(jobs[0], report, device)]}
        with enough_memory(jobs[0].name, len(jobs)):
            return {"statuses": perform([job for job in jobs if isinstance(job, Job)], report, device)}
    except InputError as error:
        return {"error": str(error), "user": True}
    except BrokenPipeError:
        raise
    except OSError as error:
        return {"error": f"{error.filename or jobs[0].folder}: {error.strerror or error}", "user": True}
    except Exception as error:  # the parent decides; a worker never dies of one job
        return {"error": f"{jobs[0].name}: {type(error).__name__}: {error}", "user": False}


def _answer(answers: IO[str], content: dict[str, Any]) -> None:
    answers.write(json.dumps(content) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
