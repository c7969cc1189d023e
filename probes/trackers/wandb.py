"""Weights & Biases. WANDB_MODE=offline keeps everything under `folder`/wandb, for `wandb sync`. Tried with 0.31."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from probes.storage import digest

PACKAGE = "wandb"


class _Tracker:
    def __init__(self, run: Any) -> None:
        self.run = run

    def log(self, step: int, values: Mapping[str, float]) -> None:
        self.run.log(dict(values), step=step, commit=True)

    def close(self) -> None:
        self.run.finish()


def start(folder: Path, project: str, run: str, settings: dict[str, Any], options: dict[str, Any]) -> _Tracker:
    """The id follows from project and run, so a resumed one finds itself; runs may be open side by side."""
    import wandb

    folder.mkdir(parents=True, exist_ok=True)
    return _Tracker(
        wandb.init(
            project=project,
            name=run,
            id=digest([project, run]),
            dir=str(folder),
            config=settings,
            resume="allow",
            reinit="create_new",
            **options,
        )
    )
