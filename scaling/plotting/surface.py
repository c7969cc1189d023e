"""A fitted loss over ratio and tokens at one size."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from scaling.errors import InputError
from scaling.fitting import Fit
from scaling.nearness import SAME
from scaling.planning.rise import general_rise
from scaling.planning.target import NotIdentified, Target
from scaling.plotting import style
from scaling.plotting.style import Array

RATIOS, COUNTS, LEVELS = 181, 61, 12
QUANTILES = (0.01, 0.97)  # of the surface that the colours span: at an end without any text of its own it is a cliff


def plot_surface(
    fit: Fit,
    params: float,
    tokens: float | None = None,
    corpus: str = "general",
    *,
    tolerance: float | None = None,
    base_general_loss: float | None = None,
    base_tokens: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a fitted loss at one size as filled contours over ratio and tokens (log), in nats per token.

    For the general corpus it is the change over the base loss where that is known or the law gives it, with `tolerance`
    (nats) as a thick line; where a fit has no base losses, and for the domain corpus, it is the loss. Tokens run over what
    was fitted and as far as `tokens`. Hatched is what lies outside of the probed tokens and ratios. Base loss and base
    tokens of the target as in `scaling.critical_ratio`. Raises `InputError` for a corpus that the fit lacks, a tolerance
    without a change over the base loss, and where the fit cannot answer.
    """
    made = _Surface(fit, corpus, params, base_general_loss, base_tokens)
    one = fit.corpora[corpus]
    ratio = np.linspace(0, 1, RATIOS)
    low, high = one.ranges["tokens"]
    asked = high if tokens is None else tokens
    Target(params, asked, 0.0, level=fit.level)  # refuses a target that makes no sense
    counts = np.geomspace(min(low, asked), max(high, asked), COUNTS)
    values, what = made.values(ratio, counts)
    if tolerance is not None and not what.startswith("change of general"):
        raise InputError(
            "a tolerance is of the change of the general loss over the base, which this surface does not show"
        )
    if counts[-1] <= counts[0]:
        raise InputError("there is one token count only, and a surface needs a range of them")
    ax = style.axes(ax, (6.4, 4.4))
    _contours(ax, ratio, counts, values, what)
    if tolerance is not None:
        _tolerance(ax, ratio, counts, values, tolerance)
    _outside(ax, fit, corpus, counts)
    ax.set(yscale="log", xlabel="ratio (domain share of CPT tokens)", ylabel="CPT tokens", xlim=(0, 1))
    ax.set_ylim(counts[0], counts[-1])
    style.count_ticks(ax.yaxis)
    ax.set_title(style.target(one, params), fontsize=10, loc="left")
    return ax


@dataclass(frozen=True)
class _Surface:
    fit: Fit
    corpus: str
    params: float
    base_general_loss: float | None
    base_tokens: float | None

    def __post_init__(self) -> None:
        if self.corpus not in self.fit.corpora:
            raise InputError(f"{self.fit.provenance.source}: the fit has no {self.corpus} corpus")

    def values(self, ratio: Array, counts: Array) -> tuple[Array, str]:
        """Values (tokens, ratios), NaN where the law is infinite, and what they are."""
        try:
            found, what = self._change(ratio, counts) if self.corpus == "general" else self._loss(ratio, counts)
        except NotIdentified as reason:
            raise InputError(f"there is no surface to draw: {reason}") from None
        return np.where(np.isfinite(found), found, np.nan), what

    def _change(self, ratio: Array, counts: Array) -> tuple[Array, str]:
        assert self.fit.general is not None
        # One curve is enough, and the draws are most of the work.
        alone = replace(self.fit, general=replace(self.fit.general, draws=self.fit.general.draws[:0]))
        known = self.fit.base_losses("general") or self.base_general_loss is not None
        if not known and alone.corpora["general"].law.target == "loss":
            return self._loss(ratio, counts)
        lines = []
        for tokens in counts:
            question = Target(
                self.params,
                float(tokens),
                0.0,
                level=self.fit.level,
                base_general_loss=self.base_general_loss,
                base_tokens=self.base_tokens,
            )
            rise = general_rise(alone, question)
            lines.append(rise(ratio)[0])
        return np.array(lines), "change of general loss over base"

    def _loss(self, ratio: Array, counts: Array) -> tuple[Array, str]:
        one = self.fit.corpora[self.corpus]
        found = one.curve(self.params, counts[:, None], ratio)
        change = one.law.target == "delta"
        return found, f"change of {self.corpus} loss over base" if change else f"{self.corpus} loss"


def _contours(ax: Axes, ratio: Array, counts: Array, values: Array, what: str) -> None:
    """Filled contours with a scale, thin lines between them for eyes and printers without colours."""
    low, high = np.nanquantile(values, QUANTILES)
    levels = MaxNLocator(LEVELS).tick_values(low, high)
    filled = ax.contourf(ratio, counts, values, levels=levels, cmap="cividis_r", extend="both")
    ax.contour(ratio, counts, values, levels=levels, colors="white", linewidths=0.4)
    assert ax.figure is not None
    ax.figure.colorbar(filled, ax=ax, label=f"{what} (nats/token)")


def _tolerance(ax: Axes, ratio: Array, counts: Array, values: Array, tolerance: float) -> None:
    """The line along which the rise is the tolerance, as long as there is one."""
    name = f"tolerance {tolerance:g}"
    if np.nanmin(values) < tolerance < np.nanmax(values):
        ax.contour(ratio, counts, values, levels=[tolerance], colors=style.COLOURS[1], linewidths=2.2)
    else:
        name += f": {'no' if np.nanmin(values) >= tolerance else 'every'} ratio passes"
    ax.plot([], [], color=style.COLOURS[1], linewidth=2.2, label=name)
    ax.legend(fontsize=style.SMALL, loc="lower right", bbox_to_anchor=(1.0, 1.0), frameon=False, borderaxespad=0.2)


def _outside(ax: Axes, fit: Fit, corpus: str, counts: Array) -> None:
    """Veil and hatch what was not probed."""
    ranges = fit.corpora[corpus].ranges
    look: dict[str, Any] = {"facecolor": (1, 1, 1, 0.35), "edgecolor": style.GREY, "hatch": "///", "linewidth": 0.0}
    (left, right), (low, high) = ranges["ratio"], ranges["tokens"]
    for begin, end in ((0.0, left), (right, 1.0)):
        if end > begin:
            ax.axvspan(begin, end, **look)
    for begin, end in ((counts[0], low), (high, counts[-1])):
        if end > begin * (1 + SAME):
            ax.axhspan(begin, end, **look)
