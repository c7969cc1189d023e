"""Critical ratio against model size: what the probes measured, and what is planned for a target."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes

from scaling.planning.result import Plan
from scaling.plotting import style


def plot_critical_ratio(measured: pd.DataFrame, plans: Mapping[str, Plan], *, ax: Axes | None = None) -> Axes:
    """Draw measured critical ratios over params as points, and plans (label -> Plan) with their intervals.

    `measured` is what `scaling.measured_critical_ratio` returns; its bars are the range over seeds. Sizes right of the
    dotted line are larger than any probe. Params on a log axis, ratio as domain share from 0 to 1.
    """
    ax = style.axes(ax)
    known = measured.dropna(subset="ratio")
    spread = [known["ratio"] - known["low"], known["high"] - known["ratio"]]
    x, y = known["params"], known["ratio"]
    ax.errorbar(x, y, spread, fmt="o", color=style.COLOURS[0], capsize=3, label="measured in the probes")
    shown = {label: plan for label, plan in plans.items() if not math.isnan(plan.value)}
    for i, (label, plan) in enumerate(shown.items()):
        colour, marker = style.COLOURS[1 + i % 6], style.MARKERS[1 + i % 6]
        low, high = (bound if math.isfinite(bound) else plan.value for bound in plan.interval)
        nudge = 1.03**i  # so that plans for one size do not hide each other
        bars = [[max(0.0, plan.value - low)], [max(0.0, high - plan.value)]]
        target = [plan.question.params * nudge]
        ax.errorbar(target, [plan.value], bars, fmt=marker, color=colour, capsize=3, label=label)
    if len(known) and any(plan.question.params > known["params"].max() for plan in shown.values()):
        ax.axvline(float(known["params"].max()) * 1.15, color=style.GREY, linestyle=":", linewidth=1)
    ax.set(xscale="log", xlabel="params (non-embedding)", ylabel="critical ratio (domain share)", ylim=(0, 1))
    ax.legend(frameon=False, fontsize=8)
    return ax
