import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from probes import trackers


class FakeRun:
    def __init__(self) -> None:
        self.rows: list[tuple[dict[str, float], int, bool]] = []
        self.finished = False

    def log(self, data: dict[str, float], step: int, commit: bool) -> None:
        self.rows.append((data, step, commit))

    def finish(self) -> None:
        self.finished = True


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict[str, Any], FakeRun]]:
    """The arguments and the run of every `wandb.init`."""
    calls: list[tuple[dict[str, Any], FakeRun]] = []

    def init(**arguments: Any) -> FakeRun:
        calls.append((arguments, FakeRun()))
        return calls[-1][1]

    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=init))
    return calls


def test_a_resumed_run_has_the_same_id_and_others_have_not(
    started: list[tuple[dict[str, Any], FakeRun]], tmp_path: Path
) -> None:
    for project, run in (("sweep", "a"), ("sweep", "a"), ("sweep", "b"), ("other", "a")):
        trackers.open_tracker("wandb", tmp_path / "new", project, run, {"lr": 0.1})
    ids = [arguments["id"] for arguments, _ in started]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3
    arguments = started[0][0]
    assert (arguments["project"], arguments["name"], arguments["config"]) == ("sweep", "a", {"lr": 0.1})
    assert (arguments["resume"], arguments["reinit"]) == ("allow", "create_new")
    assert "mode" not in arguments  # WANDB_MODE decides
    assert Path(arguments["dir"]).is_dir()  # else wandb writes to the system's temporary folder


def test_steps_are_tokens_and_reach_the_run_at_once(
    started: list[tuple[dict[str, Any], FakeRun]], tmp_path: Path
) -> None:
    tracker = trackers.open_tracker("wandb", tmp_path, "sweep", "a", {})
    tracker.log(2048, {"general_loss": 3.0})
    tracker.close()
    assert started[0][1].rows == [({"general_loss": 3.0}, 2048, True)]
    assert started[0][1].finished
