"""Marks too many to be shapes are an image inside the SVG, so that a page does not grow with its table.

Axes, text, laws and intervals stay shapes. Thousands of marks lie over each other, and each of them would cost a hundred bytes.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from PIL import Image

MOST = 700  # marks that a pair of axes keeps as shapes, about 90 KB of them
FEW = 40  # marks that an artist keeps as shapes beside an image: means, the rows of one small group
LARGEST = 120_000  # characters of a figure; one with more has its curves in the image too
DPI = 200  # of the image: two pixels or more to one of the screen
COLOURS = 128  # of its palette; dense marks have a few colours and their blends
_EMBEDDED = re.compile(r"(data:image/png;base64,)([A-Za-z0-9+/=\s]+)")
_PLACES = re.compile(r'(?<= )(?:d|x|y)="[^"]*"')
_DIGITS = re.compile(r"(\.\d\d)\d+")


def rasterise_marks(canvas: Figure) -> int:
    """Turn the marks of axes with more than `MOST` into an image when the figure is saved; returns how many that are."""
    return sum(_marks_of(axes) for axes in canvas.axes)


def rasterise_all(canvas: Figure) -> None:
    """Turn everything but axes and text into an image when the figure is saved."""
    for axes in canvas.axes:
        for artist in (*axes.lines, *axes.collections):
            artist.set_rasterized(True)


def smaller(svg: str) -> str:
    """The same to the eye in fewer bytes: places to a hundredth of a point, images with a palette."""
    svg = _PLACES.sub(lambda found: _DIGITS.sub(r"\1", found[0]), svg)
    return _EMBEDDED.sub(lambda found: found[1] + _palette(found[2]), svg)


def _marks_of(axes: Axes) -> int:
    sizes = dict(_marks(axes))
    if sum(sizes.values()) <= MOST:
        return 0
    crumbs = sum(size for size in sizes.values() if size <= FEW)
    few = 0 if crumbs > MOST else FEW
    many = {artist: size for artist, size in sizes.items() if size > few}
    for artist in many:
        artist.set_rasterized(True)
    return sum(many.values())


def _marks(axes: Axes) -> Iterator[tuple[Artist, int]]:
    """Artists that draw data, with their marks or bars; curves and bands have none."""
    for line in axes.lines:
        if isinstance(line, Line2D) and line.get_marker() not in (None, "", " ", "None"):
            yield line, np.size(line.get_xdata())
    for bars in axes.collections:
        if isinstance(bars, LineCollection):
            yield bars, len(bars.get_segments())


def _palette(encoded: str) -> str:
    image = Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGBA")
    reduced = image.quantize(COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    reduced.save(buffer, format="png", compress_level=6)
    return base64.b64encode(buffer.getvalue()).decode()
