"""What is in the folder of a job: its result when it is over, before that the state of its last checkpoint."""

from pathlib import Path
from typing import Any

from probes import state
from probes.jobs import AnyJob
from probes.storage import damaged, read_json

Row = dict[str, Any]


def result_path(job: AnyJob) -> Path:
    """Written when a job is over: {"status": "finished" | "diverged", "rows": [...]}."""
    return Path(job.folder) / "result.json"


def state_path(job: AnyJob) -> Path:
    """Written at every checkpoint, removed when the job is over: tensors, and step and rows as metadata."""
    return Path(job.folder) / "state.safetensors"


def _result(job: AnyJob) -> dict[str, Any] | None:
    """The result of a job; None for a job that is not over, InputError where the file is anything else."""
    path = result_path(job)
    try:
        result = read_json(path)
    except FileNotFoundError:  # opened once, since another process may remove it
        return None
    if not isinstance(result, dict) or not isinstance(result.get("status"), str) or not _is_rows(result.get("rows")):
        raise damaged(path)
    return result


def _is_rows(rows: object) -> bool:
    return isinstance(rows, list) and all(isinstance(row, dict) for row in rows)


def status(job: AnyJob) -> str | None:
    """'finished' or 'diverged'; None for a job that is not over."""
    result = _result(job)
    return result["status"] if result else None


def lost_branches(job: AnyJob) -> list[str]:
    """Names of the branches of a job whose loss was not finite; nothing for a job that is not over."""
    result = _result(job) or {}
    return list(result.get("lost", []))


def logged_rows(job: AnyJob) -> list[Row]:
    """All rows that the job has logged up to now, over or not; InputError where a file of its folder is damaged."""
    while (result := _result(job)) is None:
        if (kept := state.notes(state_path(job))) is not None:
            return list(kept["rows"])
        if not result_path(job).exists():  # else a worker has finished the job between the two looks
            return []
    return list(result["rows"])
