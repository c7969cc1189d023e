from pathlib import Path

import pytest

from probes import trackers

pytest.importorskip("tensorboard")

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def test_a_run_cut_off_and_resumed_is_one_curve_beside_others(tmp_path: Path) -> None:
    for steps in ((0, 512), (512, 1024)):
        tracker = trackers.open_tracker("tensorboard", tmp_path, "sweep", "a", {"lr": 0.1})
        for step in steps:
            tracker.log(step, {"general_loss": 3 - step / 1024, "train_loss": 2.5})
    other = trackers.open_tracker("tensorboard", tmp_path, "sweep", "b", {})
    other.log(0, {"general_loss": 1.0})  # nothing is closed: what was logged is there all the same
    home = tmp_path / "tensorboard" / "sweep"
    assert sorted(folder.name for folder in home.iterdir()) == ["a", "b"]
    events = EventAccumulator(str(home / "a"))
    events.Reload()
    assert events.Tags()["scalars"] == ["general_loss", "train_loss"]
    assert [(event.step, event.value) for event in events.Scalars("general_loss")] == [
        (0, 3.0),
        (512, 2.5),
        (1024, 2.0),
    ]
    (settings,) = events.Tensors("settings/text_summary")
    assert '"lr": 0.1' in settings.tensor_proto.string_val[0].decode()
