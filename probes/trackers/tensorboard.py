"""TensorBoard: event files under `folder`/tensorboard/PROJECT/RUN, for `tensorboard --logdir`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PACKAGE = "tensorboard"


class _Tracker:
    def __init__(self, writer: Any) -> None:
        self.writer = writer

    def log(self, step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self.writer.add_scalar(name, value, step)
        self.writer.flush()

    def close(self) -> None:
        self.writer.close()


def start(folder: Path, project: str, run: str, settings: dict[str, Any], options: dict[str, Any]) -> _Tracker:
    """One folder per run; a resumed one adds a file to it. The settings are a text of the first."""
    from torch.utils.tensorboard import SummaryWriter

    home = folder / "tensorboard" / project / run
    first = not home.exists()
    writer = SummaryWriter(str(home), **options)
    if first:
        text = json.dumps(settings, indent=1, default=str)
        writer.add_text("settings", "".join(f"    {line}\n" for line in text.splitlines()), 0)
    return _Tracker(writer)
