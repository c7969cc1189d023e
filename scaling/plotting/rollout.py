"""Errors on what was held out, group by group."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from scaling.errors import InputError
from scaling.fitting.validation import Validation
from scaling.laws import get_law
from scaling.plotting import style
from scaling.runs import CORPORA

LOOKS = {"general": (style.COLOURS[0], "o", -0.16), "domain": (style.COLOURS[1], "s", 0.16)}


def plot_rollout(validations: Validation | Sequence[Validation], *, ax: Axes | None = None) -> Axes:
    """Draw the errors of one or several validations (`scaling.validate_law`): a line a held-out group, predicted over
    observed loss less 1, in per cent.

    Corpora differ by colour and marker. Small points are single rows, the large one is their mean, which lies off zero where
    the law is biased; groups that are extrapolation have a star. Raises `InputError` for no validation.
    """
    several = [validations] if isinstance(validations, Validation) else list(validations)
    if not several:
        raise InputError("there is no validation to draw")
    names = [(v, g.split.name + (" *" if g.split.extrapolation else "")) for v in several for g in v.groups]
    ax = style.axes(ax, (6.4, 1.3 + 0.38 * len(names) + 0.3 * len(several)))
    ax.axvline(0, color=style.GREY, linewidth=1, zorder=1)
    places, ticks, y = [], [], 0.0
    for one in several:
        title = f"{get_law(one.law).title}, held out: {one.hold_out}"
        ax.annotate(title, (0, y), xycoords=("axes fraction", "data"), xytext=(4, 0), textcoords="offset points",
                    fontsize=style.SMALL, fontweight="bold", va="center")  # fmt: skip
        for group in one.groups:
            y += 1
            _group(ax, one, group.split.name, y)
            places.append(y)
            ticks.append(group.split.name + (" *" if group.split.extrapolation else ""))
        y += 1
    ax.set_yticks(places, ticks)
    ax.set(ylim=(y - 0.4, -0.6), xlabel="error of the predicted loss (%)   * extrapolation")
    ax.grid(False, axis="y")
    handles = {str(line.get_label()): line for line in ax.lines if not str(line.get_label()).startswith("_")}
    ax.legend(handles.values(), handles.keys(), frameon=False, fontsize=style.SMALL, loc="lower left",
              bbox_to_anchor=(0, 1.0), ncols=2)  # fmt: skip
    return ax


def _group(ax: Axes, one: Validation, name: str, y: float) -> None:
    """The rows and the mean of one group, a line a corpus."""
    rows = one.rows[one.rows["held_out"] == name]
    for corpus in CORPORA:
        own = rows[rows["corpus"] == corpus]
        if own.empty:
            continue
        colour, marker, shift = LOOKS[corpus]
        errors = 100 * (own["predicted"] / own["observed"] - 1).to_numpy(float)
        ax.plot(errors, np.full(len(errors), y + shift), marker, color=colour, ms=3, mew=0, alpha=0.3, zorder=2)
        ax.plot(
            errors.mean(), y + shift, marker, color=colour, ms=7, mec="white", label=f"{corpus} loss, mean", zorder=3
        )
