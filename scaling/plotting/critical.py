"""Critical ratio against model size: what the probes measured, what is planned for a target, and the law between."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from scaling.errors import InputError
from scaling.fitting import Fit
from scaling.nearness import SAME
from scaling.planning.plan import Plan
from scaling.plotting import crossing, style
from scaling.units import format_count


def plot_critical_ratio(
    measured: pd.DataFrame, plans: Mapping[str, Plan], *, fit: Fit | None = None, ax: Axes | None = None
) -> Axes:
    """Draw measured critical ratios over params as points, and plans (label -> Plan) with their intervals.

    `measured` is what `scaling.measured_critical_ratio` returns; its bars are the range over seeds. With `fit` its own
    critical ratio is a line with its interval, from the smallest probe to the farthest plan's target, at that plan's tokens
    and tolerance and with base losses carried to each size; dashed beyond the largest probe, which a dotted line marks. A
    plan by which no ratio passes is hollow, at 0. Params on a log axis, ratio as domain share from 0 to 1. Raises
    `InputError` for a fit without a general corpus, or without a plan that says its tokens and tolerance.
    """
    if fit is not None and (fit.general is None or not plans):
        lacks = (
            "the fit's line needs a plan, for its tokens and tolerance"
            if fit.general
            else "the fit has no general corpus"
        )
        raise InputError(f"there is no critical ratio of the fit to draw: {lacks}")
    ax = style.axes(ax)
    known = measured.dropna(subset="ratio")
    if fit is not None:
        _line(ax, fit, max(plans.values(), key=lambda plan: plan.target.params))
    if len(known):
        crossing.measured(ax, known["params"], known)
    for i, (name, plan) in enumerate(plans.items()):
        look = style.COLOURS[1 + i % 6], style.MARKERS[1 + i % 6]
        # The nudge keeps plans for one size from hiding each other.
        crossing.mark(ax, plan.target.params * 1.03**i, plan, *look, name)
    largest = float(fit.general.ranges["params"][1] if fit and fit.general else known["params"].max())
    if any(plan.target.params > largest * (1 + SAME) for plan in plans.values()) and math.isfinite(largest):
        ax.axvline(largest * 1.08, color=style.GREY, linestyle=":", linewidth=1)
    return crossing.finish(ax, "params (non-embedding)")


def _line(ax: Axes, fit: Fit, farthest: Plan) -> None:
    """The fit's critical ratio over sizes, as the farthest plan asks."""
    assert fit.general is not None
    asked = farthest.target
    sizes = crossing.sizes(fit, asked.params)
    found = crossing.along(fit, [asked.at(float(size), asked.tokens) for size in sizes])
    inside = style.probed(fit.general, "params", sizes)
    if np.isfinite(found).any():
        name = f"{fit.general.law.title} at {format_count(asked.tokens)} tokens"
        crossing.line(ax, sizes, found, inside, style.GREY, name)
