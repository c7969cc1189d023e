"""What all pictures share: colours that colour-blind eyes tell apart, markers, and plain axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

Key = TypeVar("Key", float, str)

# Okabe and Ito's palette without its yellow, which does not print.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
GREY = "#666666"


def axes(ax: Axes | None) -> Axes:
    """The given Axes, or one on a new figure of its own."""
    if ax is None:
        _, ax = plt.subplots(figsize=(6.0, 4.2), layout="constrained")
    ax.grid(True, color="0.9", linewidth=0.6)
    ax.set_axisbelow(True)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    return ax


def by_category(keys: Sequence[Key]) -> dict[Key, tuple[str, str]]:
    """A colour and a marker for each key, in their order; they repeat after seven."""
    return {key: (COLOURS[i % len(COLOURS)], MARKERS[i % len(MARKERS)]) for i, key in enumerate(keys)}


def by_order(keys: Sequence[float]) -> dict[float, tuple[float, float, float, float]]:
    """A colour for each key from one map that darkens evenly, for things that have an order."""
    shades = mpl.colormaps["viridis"]
    last = max(1, len(keys) - 1)
    return {key: shades(0.9 * i / last) for i, key in enumerate(keys)}
