"""What every ratio costs and buys: both losses over ratios, from a fit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scaling.errors import InputError
from scaling.fitting import CorpusFit, Estimate, Fit
from scaling.fitting.intervals.interval import interval
from scaling.laws import get_law
from scaling.planning.critical import critical_ratio
from scaling.planning.curve import Curve
from scaling.planning.question import NotIdentified, Question
from scaling.planning.result import Plan
from scaling.planning.rise import general_rise
from scaling.planning.uses.pareto import pareto
from scaling.planning.uses.surface import identified, surface
from scaling.planning.uses.tradeoff_result import Tradeoff

Array = NDArray[np.float64]
SLIGHT = 1e-9  # ratios are not that exact
_SLACK = 1e-9  # nats: the critical ratio itself is within the tolerance, whatever rounding makes of it


@dataclass(frozen=True, eq=False)
class _General:
    """Losses and rises over the base loss at the ratios, NaN where not known; the rise that is allowed."""

    loss: Estimate[Any]
    rise: Estimate[Any]
    allowed: float


def tradeoff_table(
    fit: Fit,
    params: float,
    tokens: float,
    tolerance: float = 0.05,
    *,
    relative: bool = False,
    base_general_loss: float | None = None,
    base_tokens: float | None = None,
    level: float = 0.9,
    points: int = 21,
    far: bool = False,
) -> Tradeoff:
    """Both losses at (params, tokens) over `points` even ratios from 0 to 1 and the critical ratio.

    The other arguments are those of `critical_ratio`, and so are the errors; a fit without a domain corpus is an
    `InputError` as well. What the table cannot carry is NaN and a warning.
    Source: Que et al. 2024 (arXiv 2406.01375), first use, of which this is the whole curve.

    >>> import scaling
    >>> fit = scaling.fit(scaling.load_runs("data/runs/prose-code.parquet"), law="forgetting", draws=0)
    >>> found = tradeoff_table(fit, params=10.6e6, tokens=262144, tolerance=0.05, points=3)
    >>> found.table[["ratio", "rise", "domain_loss", "within"]].round(2)
       ratio  rise  domain_loss  within
    0   0.00  0.01         6.56    True
    1   0.23  0.05         3.75    True
    2   0.50  0.11         3.42   False
    3   1.00  0.96         3.16   False
    """
    if points < 2:
        raise InputError(f"points must be at least 2, not {points}")
    if fit.domain is None:
        raise InputError("the fit has no domain corpus, and a trade-off needs both")
    plan = critical_ratio(
        fit,
        params,
        tokens,
        tolerance,
        relative=relative,
        base_general_loss=base_general_loss,
        base_tokens=base_tokens,
        level=level,
        far=far,
    )
    even = np.linspace(0.0, 1.0, points)
    ratios = np.unique(np.append(even, plan.value)) if math.isfinite(plan.value) else even
    general = _general(fit, plan.question, base_general_loss, base_tokens, ratios)
    domain, notes = _domain(fit, plan.question, ratios)
    low, high = _probed(fit)
    outside = (ratios < low - SLIGHT) | (ratios > high + SLIGHT)
    table = _table(ratios, general, domain, plan, outside)
    if outside.any():
        notes.append(
            f"ratios outside the probed {low:g} to {high:g} are marked (?): no run shows their losses, and they are not on "
            "the front"
        )
    notes += [f"domain fit: {warning}" for warning in fit.domain.warnings]
    return Tradeoff(table, plan, tuple(dict.fromkeys((*plan.warnings, *notes))))


def _general(
    fit: Fit, question: Question, base_loss: float | None, base_tokens: float | None, ratios: Array
) -> _General:
    assert fit.general is not None  # critical_ratio refuses such a fit
    at, unknown = ratios[None, :], _unknown(ratios)
    try:
        rise = general_rise(fit, question, base_loss, base_tokens)
    except NotIdentified:  # the plan's warnings say why
        losses = _losses_alone(fit.general, question, at)
        return _General(unknown if losses is None else _estimate(losses, question), unknown, math.nan)
    return _General(_estimate(rise.losses(at), question), _estimate(rise(at), question), rise.allowed)


def _losses_alone(general: CorpusFit, question: Question, ratios: Array) -> Array | None:
    """General losses where there is no base loss to compare them with; None where they are not known either."""
    try:
        return Curve(general, question).losses(ratios) if get_law(general.law).target == "loss" else None
    except NotIdentified:
        return None


def _domain(fit: Fit, question: Question, ratios: Array) -> tuple[Estimate[Any], list[str]]:
    assert fit.domain is not None
    try:
        identified(fit.domain, ("ratio",), {"params": question.params, "tokens": question.tokens})
    except NotIdentified as reason:
        return _unknown(ratios), [f"domain loss unknown: {reason}"]
    found, notes = surface(fit, "domain", question.params)
    values = found.losses([[question.params]], [[question.tokens]], ratios[None, :])
    return _estimate(values + found.base, question), notes


def _probed(fit: Fit) -> tuple[float, float]:
    """The smallest and largest ratio at which both corpora have runs."""
    low, high = zip(*(one.ranges["ratio"] for one in fit.corpora.values()), strict=True)
    return max(low), min(high)


def _estimate(values: Array, question: Question) -> Estimate[Any]:
    return interval(values[0], values[1:], question.level)


def _unknown(ratios: Array) -> Estimate[Any]:
    blank = np.full(ratios.shape, math.nan)
    return Estimate(blank, blank, blank)


def _table(
    ratios: Array, general: _General, domain: Estimate[Any], plan: Plan, outside: NDArray[np.bool_]
) -> pd.DataFrame:
    rise = general.rise.value
    within = pd.array(rise <= general.allowed + _SLACK, dtype="boolean")
    within[np.isnan(rise)] = pd.NA
    columns: dict[str, Any] = {"ratio": ratios}
    for name, one in {"general_loss": general.loss, "domain_loss": domain, "rise": general.rise}.items():
        none = (one.value <= 0) if name != "rise" else np.zeros(len(ratios), bool)  # no model has such a loss
        ends = {name: one.value, f"{name}_low": one.low, f"{name}_high": one.high}
        columns |= {end: np.where(none, math.nan, values) for end, values in ends.items()}
    # Rise and general loss differ by one number, and either may be all that is known.
    cost = np.where(np.isnan(rise), general.loss.value, rise)
    front = np.zeros(len(ratios), bool)
    front[~outside] = pareto(np.stack([cost, domain.value], axis=1)[~outside])
    marks = {"within": within, "pareto": front, "critical": ratios == plan.value, "outside": outside}
    return pd.DataFrame({**columns, **marks})
