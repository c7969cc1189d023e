"""What holds for every tracker: found by name, never twice, never fatal."""

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from probes import trackers
from scaling.errors import InputError

LIBRARIES = {"tensorboard": "torch.utils.tensorboard", "trackio": "trackio", "wandb": "wandb"}


class Memory:
    """A tracker that keeps what it gets."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, dict[str, float]]] = []
        self.closed = 0
        self.broken = False

    def log(self, step: int, values: Mapping[str, float]) -> None:
        if self.broken:
            raise ConnectionError("no route\nto host")
        self.rows.append((step, dict(values)))

    def close(self) -> None:
        self.closed += 1
        if self.broken:
            raise ConnectionError("still none")


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Memory:
    """The tracker that `open_tracker` gives for every name in this test."""
    found = Memory()
    fake = SimpleNamespace(PACKAGE="none", start=lambda *_: found)
    monkeypatch.setattr("probes.trackers.importlib.import_module", lambda _: fake)
    return found


def open_one(folder: Path, run: str = "d4-r0.5") -> trackers.Tracker:
    return trackers.open_tracker("wandb", folder, "sweep", run, {})


def test_every_tracker_is_known() -> None:
    assert trackers.names() == sorted(LIBRARIES)


def test_an_unknown_tracker_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no tracker 'abacus'; choose one of tensorboard, trackio, wandb"):
        trackers.open_tracker("abacus", tmp_path, "sweep", "run", {})


@pytest.mark.parametrize(("name", "library"), LIBRARIES.items())
def test_a_missing_library_is_one_sentence(
    name: str, library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, library, None)  # an import of it fails then
    with pytest.raises(InputError, match=f"pip install {name}") as caught:
        trackers.open_tracker(name, tmp_path, "sweep", "run", {})
    assert "\n" not in str(caught.value)


def test_what_a_resumed_run_logs_again_is_left_out(memory: Memory, tmp_path: Path) -> None:
    first = open_one(tmp_path)
    for step in (0, 512):
        first.log(step, {"loss": 3.0})
    resumed = open_one(tmp_path)  # the first was cut off: nobody closed it
    for step in (0, 512, 1024):
        resumed.log(step, {"loss": 2.0})
    assert memory.rows == [(0, {"loss": 3.0}), (512, {"loss": 3.0}), (1024, {"loss": 2.0})]
    other = open_one(tmp_path, "d4-r1")
    other.log(0, {"loss": 1.0})
    assert memory.rows[-1] == (0, {"loss": 1.0})


def test_numbers_that_are_none_are_left_out(memory: Memory, tmp_path: Path) -> None:
    open_one(tmp_path).log(0, {"loss": 3.0, "train_loss": float("nan"), "gap": float("inf")})
    assert memory.rows == [(0, {"loss": 3.0})]


def test_a_failure_is_one_warning_and_the_end_of_it(
    memory: Memory, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tracker = open_one(tmp_path)
    tracker.log(0, {"loss": 3.0})
    memory.broken = True
    for step in (512, 1024):
        tracker.log(step, {"loss": 2.0})
    tracker.close()
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == (
        "warning: tracker wandb of run 'd4-r0.5' is switched off, and training continues (no route to host)\n"
    )
    memory.broken = False
    open_one(tmp_path).log(512, {"loss": 2.0})  # what failed was not noted as logged
    assert [step for step, _ in memory.rows] == [0, 512]


def test_a_failure_at_the_start_is_a_warning_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def start(*_: Any) -> None:
        raise RuntimeError("no key")

    fake = SimpleNamespace(PACKAGE="none", start=start)
    monkeypatch.setattr("probes.trackers.importlib.import_module", lambda _: fake)
    tracker = open_one(tmp_path)
    tracker.log(0, {"loss": 3.0})
    tracker.close()
    assert capsys.readouterr().err.count("no key") == 1


def test_closing_is_done_once_and_cannot_fail(
    memory: Memory, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tracker = open_one(tmp_path)
    memory.broken = True
    for _ in range(2):
        tracker.close()
    assert memory.closed == 1
    assert "still none" in capsys.readouterr().err
