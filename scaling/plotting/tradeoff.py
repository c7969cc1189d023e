"""What a ratio buys and what it costs: domain loss against the rise of the general loss."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from scaling.errors import InputError
from scaling.fitting import Fit
from scaling.planning import critical_ratio
from scaling.planning.plan import Plan
from scaling.planning.rise import Rise, general_rise
from scaling.planning.target import Target
from scaling.plotting import style
from scaling.show.text import INFEASIBLE

Path = Callable[[npt.ArrayLike], tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]
MARKED = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)


def plot_tradeoff(
    fit: Fit, target: Target | float | None = None, *counts: float, ax: Axes | None = None, **asked: Any
) -> Axes:
    """Draw both losses at a target with the ratio running along the curve, and the critical ratio on it.

    The tolerance is a vertical line, the critical ratio a point, its interval the thick part of the curve, which is dashed
    beyond the probed ratios; the title says how far the target lies beyond the probes. Arguments are those of
    `scaling.critical_ratio`. Losses in nats per token. Raises `InputError` where the fit lacks a corpus or cannot answer at
    this target.
    """
    if fit.general is None or fit.domain is None:
        raise InputError("a trade-off needs a fit of both corpora")
    plan = critical_ratio(fit, target, *counts, **asked)
    if plan.status == "not_identified":
        raise InputError(f"there is no trade-off to draw: {plan.warnings[0]}")
    ax = style.axes(ax)
    rise = general_rise(fit, plan.target)
    at = _Path(fit, rise)
    ratio = np.unique(np.concatenate([np.linspace(0, 0.99, 400), fit.general.ranges["ratio"]]))
    ratio = ratio[ratio <= 0.99]
    inside = style.probed(fit.general, "ratio", ratio)
    rises, losses = at(ratio)
    style.law_line(ax, rises, losses, inside, color=style.COLOURS[0], linewidth=1.4, label="ratio along the curve")
    for ratio_at in MARKED:
        x, y = (float(value) for value in at(ratio_at))
        ax.plot(x, y, ".", color=style.COLOURS[0], ms=6)
        ax.annotate(f"{ratio_at:g}", (x, y), xytext=(4, 4), textcoords="offset points", fontsize=style.SMALL)
    ax.axvline(rise.allowed, color=style.GREY, linestyle=":", linewidth=1.2, label=f"tolerance {rise.allowed:.3g}")
    _mark(ax, plan, at)
    ax.set(xlabel="rise of general loss over base (nats/token)", ylabel="domain loss (nats/token)")
    ax.set_title(style.target(fit.general, plan.target.params, plan.target.tokens), fontsize=9, loc="left")
    ax.legend(frameon=False, fontsize=style.SMALL)
    return ax


@dataclass(frozen=True)
class _Path:
    """Ratios to (rise of the general loss, domain loss), both of the ratios' shape."""

    fit: Fit
    rise: Rise

    def __call__(self, ratio: npt.ArrayLike) -> tuple[style.Array, style.Array]:
        assert self.fit.domain is not None
        rises = self.rise(np.atleast_1d(np.asarray(ratio, float)))[0]
        asked = self.rise.target
        return rises.reshape(np.shape(ratio)), self.fit.domain.curve(asked.params, asked.tokens, ratio)


def _mark(ax: Axes, plan: Plan, at: Path) -> None:
    if math.isnan(plan.value):
        ax.plot([], [], " ", label=INFEASIBLE)
        return
    low, high = plan.interval
    if math.isfinite(low) and math.isfinite(high):
        label = f"{100 * plan.target.level:g} % interval {low:.2f} to {high:.2f}"
        ratio = np.linspace(low, min(high, 0.99), 50)
        ax.plot(*at(ratio), color=style.COLOURS[1], linewidth=4, alpha=0.5, label=label)
    rise, loss = at(plan.value)
    ax.plot(rise, loss, "D", color=style.COLOURS[1], ms=7, label=f"critical ratio {plan.value:.2f}")
