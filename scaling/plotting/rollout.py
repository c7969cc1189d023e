"""Errors on what was held out, group by group."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from scaling.errors import InputError
from scaling.fitting.validation import Validation
from scaling.laws import get_law
from scaling.plotting import style
from scaling.runs import CORPORA

LOOKS = {"general": (style.COLOURS[0], "o", -0.16), "domain": (style.COLOURS[1], "s", 0.16)}
SHOWN = 0.9  # of all rows lie inside the axis; a hold-out at an end of the ratios may be off by ten times the others


def plot_rollout(validations: Validation | Sequence[Validation], *, ax: Axes | None = None) -> Axes:
    """Draw the errors of one or several validations (`scaling.validate_law`): a line a held-out group, predicted over
    observed loss less 1, in per cent.

    Corpora differ by colour and marker. Small points are single rows, the large one is their mean, which lies off zero where
    the law is biased; groups that are extrapolation have a star. A mean beyond the axis, which spans nine rows in ten, is
    an arrow with its number. Raises `InputError` for no validation.
    """
    several = [validations] if isinstance(validations, Validation) else list(validations)
    if not several:
        raise InputError("there is no validation to draw")
    lines = sum(len(one.groups) + 1 for one in several)
    ax = style.axes(ax, (6.4, 1.3 + 0.34 * lines))
    ax.axvline(0, color=style.GREY, linewidth=1, zorder=1)
    limit = max(1.2 * float(np.quantile(np.abs(np.concatenate([_errors(one.rows) for one in several])), SHOWN)), 0.5)
    ticks: dict[float, str] = {}
    y = 0.0
    for one in several:
        _heading(ax, one, y)
        for group in one.groups:
            y += 1
            _group(ax, one, group.split.name, y, limit)
            ticks[y] = group.split.name + (" *" if group.split.extrapolation else "")
        y += 1
    ax.set_yticks(list(ticks), list(ticks.values()))
    ax.set(xlim=(-limit, limit), ylim=(y - 0.4, -0.6), xlabel="error of the predicted loss (%)   * extrapolation")
    ax.grid(False, axis="y")
    _legend(ax, [corpus for corpus in CORPORA if any(corpus in one.total for one in several)])
    return ax


def _heading(ax: Axes, one: Validation, y: float) -> None:
    title = f"{get_law(one.law).title}, held out: {one.hold_out}"
    ax.annotate(title, (0, y), xycoords=("axes fraction", "data"), xytext=(4, 0), textcoords="offset points", va="center",
                fontsize=style.SMALL, fontweight="bold", bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})  # fmt: skip


def _legend(ax: Axes, corpora: Sequence[str]) -> None:
    for corpus in corpora:
        colour, marker, _ = LOOKS[corpus]
        ax.plot([], [], marker, color=colour, ms=7, mec="white", label=f"{corpus} loss, mean")
    ax.legend(frameon=False, fontsize=style.SMALL, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2)


def _group(ax: Axes, one: Validation, name: str, y: float, limit: float) -> None:
    """The rows and the mean of one group, a line a corpus."""
    rows = one.rows[one.rows["held_out"] == name]
    for corpus in CORPORA:
        own = rows[rows["corpus"] == corpus]
        if len(own):
            colour, marker, shift = LOOKS[corpus]
            errors = _errors(own)
            ax.plot(errors, np.full(len(errors), y + shift), marker, color=colour, ms=3, mew=0, alpha=0.35, zorder=2)
            _mean(ax, float(errors.mean()), y + shift, limit, colour, marker)


def _mean(ax: Axes, mean: float, y: float, limit: float, colour: str, marker: str) -> None:
    """The mean error where it is, or an arrow with its number at the end of the axis."""
    if abs(mean) <= limit:
        ax.plot(mean, y, marker, color=colour, ms=7, mec="white", zorder=3)
        return
    side = np.sign(mean)
    ax.plot(0.97 * limit * side, y, "<" if side < 0 else ">", color=colour, ms=7, mec="white", zorder=3)
    ax.annotate(f"{mean:+.0f} %", (0.97 * limit * side, y), xytext=(-9 * side, 0), textcoords="offset points",
                ha="right" if side > 0 else "left", va="center", fontsize=style.SMALL, color=colour)  # fmt: skip


def _errors(rows: pd.DataFrame) -> style.Array:
    """Signed relative errors (n,) of the predictions, per cent."""
    return np.asarray(100 * (rows["predicted"] / rows["observed"] - 1), float)
