"""The critical ratio of a fit along an axis: model sizes or token counts, each a plan of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from scaling.arrays import Array
from scaling.fitting import Fit
from scaling.nearness import SAME
from scaling.planning.critical import critical_ratio
from scaling.planning.measured import measured_critical_ratio
from scaling.planning.plan import Plan
from scaling.planning.target import Target
from scaling.plotting import style
from scaling.plotting.checkpoints import checkpoints
from scaling.runs import Runs

POINTS = 20


def sizes(fit: Fit, last: float) -> Array:
    """Sizes in even steps of their log from the smallest probe to `last` or the largest probe.

    None is a probed one: there a plan takes the measured base loss and elsewhere a carried one, and the line would jump.
    """
    assert fit.general is not None
    low, high = fit.general.ranges["params"]
    grid = np.geomspace(low, max(last, high), POINTS) if max(last, high) > low * (1 + SAME) else np.array([low])
    for size in fit.base_losses("general").params:
        near = np.abs(grid / size - 1) < 2 * SAME
        grid = np.where(near & (grid < grid[-1]), size * (1 + 2 * SAME), grid)
        grid = np.where(near & (grid == grid[-1]), size / (1 + 2 * SAME), grid)
    return grid if len(grid) > 1 else np.array([low])


def counts(fit: Fit, tokens: float) -> Array:
    """Token counts in even steps of their log over what was fitted and as far as `tokens`."""
    assert fit.general is not None
    low, high = fit.general.ranges["tokens"]
    return np.unique(np.append(np.geomspace(min(low, tokens), max(high, tokens), POINTS), (low, high)))


def along(fit: Fit, targets: Sequence[Target]) -> Array:
    """Critical ratios (n, 3): value, low and high at each target; NaN where there is none."""
    plans = [critical_ratio(fit, target) for target in targets]
    return np.array([(plan.value, *plan.interval) for plan in plans])


def line(ax: Axes, x: Array, found: Array, inside: style.Mask, colour: str, name: str) -> None:
    """Critical ratios (n, 3) over x (n,) with their interval."""
    style.law_line(ax, x, found[:, 0], inside, color=colour, linewidth=1.4, label=name)
    style.band(ax, x, found[:, 1], found[:, 2], inside, colour)


def mark(ax: Axes, x: float, plan: Plan, colour: str, marker: str, name: str) -> None:
    """A plan with its interval at x: hollow at 0 where no ratio passes, named alone where the table cannot tell."""
    if plan.status == "not_identified":
        ax.plot([], [], " ", label=f"{name}: not identified")
        return
    value = plan.value if np.isfinite(plan.value) else 0.0
    low, high = (bound if np.isfinite(bound) else value for bound in plan.interval)
    bars = [[max(0.0, value - low)], [max(0.0, high - value)]]
    note = {"infeasible": ": no ratio passes", "unconstrained": ": every ratio passes"}.get(plan.status, "")
    face = "white" if plan.status == "infeasible" else colour
    ax.errorbar([x], [value], bars, fmt=marker, color=colour, mfc=face, capsize=3, label=name + note, zorder=4)


def measured(ax: Axes, x: pd.Series, known: pd.DataFrame, name: str = "measured in the probes", face: str = "") -> None:
    """Critical ratios that the runs themselves show, with the range over seeds."""
    # Where the runs of some seeds do not enclose a ratio, that of the mean may lie beyond those of the others.
    spread = [(known["ratio"] - known["low"]).clip(lower=0.0), (known["high"] - known["ratio"]).clip(lower=0.0)]
    look: dict[str, Any] = {"fmt": "o", "color": style.COLOURS[0], "capsize": 3, "zorder": 4, "label": name}
    ax.errorbar(x, known["ratio"], spread, mfc=face or style.COLOURS[0], **look)


def measured_by_tokens(runs: Runs, params: float, tolerance: float, relative: bool) -> pd.DataFrame:
    """What `measured_critical_ratio` says of one size were its runs over at each of their checkpoints, a row each."""
    table = runs.stage("auto")
    frame = table.frame
    own = np.isclose(frame["params"], params, rtol=SAME)
    rows = table.rows("general")
    rows = rows[np.isclose(rows["params"], params, rtol=SAME)]
    if rows.empty:
        return measured_critical_ratio(table, tolerance, relative=relative).iloc[:0]
    parts = []
    for tokens in checkpoints(rows):
        there = (frame["tokens"] == 0) | np.isclose(frame["tokens"], tokens, rtol=SAME)
        parts.append(measured_critical_ratio(table.select(own & there), tolerance, relative=relative))
    return pd.concat(parts, ignore_index=True)


def finish(ax: Axes, xlabel: str) -> Axes:
    """Axes of a critical ratio, and the legend."""
    ax.set(xscale="log", xlabel=xlabel, ylabel="critical ratio (domain share)", ylim=(-0.02, 1.02))
    style.count_ticks(ax.xaxis)
    ax.legend(frameon=False, fontsize=style.SMALL)
    return ax
