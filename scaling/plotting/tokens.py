"""Loss against tokens, a curve a ratio, with the transient that comes before the burn-in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from scaling.errors import InputError
from scaling.fitting import Fit
from scaling.nearness import SAME
from scaling.plotting import style
from scaling.runs import Runs
from scaling.units import format_count


def plot_loss_by_tokens(
    runs: Runs, fit: Fit | None = None, corpus: str = "general", *, params: float | None = None, ax: Axes | None = None
) -> Axes:
    """Draw every run of one size over its tokens: measured points joined by thin lines, the fit as thick ones.

    `params` is the size, by default the largest in the table. The fit is drawn with its mean interval from its burn-in on;
    what lies before is shaded, since it was left out. The base loss, where known, is dotted. Loss in nats per token. Raises
    `InputError` for a size that is not in the table.
    """
    rows = runs.rows(corpus)
    size = params if params is not None else float(rows["params"].max()) if len(rows) else 0.0
    rows = rows[np.isclose(rows["params"], size, rtol=SAME)]
    if rows.empty:
        raise InputError(f"{runs.source}: there is no {corpus} loss at {format_count(size)} params to draw")
    ax = style.axes(ax)
    first, last = float(rows["tokens"].min()), float(rows["tokens"].max())
    start = max(first, last * fit.burn_in if fit else 0.0)
    ratios = sorted(rows["ratio"].unique())
    shown = style.named(ratios)
    for i, (ratio, colour) in enumerate(style.by_order(ratios).items()):
        name = f"{ratio:g}" if ratio in shown else None
        look = {"color": colour, "marker": style.MARKERS[i % len(style.MARKERS)], "label": name}
        _runs(ax, rows[rows["ratio"] == ratio], corpus, look)
        if fit is not None and corpus in fit.corpora:
            _law(ax, fit, corpus, size, np.geomspace(start, last, 100), float(ratio), colour)
    if start > first:
        ax.axvspan(first * 0.9, start, color="0.93", zorder=0)
        ax.annotate("burn-in, not fitted", (start, 0.99), xycoords=("data", "axes fraction"), xytext=(-3, 0),
                    textcoords="offset points", ha="right", va="top", fontsize=style.SMALL, color=style.GREY)  # fmt: skip
    style.cut_cliff(ax, rows["ratio"], rows[f"{corpus}_loss"], corpus)
    _base(ax, runs, corpus, size)
    ax.set(xscale="log", xlabel="CPT tokens", ylabel=f"{corpus} loss (nats/token)")
    style.count_ticks(ax.xaxis)
    ax.set_title(f"{format_count(size)} params", fontsize=10, loc="left")
    ax.legend(
        title=style.heading("ratio", ratios),
        frameon=False,
        fontsize=style.SMALL,
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
    )
    return ax


def _runs(ax: Axes, rows: pd.DataFrame, corpus: str, look: dict[str, Any]) -> None:
    """The runs of one ratio."""
    for _, run in rows.groupby("run"):
        ax.plot(run["tokens"], run[f"{corpus}_loss"], "-", ms=3.5, mew=0, lw=0.5, zorder=3, **look)
        look = {**look, "label": None}


def _law(ax: Axes, fit: Fit, corpus: str, size: float, tokens: style.Array, ratio: float, colour: Any) -> None:
    """The law at one ratio, with its interval."""
    loss, one = fit.predict_corpus(corpus, size, tokens, ratio), fit.corpora[corpus]
    # The burn-in ends between two checkpoints; from there on the law claims to hold.
    inside = np.full(len(tokens), bool(style.probed(one, "ratio", ratio)))
    style.law_line(ax, tokens, loss.value, inside, color=colour, linewidth=2.0, alpha=0.7)
    style.band(ax, tokens, loss.low, loss.high, inside, colour)


def _base(ax: Axes, runs: Runs, corpus: str, size: float) -> None:
    """The loss before CPT as a line, if it is near what is drawn."""
    base = runs.base(corpus)
    own = base.loc[np.isclose(base["params"], size, rtol=SAME), "loss"]
    low, high = ax.get_ylim()
    if len(own) and low <= own.iloc[0] <= high:
        ax.axhline(float(own.iloc[0]), color=style.GREY, linestyle=":", linewidth=1.2, label="base loss", zorder=1)
