import sys
from contextvars import ContextVar
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from probes import trackers

current: ContextVar["FakeRun | None"] = ContextVar("current", default=None)


class FakeRun:
    def __init__(self) -> None:
        self.rows: list[tuple[dict[str, float], int]] = []
        self.finished = False

    def log(self, metrics: dict[str, float], step: int) -> None:
        self.rows.append((metrics, step))

    def finish(self) -> None:
        print("* Run finished")
        self.finished = True


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict[str, Any], FakeRun]]:
    """The arguments and the run of every `trackio.init`, which ends the current run of its context as the real one does."""
    calls: list[tuple[dict[str, Any], FakeRun]] = []

    def init(project: str, name: str, **arguments: Any) -> FakeRun:
        if before := current.get():
            before.finish()
        print("* Trackio project initialized")
        calls.append(({"project": project, "name": name, **arguments}, FakeRun()))
        current.set(calls[-1][1])
        return calls[-1][1]

    monkeypatch.setitem(sys.modules, "trackio", SimpleNamespace(init=init))
    return calls


def test_runs_are_resumed_by_name_and_open_side_by_side(
    started: list[tuple[dict[str, Any], FakeRun]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = (trackers.open_tracker("trackio", tmp_path, "sweep", run, {"lr": 0.1}) for run in ("a", "b"))
    one.log(512, {"general_loss": 3.0})
    two.log(1024, {"general_loss": 2.0})
    (first, first_run), (second, second_run) = started
    assert (first["project"], first["name"], first["config"], first["resume"]) == ("sweep", "a", {"lr": 0.1}, "allow")
    assert second["name"] == "b"
    assert not first_run.finished
    one.close()
    assert first_run.finished
    assert not second_run.finished
    assert (first_run.rows, second_run.rows) == ([({"general_loss": 3.0}, 512)], [({"general_loss": 2.0}, 1024)])
    assert capsys.readouterr().out == ""
