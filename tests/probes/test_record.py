from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from probes import trackers
from probes.jobs import Tracking
from probes.record import Tracked
from probes.sweep import run, work_folder

MakeSweep = Callable[..., Path]


class Fake:
    def __init__(self) -> None:
        self.steps: list[tuple[int, dict[str, float]]] = []
        self.closed = False

    def log(self, step: int, values: Mapping[str, float]) -> None:
        self.steps.append((step, dict(values)))

    def close(self) -> None:
        self.closed = True


def row(tokens: int, loss: float, trunk: str | None = None) -> dict[str, Any]:
    return {"run": "a", "tokens": tokens, "general_loss": loss, "trunk": trunk, "general_loss_se": 0.1, "ratio": 0.5}


def test_steps_rise_and_a_branch_waits_for_its_run(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Fake()
    monkeypatch.setattr(trackers, "open_tracker", lambda *arguments: fake)
    tracked = Tracked(Tracking(trackers={"any": {}}), "a", {})
    rows = [row(0, 3.0), row(80, 3.2)]
    tracked.show(rows)
    rows.append(row(100, 2.9, trunk="a"))
    tracked.show(rows)
    assert [step for step, _ in fake.steps] == [0, 80]
    rows += [row(90, 3.1), row(100, 3.0)]
    tracked.show(rows)
    assert [step for step, _ in fake.steps] == [0, 80, 90, 100]
    last = fake.steps[-1][1]
    assert (last["general_loss"], last["branch_general_loss"]) == (3.0, 2.9)
    assert "ratio" not in last
    tracked.close()
    assert fake.closed


def test_without_trackers_nothing_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trackers, "open_tracker", lambda *arguments: pytest.fail("opened"))
    Tracked(Tracking(), "a", {}).show([row(0, 3.0)])


def test_a_sweep_is_seen_in_tensorboard(make_sweep: MakeSweep, tmp_path: Path, sweep_content: dict[str, Any]) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    out = tmp_path / "runs.parquet"
    run(make_sweep(trackers=["tensorboard"], cpt={**sweep_content["cpt"], "ratios": [0.5]}), out)
    events = next((work_folder(out) / "tracked").rglob("events.out.tfevents.*"))
    seen = accumulator.EventAccumulator(str(events.parent)).Reload()
    tag = next(name for name in seen.Tags()["scalars"] if name.endswith("general_loss"))
    assert [event.step for event in seen.Scalars(tag)][-1] == 1536
