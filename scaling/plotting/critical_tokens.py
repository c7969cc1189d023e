"""Critical ratio against the token budget of one size."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from scaling.errors import InputError
from scaling.fitting import Fit
from scaling.nearness import SAME
from scaling.planning import Target, critical_ratio
from scaling.plotting import crossing, style
from scaling.runs import Runs


def plot_critical_ratio_by_tokens(
    fit: Fit,
    target: Target | float | None = None,
    *counts: float,
    runs: Runs | None = None,
    ax: Axes | None = None,
    **asked: Any,
) -> Axes:
    """Draw a fit's critical ratio over CPT tokens for one size, with its interval, and the plan at the target on it.

    The line runs over the token counts that were fitted and as far as the target's; it is dashed where they, or the size, lie
    beyond the probes, and a dotted line marks the longest run. With `runs`, points are what the runs of that size show at
    each checkpoint (in mid-run the learning rate has not come down), hollow where the fit left them out; bars are the range
    over seeds. Arguments are those of `scaling.critical_ratio`. Tokens on a log axis, ratio as domain share. Raises
    `InputError` where the fit cannot answer.
    """
    question = Target.of(target, *counts, **asked)
    params, tokens = question.params, question.tokens
    plan = critical_ratio(fit, question)
    if plan.status == "not_identified":
        raise InputError(f"there is no critical ratio to draw: {plan.warnings[0]}")
    assert fit.general is not None
    one, ax = fit.general, style.axes(ax)
    places = crossing.counts(fit, tokens)
    found = crossing.along(fit, [replace(question, tokens=float(count)) for count in places])
    inside = style.probed(one, "tokens", places) & style.probed(one, "params", params)
    crossing.line(ax, places, found, np.asarray(inside), style.GREY, one.law.title)
    if runs is not None:
        known = crossing.measured_by_tokens(runs, params, question.tolerance, question.relative).dropna(subset="ratio")
        late = style.probed(one, "tokens", known["tokens"])
        early, known = known[~late], known[late]
        if len(known):
            crossing.measured(ax, known["tokens"], known)
        if len(early):
            crossing.measured(ax, early["tokens"], early, "measured, left out of the fit", "white")
    name = f"critical ratio {plan.value:.2f}" if math.isfinite(plan.value) else "critical ratio"
    crossing.mark(ax, tokens, plan, style.COLOURS[1], style.MARKERS[3], name)
    longest = one.ranges["tokens"][1]
    if tokens > longest * (1 + SAME):
        ax.axvline(longest * 1.05, color=style.GREY, linestyle=":", linewidth=1)
    ax.set_title(style.target(one, params, tokens), fontsize=9, loc="left")
    return crossing.finish(ax, "CPT tokens")
