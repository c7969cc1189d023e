"""Every picture against a stored one, so that a curve, a mark or a label that goes missing is seen.

The numbers drawn are tested beside this file; here it is looks alone. Baselines are made again by
`SCALING_BASELINES=write pytest tests/scaling/plotting/test_images.py`, to be looked at before they are committed.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.testing.compare import compare_images

import scaling
from scaling.fitting import Fit
from scaling.fitting.validation import Validation, validate_law
from scaling.planning import Plan, critical_ratio
from scaling.planning.measured import measured_critical_ratio
from scaling.runs import Runs

from .conftest import World

BASELINES, WRITE = Path(__file__).parent / "baseline", "SCALING_BASELINES"
# Root mean square of the differences of all pixels (0 to 255). A line of text moved by a pixel, as another version of
# matplotlib or FreeType does it, is below; a curve that is missing is above (test_a_missing_curve_is_seen).
TOLERANCE = 5.0
Draw = Callable[["Scene"], Axes | Figure]


class Scene:
    """What pictures are made of, and plans for it."""

    def __init__(self, runs: Runs, fit: Fit, changes: World, rollout: Validation) -> None:
        self.runs, self.fit, self.rollout = runs, fit, rollout
        self.moved, self.change = changes.runs, changes.fit
        self.measured = measured_critical_ratio(self.moved)

    def plans(self) -> dict[str, Plan]:
        near, far = (critical_ratio(self.change, params, 1e8) for params in (1e7, 4e7))
        return {
            "largest probe": near,
            "target": far,
            "no base": critical_ratio(self.fit, 4e9, 3e9, base_general_loss=1.0),
        }


PICTURES: dict[str, Draw] = {
    "loss_by_ratio": lambda s: scaling.plot_loss_by_ratio(s.runs, s.fit, over_base=True, tolerance=0.05),
    "loss_by_ratio_counts": lambda s: scaling.plot_loss_by_ratio(s.runs, s.fit, "domain", by="tokens"),
    "loss_by_tokens": lambda s: scaling.plot_loss_by_tokens(s.runs, s.fit),
    "tradeoff": lambda s: scaling.plot_tradeoff(s.fit, 4e9, 3e9),
    "critical_ratio": lambda s: scaling.plot_critical_ratio(s.measured, s.plans(), fit=s.change),
    "critical_ratio_by_tokens": lambda s: scaling.plot_critical_ratio_by_tokens(s.change, 1e7, 3e8, runs=s.moved),
    "observed_predicted": lambda s: scaling.plot_observed_predicted(s.moved, s.change),
    "residuals_params": lambda s: scaling.plot_residuals(s.runs, s.fit),
    "residuals_tokens": lambda s: scaling.plot_residuals(s.moved, s.change, by="tokens"),
    "residuals_ratio": lambda s: scaling.plot_residuals(s.runs, s.fit, "domain", by="ratio"),
    "rollout": lambda s: scaling.plot_rollout(s.rollout),
    "parameters": lambda s: scaling.plot_parameters(s.change),
    "surface": lambda s: scaling.plot_surface(s.change, 4e7, 3e8, tolerance=0.05),
    "surface_domain": lambda s: scaling.plot_surface(s.fit, 1e9, corpus="domain"),
    "fit": lambda s: s.change.plot(s.moved),
}


@pytest.fixture(scope="module")
def scene(runs: Runs, fit: Fit, changes: World) -> Scene:
    return Scene(runs, fit, changes, validate_law(runs, "dcpt", "ratio", burn_in=0.25, threads=1))


def picture(draw: Draw, scene: Scene, path: Path, change: Callable[[Figure], None] = lambda figure: None) -> Path:
    """Draw with matplotlib's own settings and font, whatever is set here, and save."""
    with plt.style.context("default", after_reset=True), mpl.rc_context({"font.family": "DejaVu Sans"}):
        made = draw(scene)
        figure = made if isinstance(made, Figure) else made.figure
        assert isinstance(figure, Figure)
        change(figure)
        figure.savefig(path, dpi=60, metadata={"Software": None})
        plt.close(figure)
    return path


def difference(name: str, made: Path) -> str | None:
    stored = shutil.copy(BASELINES / f"{name}.png", made.with_name(f"{name}-stored.png"))
    return compare_images(str(stored), str(made), TOLERANCE)


@pytest.mark.parametrize("name", PICTURES)
def test_picture_is_as_stored(name: str, scene: Scene, tmp_path: Path) -> None:
    made = picture(PICTURES[name], scene, tmp_path / f"{name}.png")
    if os.environ.get(WRITE) == "write":
        BASELINES.mkdir(exist_ok=True)
        shutil.copy(made, BASELINES / made.name)
    assert difference(name, made) is None


def test_no_baseline_is_left_over() -> None:
    assert {path.stem for path in BASELINES.glob("*.png")} == set(PICTURES)


def without_longest_curve(figure: Figure) -> None:
    """Take the line with the most points off the first Axes that has one."""
    lines = [line for line in figure.axes[0].lines if line.get_visible() and np.isfinite(line.get_ydata()).any()]
    max(lines, key=lambda line: len(line.get_xdata())).remove()


@pytest.mark.parametrize(
    "name", ["loss_by_ratio", "loss_by_ratio_counts", "loss_by_tokens", "tradeoff", "critical_ratio"]
)
def test_a_missing_curve_is_seen(name: str, scene: Scene, tmp_path: Path) -> None:
    made = picture(PICTURES[name], scene, tmp_path / f"{name}.png", without_longest_curve)
    assert difference(name, made) is not None
