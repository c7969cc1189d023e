"""Loss against ratio: a curve a model size at the end of its runs, or a curve a token count of one size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from scaling.errors import InputError
from scaling.fitting import Estimate, Fit
from scaling.nearness import SAME
from scaling.plotting import style
from scaling.plotting.checkpoints import checkpoints
from scaling.runs import Runs
from scaling.units import format_count


def plot_loss_by_ratio(
    runs: Runs,
    fit: Fit | None = None,
    corpus: str = "general",
    *,
    by: Literal["params", "tokens"] = "params",
    params: float | None = None,
    over_base: bool = False,
    tolerance: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw runs as points over the ratio, and a fit as curves with its mean interval, dashed beyond the probed ratios.

    by: "params" shows each size at its largest token count (finished runs); "tokens" one size at up to five token counts,
    points hollow where the run goes on after them, curves where the fit is after its burn-in. params: that size, by
    default the largest; with by="params" all, or the one given. With `over_base` the change over the base loss is drawn
    instead of the loss; sizes without a base loss are then left out. tolerance: nats per token, a line, of the change
    over the base loss. Loss in nats per token. Raises `InputError` where the table has no such loss or size.
    """
    if by not in ("params", "tokens"):
        raise InputError(f'by is {by!r}, but loss against ratio is drawn by "params" or "tokens"')
    base = runs.base(corpus).set_index("params")["loss"]
    rows = runs.finished(corpus) if by == "params" else runs.rows(corpus)
    rows = rows[rows["params"].isin(base.index)] if over_base else rows
    rows = _of_size(rows, runs, corpus, by, params, over_base)
    rows = rows.assign(shown=rows[f"{corpus}_loss"] - (rows["params"].map(base) if over_base else 0.0))
    series = _sizes(rows) if by == "params" else _counts(rows, fit)
    ax = style.axes(ax)
    for one in series:
        one.draw(ax, fit, corpus, over_base)
    label(ax, corpus, over_base)
    if tolerance is not None:
        _tolerance(ax, tolerance)
    if by == "tokens":
        ax.set_title(f"{format_count(float(rows['params'].iloc[0]))} params", fontsize=10, loc="left")
    drawn = pd.concat([one.rows for one in series])
    style.cut_cliff(ax, drawn["ratio"], drawn["shown"], corpus, left=corpus == "domain" and by == "params")
    title = style.heading("params", list(rows["params"].unique())) if by == "params" else "CPT tokens"
    ax.legend(title=title, frameon=False, fontsize=style.SMALL)
    return ax


@dataclass(frozen=True)
class _Series:
    """Points of one size and token count, `shown` against ratio; hollow: those of runs that go on. label: None where the
    legend does not name them."""

    rows: pd.DataFrame
    label: str | None
    colour: Any
    marker: str
    hollow: bool = False
    fitted: bool = True

    def draw(self, ax: Axes, fit: Fit | None, corpus: str, over_base: bool) -> None:
        """Points, and the law at their size and token count."""
        face = "white" if self.hollow else self.colour
        x, y = self.rows["ratio"], self.rows["shown"]
        ax.plot(x, y, self.marker, color=self.colour, mfc=face, label=self.label, ms=5, zorder=3)
        if fit is not None and corpus in fit.corpora and self.fitted:
            params, tokens = (float(self.rows[name].iloc[0]) for name in ("params", "tokens"))
            base = float((self.rows[f"{corpus}_loss"] - y).iloc[0]) if over_base else None
            curve(ax, fit, corpus, params, tokens, base, self.colour)


def curve(ax: Axes, fit: Fit, corpus: str, params: float, tokens: float, base: float | None, colour: Any) -> None:
    """The law over the ratio with its interval: the loss, or with `base` the change over that base loss."""
    one = fit.corpora[corpus]
    ratio = np.unique(np.concatenate([np.linspace(0, 1, 201), one.ranges["ratio"]]))
    loss: Estimate[Any]
    if base is not None and one.law.target == "delta":
        loss = one.predict(params, tokens, ratio)
    else:
        loss = fit.predict_corpus(corpus, params, tokens, ratio).shifted(-(base or 0.0))
    inside = style.probed(one, "ratio", ratio)
    style.law_line(ax, ratio, loss.value, inside, color=colour, linewidth=1.4)
    style.band(ax, ratio, loss.low, loss.high, inside, colour)


def label(ax: Axes, corpus: str, over_base: bool) -> None:
    """What both axes show."""
    what = f"change of {corpus} loss over base" if over_base else f"{corpus} loss"
    ax.set(xlabel="ratio (domain share of CPT tokens)", ylabel=f"{what} (nats/token)", xlim=(-0.02, 1.02))


def _of_size(
    rows: pd.DataFrame, runs: Runs, corpus: str, by: str, params: float | None, over_base: bool
) -> pd.DataFrame:
    """The rows of the sizes to draw. Raises `InputError` for none."""
    over = " over a base loss" if over_base else ""
    if rows.empty:
        raise InputError(f"{runs.source}: there is no {corpus} loss to draw{over}")
    size = params if params is not None else float(rows["params"].max()) if by == "tokens" else None
    if size is None:
        return rows
    own = rows[np.isclose(rows["params"], size, rtol=SAME)]
    if own.empty:
        raise InputError(f"{runs.source}: there is no {corpus} loss at {format_count(size)} params to draw{over}")
    return own


def _sizes(rows: pd.DataFrame) -> list[_Series]:
    sizes = sorted(rows["params"].unique())
    shown, looks = style.named(sizes), style.by_category(sizes)
    names = {n: format_count(n) if n in shown else None for n in sizes}
    return [_Series(rows[rows["params"] == n], names[n], *look) for n, look in looks.items()]


def _counts(rows: pd.DataFrame, fit: Fit | None) -> list[_Series]:
    """Up to five token counts, evenly in their log; a law is drawn where it was fitted."""
    found = checkpoints(rows)
    last = max(found)
    start = last * fit.burn_in * (1 - SAME) if fit is not None else 0.0
    late = [tokens for tokens in found if tokens >= start]
    wanted = np.geomspace(late[0], last, 5)
    chosen = sorted({min(late, key=lambda tokens: abs(np.log(tokens / one))) for one in wanted})
    shades = style.by_order(chosen)
    made = []
    for i, tokens in enumerate(chosen):
        marker = style.MARKERS[i % len(style.MARKERS)]
        ends = tokens >= last * (1 - SAME)
        name = f"{format_count(tokens)}{'' if ends else ', in mid-run'}"
        made.append(_Series(found[tokens], name, shades[tokens], marker, hollow=not ends))
    return made


def _tolerance(ax: Axes, tolerance: float) -> None:
    ax.axhline(tolerance, color=style.GREY, linestyle=":", linewidth=1.2)
    ax.annotate(f"tolerance {tolerance:g}", (1.0, tolerance), xytext=(0, 3), textcoords="offset points",
                ha="right", fontsize=style.SMALL)  # fmt: skip
