"""Figures of a page stay small whatever the number of rows."""

import numpy as np
import pytest
from matplotlib.axes import Axes

from scaling.report.figures import _figure


def drawn(points: int, kind: str) -> str:
    x, y = np.random.default_rng(0).uniform(size=(2, points))

    def drawing(ax: Axes) -> Axes:
        if kind == "marks":
            ax.plot(x, y, "o", label="runs")
        elif kind == "scatter":
            ax.scatter(x, y)
        else:
            for k in range(points // 20):
                ax.plot(x[20 * k : 20 * k + 20], y[20 * k : 20 * k + 20])
        ax.plot([0, 1], [0, 1], label="law")
        ax.set_xlabel("ratio")
        return ax

    figure = _figure("A figure", "Many points.", drawing, False)
    assert ("picture" in figure.caption) == ("<image" in figure.svg)
    return figure.svg


@pytest.mark.parametrize("kind", ["marks", "scatter", "lines"])
def test_many_points_are_one_picture(kind: str) -> None:
    few, many, more = (drawn(points, kind) for points in (200, 7_200, 30_000))
    assert "<image" not in few
    assert many.count("<image") >= 1
    assert len(more) < 750_000
    assert many.count("<use") < 100
    for svg in (few, many):
        assert "ratio" in svg  # text stays text
