"""How well a fit follows its table: observed against predicted, and what is left over."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from scaling.errors import InputError
from scaling.fitting import Fit
from scaling.fitting.validation.residuals import residuals
from scaling.plotting import style
from scaling.runs import Runs
from scaling.units import counted, format_count

AXES = {"params": "params (non-embedding)", "tokens": "CPT tokens", "ratio": "ratio (domain share of CPT tokens)"}
MARGIN = 0.15  # of what the fitted rows span, on either side of them


def plot_observed_predicted(runs: Runs, fit: Fit, corpus: str = "general", *, ax: Axes | None = None) -> Axes:
    """Draw every row's loss against what the law says of it, a colour and marker a size, with the line where both agree.

    Filled points are rows that were fitted, hollow grey ones were left out (burn-in, or outside of what the fit was made
    from). Nats per token: losses, or for a law of changes the change over the base loss, as the axes say. Raises
    `InputError` for a corpus that the fit lacks and a table that its law cannot use.
    """
    rows = _rows(runs, fit, corpus)
    ax = style.axes(ax, (5.0, 4.6))
    _points(ax, rows, "predicted", "observed", "params")
    low, high = _span(rows[["observed", "predicted"]], rows["fitted"])
    ax.plot([low, high], [low, high], color=style.GREY, linewidth=1, zorder=1, label="observed = predicted")
    what = _what(fit, corpus)
    ax.set(
        xlim=(low, high),
        ylim=(low, high),
        xlabel=f"predicted {what} (nats/token)",
        ylabel=f"observed {what}\n(nats/token)",  # in one line it is longer than a low figure
    )
    ax.set_aspect("equal")
    _beyond(ax, rows, low, high, ("observed", "predicted"))
    ax.legend(title=_heading(rows, "params"), frameon=False, fontsize=style.SMALL)
    return ax


def plot_residuals(
    runs: Runs,
    fit: Fit,
    corpus: str = "general",
    *,
    by: Literal["params", "tokens", "ratio"] = "params",
    ax: Axes | None = None,
) -> Axes:
    """Draw observed less predicted (nats per token) over params, tokens or ratio, with the mean of the fitted rows at each.

    A colour and marker a size; over params, where sizes are apart anyway, a colour a ratio. Hollow grey points were left
    out of the fit; those far beyond the others are counted and not shown. Raises `InputError` as `plot_observed_predicted`
    does, and for another `by`.
    """
    if by not in AXES:
        raise InputError(f"by is {by!r}, but residuals are drawn by {', '.join(AXES)}")
    rows = _rows(runs, fit, corpus)
    rows = rows.assign(residual=rows["observed"] - rows["predicted"])
    ax = style.axes(ax)
    ax.axhline(0, color=style.GREY, linewidth=1, zorder=1)
    groups = "ratio" if by == "params" else "params"
    _points(ax, rows.assign(place=_dodged(rows, by, groups)), "place", "residual", groups)
    mean = rows[rows["fitted"]].groupby(by)["residual"].mean()
    ax.plot(
        mean.index, mean, "-", color="black", linewidth=1.4, marker="_", ms=11, mew=2, label="mean of fitted", zorder=4
    )
    low, high = _span(rows[["residual"]], rows["fitted"])
    ax.set_title(f"{corpus} loss", fontsize=10, loc="left")
    ax.set(ylim=(low, high), xlabel=AXES[by], ylabel="observed less predicted (nats/token)")
    if by != "ratio":
        ax.set_xscale("log")
    if by == "params":
        style.size_ticks(ax, sorted(rows["params"].unique()))
    elif by == "tokens":
        style.count_ticks(ax.xaxis)
    _beyond(ax, rows, low, high, ("residual",))
    ax.legend(title=_heading(rows, groups), frameon=False, fontsize=style.SMALL, loc="upper left",
              bbox_to_anchor=(1.0, 1.0))  # fmt: skip
    return ax


def _dodged(rows: pd.DataFrame, by: str, groups: str) -> style.Array:
    """Places (n,) on the axis beside each other for rows of one value, so that they do not hide each other."""
    x = rows[by].to_numpy(float) if by == "ratio" else np.log(rows[by].to_numpy(float))
    apart = np.diff(np.unique(np.round(x, 9)))
    rank = rows[groups].rank(method="dense").to_numpy(float) - 1
    width = 0.6 * float(apart.min()) if apart.size else 0.05
    moved = x + width * (rank / max(rank.max(), 1.0) - 0.5)
    return np.asarray(moved if by == "ratio" else np.exp(moved))


def _rows(runs: Runs, fit: Fit, corpus: str) -> pd.DataFrame:
    rows = residuals(runs, fit, corpus)
    rows = rows[np.isfinite(rows["predicted"])]
    if not rows["fitted"].any():
        raise InputError(f"{runs.source}: none of its rows of the {corpus} loss are like those that were fitted")
    return rows


def _what(fit: Fit, corpus: str) -> str:
    change = fit.corpora[corpus].law.target == "delta"
    return f"change of {corpus} loss over base" if change else f"{corpus} loss"


def _points(ax: Axes, rows: pd.DataFrame, x: str, y: str, by: str) -> None:
    """Rows left out, then those fitted, a look for each value of `by`."""
    out, rows = rows[~rows["fitted"]], rows[rows["fitted"]]
    if len(out):
        ax.plot(out[x], out[y], "o", color="0.6", mfc="none", ms=3.5, mew=0.7, label="left out of the fit", zorder=2)
    keys = sorted(rows[by].unique())
    shades, shown = style.by_order(keys), style.named(keys)
    for i, (key, (colour, marker)) in enumerate(style.by_category(keys).items()):
        own = rows[rows[by] == key]
        name = None if key not in shown else format_count(key) if by == "params" else f"{key:g}"
        shade = colour if by == "params" else shades[key]
        marker = style.MARKERS[i % len(style.MARKERS)] if by == "ratio" else marker
        ax.plot(own[x], own[y], marker, color=shade, ms=4, mew=0, alpha=0.8, label=name, zorder=3)


def _heading(rows: pd.DataFrame, by: str) -> str:
    """The legend's title for `_points`."""
    return style.heading(by, list(rows.loc[rows["fitted"], by].unique()))


def _span(values: pd.DataFrame, fitted: pd.Series[bool]) -> tuple[float, float]:
    """Limits that hold the fitted rows with a margin; what was left out may lie far off."""
    kept = values[fitted].to_numpy(float)
    low, high = float(kept.min()), float(kept.max())
    margin = MARGIN * (high - low) or 0.01
    return low - margin, high + margin


def _beyond(ax: Axes, rows: pd.DataFrame, low: float, high: float, columns: tuple[str, ...]) -> None:
    """Say how many rows the axes do not show."""
    outside = ((rows[list(columns)] < low) | (rows[list(columns)] > high)).any(axis=1)
    count = int(outside.sum())
    if count:
        note = f"{counted(count, 'row')} left out of the fit beyond the axes"
        ax.set_title(note, fontsize=style.SMALL, loc="right", color=style.GREY)
