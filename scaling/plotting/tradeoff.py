"""What a ratio buys and what it costs: domain loss against the rise of the general loss."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from scaling.errors import InputError
from scaling.fitting import Fit
from scaling.planning import critical_ratio
from scaling.planning.result import Plan
from scaling.planning.rise import general_rise
from scaling.plotting import style
from scaling.units import format_count

Path = Callable[[npt.ArrayLike], tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]
MARKED = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)


def plot_tradeoff(
    fit: Fit,
    params: float,
    tokens: float,
    tolerance: float = 0.05,
    *,
    relative: bool = False,
    base_general_loss: float | None = None,
    base_tokens: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw both losses at (params, tokens) with the ratio running along the curve, and the critical ratio on it.

    The tolerance is a vertical line, the critical ratio a point, its interval the thick part of the curve. Arguments
    are those of `scaling.critical_ratio`. Losses in nats per token. Raises `InputError` where the fit lacks a corpus or
    cannot answer at this target.
    """
    if fit.general is None or fit.domain is None:
        raise InputError("a trade-off needs a fit of both corpora")
    plan = critical_ratio(
        fit, params, tokens, tolerance, relative=relative, base_general_loss=base_general_loss, base_tokens=base_tokens
    )
    if plan.status == "not_identified":
        raise InputError(f"there is no trade-off to draw: {plan.warnings[0]}")
    ax = style.axes(ax)
    general = general_rise(fit, plan.question, base_general_loss, base_tokens)

    def at(ratio: npt.ArrayLike) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        assert fit.domain is not None
        rises = general(np.atleast_1d(np.asarray(ratio, float))[None])[0]
        return rises.reshape(np.shape(ratio)), fit.domain.curve(params, tokens, ratio)

    ax.plot(*at(np.linspace(0, 0.99, 400)), color=style.COLOURS[0], linewidth=1.4)
    for ratio in MARKED:
        rise, loss = at(ratio)
        ax.plot(rise, loss, ".", color=style.COLOURS[0], ms=6)
        ax.annotate(f"{ratio:g}", (float(rise), float(loss)), xytext=(4, 4), textcoords="offset points", fontsize=8)
    ax.axvline(general.allowed, color=style.GREY, linestyle="--", linewidth=1, label="tolerance")
    _mark(ax, plan, at)
    ax.set(xlabel="rise of general loss over base (nats/token)", ylabel="domain loss (nats/token)")
    where = f"{format_count(params)} params, {format_count(tokens)} tokens"
    ax.set_title(f"{where}; ratio along the curve", fontsize=10, loc="left")
    ax.legend(frameon=False, fontsize=8)
    return ax


def _mark(ax: Axes, plan: Plan, at: Path) -> None:
    if math.isnan(plan.value):
        return
    low, high = (value if math.isfinite(value) else plan.value for value in plan.interval)
    label = f"{100 * plan.question.level:g} % interval {low:.2f} to {high:.2f}"
    ax.plot(*at(np.linspace(low, min(high, 0.99), 50)), color=style.COLOURS[1], linewidth=4, alpha=0.5, label=label)
    rise, loss = at(plan.value)
    ax.plot(rise, loss, "D", color=style.COLOURS[1], ms=7, label=f"critical ratio {plan.value:.2f}")
