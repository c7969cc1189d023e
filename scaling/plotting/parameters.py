"""The parameters of a law with their intervals."""

from __future__ import annotations

import math
from textwrap import fill

from matplotlib.axes import Axes

from scaling.errors import InputError
from scaling.fitting import Estimate, Fit
from scaling.plotting import style

LEAST, LIMIT = 25.0, 150.0  # per cent that the axis spans; an interval that goes on beyond ends in an arrow


def plot_parameters(fit: Fit, corpus: str = "general", *, ax: Axes | None = None) -> Axes:
    """Draw one line a parameter: how far its interval reaches from its value, in per cent of the value.

    The numbers, with their unit, are on the right, name and meaning on the left. Hollow points have no interval to show:
    they are 0, or resampling does not move them, or the fit has no draws. An arrow goes on beyond the axis. Parameters that
    the table does not identify are named without a point. Raises `InputError` for a corpus that the fit lacks.
    """
    if corpus not in fit.corpora:
        raise InputError(f"{fit.provenance.source}: the fit has no {corpus} corpus")
    one = fit.corpora[corpus]
    law = one.law
    names = [name for name in law.names if name in one.parameters or name in one.dropped]
    ax = style.axes(ax, (8.0, 1.2 + 0.42 * len(names)))
    ax.axvline(0, color=style.GREY, linewidth=1, zorder=1)
    limit = min(LIMIT, max([LEAST, *(1.1 * abs(far) for e in one.parameters.values() for far in _reach(e))]))
    for y, name in enumerate(names):
        estimate = one.parameters.get(name)
        text = "not identified" if estimate is None else _numbers(estimate, law.parameter(name).unit)
        ax.text(1.02, y, text, transform=ax.get_yaxis_transform(), va="center", fontsize=style.SMALL)
        if estimate is not None:
            _line(ax, y, estimate, limit)
    ax.set_yticks(range(len(names)), [f"{name}: {fill(law.parameter(name).meaning, 34)}" for name in names])
    ax.tick_params(axis="y", labelsize=style.SMALL)
    ax.set(ylim=(len(names) - 0.5, -0.5), xlim=(-limit, limit))
    ax.set_xlabel(f"{100 * one.level:g} % interval about the value (% of the value)")
    ax.set_title(f"{corpus} loss: {law.title}", fontsize=10, loc="left")
    return ax


def _reach(estimate: Estimate[float]) -> tuple[float, ...]:
    """How far the interval reaches to either side, in per cent of the value; empty where that says nothing."""
    value, low, high = estimate.value, estimate.low, estimate.high
    if value == 0 or not (math.isfinite(low) and math.isfinite(high)) or low == high:
        return ()
    return 100 * (low - value) / abs(value), 100 * (high - value) / abs(value)


def _line(ax: Axes, y: int, estimate: Estimate[float], limit: float) -> None:
    colour, reach = style.COLOURS[0], _reach(estimate)
    ax.plot(0, y, "o", color=colour, mfc=colour if reach else "white", ms=6, zorder=3)
    if not reach:
        return
    ends = [max(reach[0], -limit), min(reach[1], limit)]
    ax.plot(ends, [y, y], "-", color=colour, linewidth=2.2, solid_capstyle="butt", zorder=2)
    for far, marker in zip(reach, "<>", strict=True):
        if abs(far) > limit:
            ax.plot(math.copysign(0.98 * limit, far), y, marker, color=colour, ms=7, zorder=3)


def _numbers(estimate: Estimate[float], unit: str) -> str:
    span = ""
    if math.isfinite(estimate.low) and math.isfinite(estimate.high):
        span = f" [{estimate.low:.3g}, {estimate.high:.3g}]"
    return f"{estimate.value:.4g}{span}{'' if unit == '1' else f' {unit}'}"
