"""What the folder of a job holds: a result when it is over, before that the state of its last checkpoint."""

from pathlib import Path
from typing import Any

from probes import state
from probes.jobs import AnyJob
from probes.storage import read_json_if_there

Row = dict[str, Any]


def result_path(job: AnyJob) -> Path:
    """Written when a job is over: {"status": "finished" | "diverged", "rows": [...]}."""
    return Path(job.folder) / "result.json"


def state_path(job: AnyJob) -> Path:
    """Written at every checkpoint, removed when the job is over: tensors, and step and rows as metadata."""
    return Path(job.folder) / "state.safetensors"


def status(job: AnyJob) -> str | None:
    """'finished' or 'diverged'; None for a job that is not over."""
    result = read_json_if_there(result_path(job))
    return result["status"] if result else None


def lost_branches(job: AnyJob) -> list[str]:
    """Names of the branches of a job whose loss was no number; nothing for a job that is not over."""
    result = read_json_if_there(result_path(job)) or {}
    return list(result.get("lost", []))


def logged_rows(job: AnyJob) -> list[Row]:
    """All rows that the job has logged up to now, over or not."""
    while (result := read_json_if_there(result_path(job))) is None:
        if (kept := state.notes(state_path(job))) is not None:
            return list(kept["rows"])
        if not result_path(job).exists():  # else a worker has finished the job between the two looks
            return []
    return list(result["rows"])
