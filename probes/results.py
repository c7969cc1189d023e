"""What the folder of a job holds: a result when it is over, before that the state of its last checkpoint."""

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from probes.jobs import AnyJob
from probes.storage import read_json
from scaling.errors import InputError

Row = dict[str, Any]


def result_path(job: AnyJob) -> Path:
    """Written when a job is over: {"status": "finished" | "diverged", "rows": [...]}."""
    return Path(job.folder) / "result.json"


def state_path(job: AnyJob) -> Path:
    """Written at every checkpoint, removed when the job is over: tensors, and step and rows as metadata."""
    return Path(job.folder) / "state.safetensors"


def status(job: AnyJob) -> str | None:
    """'finished' or 'diverged'; None for a job that is not over."""
    return read_json(result_path(job))["status"] if result_path(job).exists() else None


def lost_branches(job: AnyJob) -> list[str]:
    """Names of the branches of a job whose loss was no number; nothing for a job that is not over."""
    path = result_path(job)
    return list(read_json(path).get("lost", [])) if path.exists() else []


def logged_rows(job: AnyJob) -> list[Row]:
    """All rows that the job has logged up to now, over or not."""
    while not result_path(job).exists():
        try:
            with open_state(state_path(job)) as file:
                return list(json.loads(file.metadata()["rows"]))
        except FileNotFoundError:
            if not result_path(job).exists():  # else a worker has finished the job between the two looks
                return []
    return list(read_json(result_path(job))["rows"])


def open_state(path: Path) -> Any:
    """A state file, opened; InputError where it is damaged."""
    if not path.exists():
        raise FileNotFoundError(path)
    try:
        return safe_open(path, framework="pt")
    except SafetensorError as error:
        raise InputError(f"{path}: damaged; delete it and start again") from error
