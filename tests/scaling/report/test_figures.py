"""A figure of the page is drawn once, and a second time only where its curves are too many; images are sharp in both."""

import base64
import io
import re

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure as Canvas
from PIL import Image

from scaling.report import dense
from scaling.report.figures import _figure

EMBEDDED = re.compile(r"data:image/png;base64,([A-Za-z0-9+/=\s]+)")


def curves(count: int, ax: Axes) -> Axes:
    for y in np.random.default_rng(0).uniform(size=(count, 20)):
        ax.plot(np.linspace(0, 1, 20), y)
    ax.set_xlabel("ratio")
    return ax


@pytest.mark.parametrize(("count", "drawings"), [(5, 1), (400, 2)])
def test_a_figure_is_drawn_once_if_it_is_small(monkeypatch: pytest.MonkeyPatch, count: int, drawings: int) -> None:
    times, once = [], Canvas.draw

    def counted(canvas: Canvas, renderer: RendererBase) -> None:
        times.append(renderer)
        once(canvas, renderer)

    monkeypatch.setattr(Canvas, "draw", counted)
    svg = _figure("A figure", "Curves.", lambda ax: curves(count, ax), False).svg
    assert len(times) == drawings
    assert ">ratio<" in svg
    widths = [Image.open(io.BytesIO(base64.b64decode(one))).width for one in EMBEDDED.findall(svg)]
    assert bool(widths) == (drawings == 2)
    assert all(width > 4 * dense.DPI for width in widths)  # the curves take more than 4 of the 6 inches
