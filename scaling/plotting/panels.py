"""What one wants to see of a fit first, on one page."""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scaling.fitting import Fit
from scaling.plotting import style
from scaling.plotting.parameters import plot_parameters
from scaling.plotting.ratio import curve, label, plot_loss_by_ratio
from scaling.runs import Runs
from scaling.units import format_count


def plot_fit(fit: Fit, runs: Runs | None = None) -> Figure:
    """Draw a fit as one figure, a row a corpus: its loss against the ratio, and its parameters with their intervals.

    The general loss is drawn as its change over the base loss where the table has that for every size that was fitted. With
    `runs`, the table that was fitted, each finished run is a point and a curve is drawn for each of its sizes; without,
    curves are of the smallest and largest size and those with a base loss between, at the largest token count.
    """
    corpora = list(fit.corpora)
    figure, grid = plt.subplots(
        len(corpora), 2, figsize=(14.0, 4.3 * len(corpora)), layout="constrained", squeeze=False, width_ratios=(1, 1)
    )
    for (left, right), corpus in zip(grid, corpora, strict=True):
        over_base = _over_base(fit, corpus, runs)
        if runs is None:
            _curves(left, fit, corpus, over_base)
        else:
            plot_loss_by_ratio(runs, fit, corpus, over_base=over_base, ax=left)
        plot_parameters(fit, corpus, ax=right)
    figure.suptitle(f"{fit.law.title} fitted to {fit.provenance.source}", fontsize=12)
    return figure


def _over_base(fit: Fit, corpus: str, runs: Runs | None) -> bool:
    """Whether the change over the base loss can be drawn and is what one looks at."""
    if fit.corpora[corpus].law.target == "delta":
        return True
    if corpus != "general":
        return False
    bases = fit.base_losses(corpus)
    wanted = _sizes(fit, corpus) if runs is None else list(runs.finished(corpus)["params"].unique())
    return all(bases.at(size) is not None for size in wanted)


def _sizes(fit: Fit, corpus: str) -> list[float]:
    """The sizes that a fit knows to have been probed: the ends of its range, and bases inside it."""
    low, high = fit.corpora[corpus].ranges["params"]
    return sorted({low, high, *(n for n in fit.base_losses(corpus).params if low <= n <= high)})


def _curves(ax: Axes, fit: Fit, corpus: str, over_base: bool) -> None:
    """The law alone, a curve a size."""
    style.axes(ax)
    tokens = fit.corpora[corpus].ranges["tokens"][1]
    for size, (colour, _) in style.by_category(_sizes(fit, corpus)).items():
        # A law of changes does not look at the base loss, which may be missing.
        base = (fit.base_losses(corpus).at(size) or 0.0) if over_base else None
        curve(ax, fit, corpus, size, tokens, base, colour)
        ax.plot([], [], color=colour, label=format_count(size))
    label(ax, corpus, over_base)
    ax.legend(title="params", frameon=False, fontsize=style.SMALL)
