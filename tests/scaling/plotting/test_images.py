"""Every picture against a stored one, so that a curve, a mark or a band that goes missing is seen.

The numbers drawn and what is written are tested beside this file; here it is looks alone, without texts and legends, whose
sizes differ from one version of matplotlib to the next and move everything else. Baselines are made again by
`SCALING_BASELINES=write pytest tests/scaling/plotting/test_images.py`, to be looked at before they are committed.
"""

import os
import shutil
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.testing.compare import compare_images
from matplotlib.text import Text
from matplotlib.transforms import Bbox

import scaling
from scaling.fitting import Fit
from scaling.fitting.validation import Validation, validate_law
from scaling.planning import Plan, critical_ratio
from scaling.planning.measured import measured_critical_ratio
from scaling.runs import Runs

from .conftest import World

BASELINES, WRITE = Path(__file__).parent / "baseline", "SCALING_BASELINES"
# Root mean square of the differences of all pixels (0 to 255). Matplotlib 3.8 and 3.11 differ by less than 0.1; a single
# line that is missing makes 2 to 10 (test_a_missing_line_is_seen).
TOLERANCE = 1.2
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
    "loss_by_ratio": lambda s: scaling.plot.loss_by_ratio(s.runs, s.fit, over_base=True, tolerance=0.05),
    "loss_by_ratio_counts": lambda s: scaling.plot.loss_by_ratio(s.runs, s.fit, "domain", by="tokens"),
    "loss_by_tokens": lambda s: scaling.plot.loss_by_tokens(s.runs, s.fit),
    "tradeoff": lambda s: scaling.plot.tradeoff(s.fit, 4e9, 3e9),
    "critical_ratio": lambda s: scaling.plot.critical_ratio(s.measured, s.plans(), fit=s.change),
    "critical_ratio_by_tokens": lambda s: scaling.plot.critical_ratio_by_tokens(s.change, 1e7, 3e8, runs=s.moved),
    "observed_predicted": lambda s: scaling.plot.observed_predicted(s.moved, s.change),
    "residuals_params": lambda s: scaling.plot.residuals(s.runs, s.fit),
    "residuals_tokens": lambda s: scaling.plot.residuals(s.moved, s.change, by="tokens"),
    "residuals_ratio": lambda s: scaling.plot.residuals(s.runs, s.fit, "domain", by="ratio"),
    "rollout": lambda s: scaling.plot.rollout(s.rollout),
    "parameters": lambda s: scaling.plot.parameters(s.change),
    "surface": lambda s: scaling.plot.surface(s.change, 4e7, 3e8, tolerance=0.05),
    "surface_domain": lambda s: scaling.plot.surface(s.fit, 1e9, corpus="domain"),
    "fit": lambda s: scaling.plot.fit(s.change, s.moved),
}


@pytest.fixture(scope="module")
def scene(runs: Runs, fit: Fit, changes: World) -> Scene:
    return Scene(runs, fit, changes, validate_law(runs, "dcpt", "ratio", burn_in=0.25, threads=1))


def wordless(figure: Figure) -> None:
    """Hide all texts and legends before the layout makes room for them."""
    for ax in figure.axes:
        ax.tick_params(which="both", labelbottom=False, labelleft=False, labelright=False)
    for text in (*figure.findobj(Text), *figure.findobj(Legend)):
        text.set_visible(False)
        text.set_in_layout(False)  # a title of the figure would keep its room


def picture(draw: Draw, scene: Scene, path: Path, change: Callable[[Figure], None] = lambda figure: None) -> Path:
    """Draw with matplotlib's own settings, whatever is set here, and save."""
    with plt.style.context("default", after_reset=True):
        figure = drawn(draw, scene)
        change(figure)
        wordless(figure)
        figure.savefig(path, dpi=60, metadata={"Software": None})
        plt.close(figure)
    return path


def drawn(draw: Draw, scene: Scene) -> Figure:
    made = draw(scene)
    figure = made if isinstance(made, Figure) else made.figure
    assert isinstance(figure, Figure)
    return figure


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


def lines_of(figure: Figure) -> list[Line2D]:
    """The lines and rows of points that are seen: two points or more inside the axes."""
    found = []
    for line in (line for ax in figure.axes for line in ax.lines):
        (left, right), (low, high) = sorted(line.axes.get_xlim()), sorted(line.axes.get_ylim())
        x, y = (np.asarray(values, float) for values in line.get_data())
        caps = line.get_marker() == "_" and line.get_linestyle() == "None"  # of bars, hidden where seeds agree
        if not caps and len(x) > 2 and ((x >= left) & (x <= right) & (y > low) & (y < high)).sum() > 2:
            found.append(line)
    return found


@pytest.mark.parametrize("name", ["loss_by_ratio", "loss_by_tokens", "tradeoff", "critical_ratio", "residuals_params"])
def test_a_missing_line_is_seen(name: str, scene: Scene, tmp_path: Path) -> None:
    count = len(lines_of(drawn(PICTURES[name], scene)))
    assert count
    for i in range(count):
        made = picture(PICTURES[name], scene, tmp_path / f"{name}.png", lambda f, i=i: lines_of(f)[i].remove())
        assert difference(name, made) is not None, i


def shown(figure: Figure) -> dict[Text, Bbox]:
    """The texts that are drawn and where; labels of ticks beyond the end of their axis are there and are not drawn."""
    figure.canvas.draw()
    unseen: set[Text] = set()
    for axis in (axis for ax in figure.axes for axis in (ax.xaxis, ax.yaxis)):
        low, high = sorted(axis.get_view_interval())
        ticks = zip(axis.get_majorticklocs(), axis.get_majorticklabels(), strict=False)
        unseen |= {*axis.get_minorticklabels(), *(label for at, label in ticks if not low <= at <= high)}
    texts = [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip() and t not in unseen]
    return {text: text.get_window_extent() for text in texts}


def inside(box: Bbox) -> Bbox:
    """A text's box without the margin that its letters leave."""
    return box.padded(-1.5)


@pytest.mark.parametrize("name", PICTURES)
def test_no_text_is_cut_off_or_written_over_another(name: str, scene: Scene) -> None:
    with plt.style.context("default", after_reset=True):
        figure = drawn(PICTURES[name], scene)
        boxes = shown(figure)
        width, height = figure.canvas.get_width_height()
        for text, box in boxes.items():
            assert -1 <= box.x0 <= box.x1 <= width + 1, text
            assert -1 <= box.y0 <= box.y1 <= height + 1, text
        assert not [(a, b) for a, b in combinations(boxes, 2) if inside(boxes[a]).overlaps(inside(boxes[b]))]
