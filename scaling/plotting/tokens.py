"""Loss against tokens, a curve a ratio, with the transient that comes before the burn-in."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from scaling.errors import InputError
from scaling.fitting import Fit
from scaling.plotting import style
from scaling.runs import Runs
from scaling.units import format_count


def plot_loss_by_tokens(
    runs: Runs, fit: Fit | None = None, corpus: str = "general", *, params: float | None = None, ax: Axes | None = None
) -> Axes:
    """Draw every run of one size over its tokens: measured points joined by thin lines, the fit dashed.

    `params` is the size, by default the largest in the table. The fit is drawn from its burn-in on; what lies before is
    shaded, since it was left out. Loss in nats per token. Raises `InputError` for a size that is not in the table.
    """
    rows = runs.rows(corpus)
    size = float(rows["params"].max()) if params is None else params
    rows = rows[np.isclose(rows["params"], size, rtol=0.01)]
    if rows.empty:
        raise InputError(f"{runs.source}: there is no {corpus} loss at {format_count(size)} params to draw")
    ax = style.axes(ax)
    last = float(rows["tokens"].max())
    start = max(float(rows["tokens"].min()), last * fit.burn_in if fit else 0.0)
    grid = np.geomspace(start, last, 100)
    for ratio, colour in style.by_order(sorted(rows["ratio"].unique())).items():
        for i, (_, run) in enumerate(rows[rows["ratio"] == ratio].groupby("run")):
            label = f"{ratio:g}" if i == 0 else None
            ax.plot(run["tokens"], run[f"{corpus}_loss"], "o-", color=colour, ms=3, lw=0.6, label=label)
        if fit is not None and corpus in fit.corpora:
            ax.plot(grid, fit.predict_corpus(corpus, size, grid, ratio).value, "--", color=colour, linewidth=1.4)
    if fit and start > rows["tokens"].min():
        ax.axvspan(float(rows["tokens"].min()) * 0.9, start, color="0.92", zorder=0)
        ax.annotate("burn-in, not fitted", (start, 0.99), xycoords=("data", "axes fraction"), xytext=(-3, 0),
                    textcoords="offset points", ha="right", va="top", fontsize=8, color=style.GREY)  # fmt: skip
    ax.set(xscale="log", xlabel="CPT tokens", ylabel=f"{corpus} loss (nats/token)")
    ax.set_title(f"{format_count(size)} params", fontsize=10, loc="left")
    ax.legend(title="ratio", frameon=False, fontsize=8, ncols=2)
    return ax
