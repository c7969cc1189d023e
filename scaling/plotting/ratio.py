"""Loss against ratio at one token count, a curve a model size."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from scaling.errors import InputError
from scaling.fitting import Fit
from scaling.plotting import style
from scaling.runs import Runs
from scaling.units import format_count


def plot_loss_by_ratio(
    runs: Runs,
    fit: Fit | None = None,
    corpus: str = "general",
    *,
    over_base: bool = False,
    tolerance: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw finished runs as points over the ratio, and a fit as curves with its mean interval.

    Each size is shown at its largest token count. With `over_base` the change over the base loss is drawn instead of
    the loss, and `tolerance` (nats) as a line; sizes without a base loss are then left out. Loss in nats per token.
    Raises `InputError` where the table has no such loss.
    """
    rows = runs.finished(corpus)
    base = runs.base(corpus).set_index("params")["loss"]
    sizes = sorted(size for size in rows["params"].unique() if not over_base or size in base.index)
    if not sizes:
        raise InputError(f"{runs.source}: there is no {corpus} loss to draw{' over a base loss' if over_base else ''}")
    ax = style.axes(ax)
    for size, (colour, marker) in style.by_category(sizes).items():
        own = rows[rows["params"] == size]
        zero = float(base[size]) if over_base else 0.0
        ax.plot(own["ratio"], own[f"{corpus}_loss"] - zero, marker, color=colour, label=format_count(size), ms=5)
        if fit is not None and corpus in fit.corpora:
            _curve(ax, fit, corpus, size, float(own["tokens"].iloc[0]), zero, colour)
    if tolerance is not None:
        ax.axhline(tolerance, color=style.GREY, linestyle="--", linewidth=1)
        ax.annotate(f"tolerance {tolerance:g}", (0.0, tolerance), xytext=(2, 3), textcoords="offset points", fontsize=8)
    what = f"change of {corpus} loss over base" if over_base else f"{corpus} loss"
    ax.set(xlabel="ratio (domain share of CPT tokens)", ylabel=f"{what} (nats/token)", xlim=(-0.02, 1.02))
    shown = rows[rows["params"].isin(sizes)]
    zero_of = base if over_base else 0.0 * base
    _cut_cliff(ax, shown["ratio"], shown[f"{corpus}_loss"] - shown["params"].map(zero_of).fillna(0.0), corpus)
    ax.legend(title="params", frameon=False, fontsize=8)
    return ax


def _cut_cliff(ax: Axes, ratio: pd.Series, values: pd.Series, corpus: str) -> None:
    """Without any text of its own a corpus' loss jumps; keep that end from flattening the rest, and say where it is."""
    end = 1.0 if corpus == "general" else 0.0
    cliff, rest = values[ratio == end], values[ratio != end]
    if cliff.empty or rest.nunique() < 3 or cliff.max() - rest.max() < 0.75 * np.ptp(rest):
        return
    margin = 0.08 * float(np.ptp(rest))
    ax.set_ylim(float(rest.min()) - margin, float(rest.max()) + 2 * margin)
    note = f"ratio {end:g}: {cliff.min():.2f} to {cliff.max():.2f}, beyond the axis"
    side = "right" if end == 1.0 else "left"
    ax.annotate(note, (end, 1.0), xycoords=("data", "axes fraction"), ha=side, va="bottom", fontsize=8)


def _curve(ax: Axes, fit: Fit, corpus: str, size: float, tokens: float, zero: float, colour: str) -> None:
    ratio = np.linspace(0, 1, 201)
    loss = fit.predict_corpus(corpus, size, tokens, ratio)
    ax.plot(ratio, loss.value - zero, color=colour, linewidth=1.4)
    if np.isfinite(loss.low).all():
        ax.fill_between(ratio, loss.low - zero, loss.high - zero, color=colour, alpha=0.15, linewidth=0)
