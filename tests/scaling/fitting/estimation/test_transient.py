import numpy as np
import pytest

from scaling.fitting import fit
from scaling.fitting.estimation import transient
from scaling.fitting.estimation.transient import rises_then_falls, transient_runs
from scaling.runs import validate


def rising(world, **options):
    """A world whose general loss first rises: re-warming, gone after a fifth of the run."""
    frame = world(**options)
    progress = frame["tokens"] / frame["tokens"].max()
    frame["general_loss"] *= 1 + 0.05 * np.exp(-(((progress - 0.08) / 0.06) ** 2)) - 0.05 * np.exp(-progress / 0.02)
    return frame


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        ([3.0, 3.1, 3.15, 3.1, 3.0, 2.95], True),
        ([3.0, 2.9, 2.8, 2.75, 2.7], False),
        ([3.0, 3.1, 3.2, 3.3], False),
        ([3.0, 3.0005, 3.0, 2.9995], False),
        ([3.0, 3.1], False),
    ],
)
def test_rises_then_falls(losses, expected):
    assert rises_then_falls(np.array(losses)) is expected


def test_noise_alone_is_no_transient(world):
    found = [len(transient_runs(validate(world(noise=2e-3, seed=s, checkpoints=20), "w"))) for s in range(3)]
    assert max(found) <= 3  # of 28


def test_a_transient_is_found_named_and_left_out(world):
    runs = validate(rising(world, noise=5e-4, checkpoints=20), "w")
    assert len(transient_runs(runs)) > 20
    chosen = fit(runs, draws=0, threads=1)
    assert chosen.burn_in > 0
    assert any("rises before it falls in" in w and "left out" in w for w in chosen.warnings)
    plain = fit(runs, draws=0, threads=1, burn_in=0)
    assert any("the burn-in given is 0" in w for w in plain.warnings)
    late = runs.frame["tokens"] > 0.6 * runs.frame["tokens"].max()
    rows = runs.frame[late]
    error = {
        name: np.abs(
            np.log(one.general.curve(rows["params"], rows["tokens"], rows["ratio"]) / rows["general_loss"])
        ).mean()
        for name, one in (("chosen", chosen), ("plain", plain))
    }
    assert error["chosen"] < error["plain"]


def test_no_transient_no_burn_in(world):
    made = fit(validate(world(noise=5e-4), "w"), "dcpt", draws=0, threads=1)
    assert made.burn_in == 0
    assert made.warnings == ()


def test_a_burn_in_of_nothing_is_said_as_such(world, monkeypatch):
    monkeypatch.setattr(transient, "_missed", lambda *rest: np.ones(1))
    (warning,) = fit(validate(rising(world, noise=5e-4, checkpoints=20), "w"), "dcpt", draws=0, threads=1).warnings
    assert warning.endswith("which the law cannot follow: all rows are kept (chosen by rollout over tokens)")


def test_ends_of_branches_are_one_course(world, branched):
    frame = rising(world, noise=5e-4, checkpoints=12).query("params == 1e9")
    one, split = validate(frame, "w"), validate(branched(frame), "w")
    assert len(transient_runs(one)) > 5
    assert transient_runs(split) == transient_runs(one)
    made = [fit(runs, draws=0, threads=1) for runs in (one, split)]
    assert made[0].burn_in == made[1].burn_in > 0
    assert made[0].warnings == made[1].warnings
