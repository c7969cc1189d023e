"""What all pictures share: colours that colour-blind eyes tell apart, markers, plain axes, and what lies beyond the probes.

Everywhere a solid line is a law inside what was probed and a dashed one the same law beyond it; filled points are rows that
were fitted, hollow ones are not; a pale band is the interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from scaling.arrays import Array as Array
from scaling.arrays import Mask as Mask
from scaling.fitting import CorpusFit
from scaling.nearness import SAME
from scaling.units import format_count

Key = TypeVar("Key", float, str)

# Okabe and Ito's palette without its yellow, which does not print.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
GREY = "#666666"
SMALL = 8  # points, of legends and notes
MOST_NAMED = 12  # keys in a legend; with more it is taller than its figure and leaves the axes no room
MOST_TICKS = 7  # sizes written along an axis


def axes(ax: Axes | None, size: tuple[float, float] = (6.0, 4.2)) -> Axes:
    """The given Axes, or one on a new figure of its own of that size (inches)."""
    if ax is None:
        _, ax = plt.subplots(figsize=size, layout="constrained")
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
    return {key: shades(0.88 * i / last) for i, key in enumerate(keys)}


def named(keys: Sequence[Key], most: int = MOST_NAMED) -> tuple[Key, ...]:
    """The keys that a legend or an axis names: all, or of many `most` in even steps with both ends."""
    if len(keys) <= most:
        return tuple(keys)
    return tuple(keys[round(place)] for place in np.linspace(0, len(keys) - 1, most))


def heading(what: str, keys: Sequence[Key]) -> str:
    """The title of a legend of keys, which says whether it names them all."""
    return what if len(keys) <= MOST_NAMED else f"{what}, {MOST_NAMED} of {len(keys)}"


def law_line(ax: Axes, x: Array, y: Array, inside: Mask, **options: Any) -> None:
    """A law over x (n,): solid where `inside` (n,) holds, dashed elsewhere; the two meet at the last point inside."""
    if inside.any():
        ax.plot(x, np.where(inside, y, np.nan), **options)
    if not inside.all():
        dashed = {**options, "linestyle": (0, (4, 2)), "label": None if inside.any() else options.get("label")}
        ax.plot(x, np.where(_beyond(inside), y, np.nan), **dashed)


def band(ax: Axes, x: Array, low: Array, high: Array, inside: Mask, colour: Any) -> None:
    """An interval over x (n,), paler where `inside` (n,) does not hold; nothing where there is none."""
    known = np.isfinite(low) & np.isfinite(high)
    for where, alpha in ((inside, 0.2), (_beyond(inside), 0.09)):
        if (where & known).any():
            ax.fill_between(x, low, high, where=where & known, color=colour, alpha=alpha, linewidth=0)


def _beyond(inside: Mask) -> Mask:
    """What is not inside, with the points inside next to it."""
    padded = np.concatenate([inside[:1], inside, inside[-1:]])
    return np.asarray(~inside | ~(padded[:-2] & padded[2:]))


def probed(one: CorpusFit, name: str, values: npt.ArrayLike) -> Mask:
    """Whether values (n,) of "params", "tokens" or "ratio" lie inside what was fitted, to within 1 % of a count."""
    low, high = one.ranges[name]
    slack = 0.0 if name == "ratio" else SAME
    found = np.asarray(values, float)
    return np.asarray((found >= low * (1 - slack) - 1e-12) & (found <= high * (1 + slack) + 1e-12))


def target(one: CorpusFit, params: float, tokens: float | None = None) -> str:
    """The size and token count that a picture is of, with how far each lies beyond the probes."""
    parts = [f"{format_count(params)} params{_far(one, 'params', params, 'probe')}"]
    if tokens is not None:
        parts.append(f"{format_count(tokens)} tokens{_far(one, 'tokens', tokens, 'run', 'longest', 'earliest')}")
    return ", ".join(parts)


def _far(one: CorpusFit, name: str, value: float, what: str, most: str = "largest", least: str = "smallest") -> str:
    if probed(one, name, value).all():
        return ""
    low, high = one.ranges[name]
    return f" ({value / high:.3g}x the {most} {what})" if value > high else f" ({value / low:.2g}x the {least} {what})"


def size_ticks(ax: Axes, sizes: Sequence[float]) -> None:
    """A tick per model size on a log axis, written as 2.66M, where a few sizes would leave it without any number."""
    shown = named(sizes, MOST_TICKS)
    ax.set_xticks(list(shown), [format_count(size) for size in shown])
    ax.set_xticks([], minor=True)


def count_ticks(axis: Axis) -> None:
    """Numbers on a log axis of sizes or tokens as people write them, 100K or 2B; more of them where it is short."""
    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1.0,) if high > 300 * low else (1.0, 2.0, 5.0)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: format_count(value)))
    axis.set_minor_formatter(NullFormatter())


def cut_cliff(ax: Axes, ratio: pd.Series, values: pd.Series, corpus: str, left: bool = False) -> None:
    """Without any text of its own a corpus' loss jumps; keep that ratio from flattening the rest, and say where it is."""
    end = 1.0 if corpus == "general" else 0.0
    cliff, rest = values[ratio == end], values[ratio != end]
    if cliff.empty or rest.nunique() < 3 or cliff.max() - rest.max() < 0.75 * np.ptp(rest):
        return
    margin = 0.08 * float(np.ptp(rest))
    ax.set_ylim(float(rest.min()) - margin, float(rest.max()) + 2 * margin)
    ends = dict.fromkeys((f"{cliff.min():.2f}", f"{cliff.max():.2f}"))
    note = f"ratio {end:g}: {' to '.join(ends)}, beyond the axis"
    ax.annotate(note, (0.0 if left else 1.0, 1.0), xytext=(0, 2), xycoords="axes fraction", textcoords="offset points",
                ha="left" if left else "right", va="bottom", fontsize=SMALL)  # fmt: skip
