"""What every ratio costs and buys: both losses over ratios, from a fit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from scaling.arrays import Array, Mask
from scaling.errors import InputError
from scaling.fitting import Estimate, Fit
from scaling.fitting.intervals.interval import interval
from scaling.fitting.known import unknown
from scaling.notes import Note, coded, note
from scaling.planning import notes
from scaling.planning.critical import critical_ratio
from scaling.planning.extrapolation import refuse_unknown, within
from scaling.planning.plan import Plan
from scaling.planning.rise import general_rise
from scaling.planning.search import pareto
from scaling.planning.target import NotIdentified, Target
from scaling.show.text import span

SLIGHT = 1e-9  # ratios are not that exact
_SLACK = 1e-9  # nats: the critical ratio itself is within the tolerance, whatever rounding makes of it


@dataclass(frozen=True, eq=False)
class Tradeoff:
    """The table over ratios, and the plan whose critical ratio is one of its rows.

    Columns of `table`: ratio; general_loss, domain_loss, rise (of the general loss over the base loss), each with its _low
    and _high, nats per token, NaN where not known; within (the tolerance; NA where the rise is not known); pareto (no
    other row between the probed ratios has both losses as low and one lower); critical (the critical ratio's row); outside
    (of the ratios that were probed).
    `warnings` are the plan's and the domain's.
    """

    table: pd.DataFrame
    plan: Plan
    warnings: tuple[str, ...]

    def to_json_dict(self) -> dict[str, Any]:
        """The object that `scaling tradeoff --json` prints; NaN and NA become None."""
        plan = self.plan.to_json_dict()
        kept = ("critical_ratio", "status", "law", "base_general_loss", "level", "extrapolation")
        return {
            **{name: plan[name] for name in kept},
            "rows": [_json_row(row) for row in self.table.to_dict("records")],
            "warnings": list(self.warnings),
            "notes": coded(self.warnings),
        }

    def summary(self) -> str:
        """The table as text: * marks the Pareto front, < the critical ratio, ? a ratio outside of those that were probed."""
        heads = f"{'ratio':>7} {'general loss':>25} {'rise':>8} {'within':>6} {'domain loss':>25}  front"
        lines = [f"For {self.plan.target.text()}:", heads]
        lines += [_text_row(row) for row in self.table.to_dict("records")]
        return "\n".join(lines + [f"  note: {warning}" for warning in self.warnings])


@dataclass(frozen=True, eq=False)
class _General:
    """Losses and rises over the base loss at the ratios, NaN where not known; the rise that is allowed."""

    loss: Estimate[Any]
    rise: Estimate[Any]
    allowed: float


def tradeoff_table(
    fit: Fit, target: Target | float | None = None, *counts: float, points: int = 21, **asked: Any
) -> Tradeoff:
    """Both losses at a `Target` over `points` even ratios from 0 to 1 and the critical ratio.

    The target may also be given by its fields, as in `critical_ratio`, whose errors are these; a fit without a domain
    corpus is an `InputError` as well. What the table cannot carry is NaN and a warning.
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
    plan = critical_ratio(fit, target, *counts, **asked)
    even = np.linspace(0.0, 1.0, points)
    ratios = np.unique(np.append(even, plan.value)) if math.isfinite(plan.value) else even
    general = _general(fit, plan.target, ratios)
    domain, missing = _domain(fit, plan.target, ratios)
    low, high = _probed(fit)
    outside = (ratios < low - SLIGHT) | (ratios > high + SLIGHT)
    marked = [note("ratios_marked", low=low, high=high)] if outside.any() else []
    said = [*notes.of_fit("", plan.warnings), *missing, *marked, *notes.of_fit("domain fit: ", fit.domain.warnings)]
    return Tradeoff(_table(ratios, general, domain, plan, outside), plan, notes.once(*said))


def _general(fit: Fit, target: Target, ratios: Array) -> _General:
    general, unknown_here = fit.general, _unknown(ratios)
    assert general is not None  # critical_ratio refuses such a fit
    try:
        rise = general_rise(fit, target)
    except NotIdentified:  # the plan's warnings say why
        try:  # losses alone, where there is no base loss to compare them with
            refuse_unknown(general, target)
        except NotIdentified:
            return _General(unknown_here, unknown_here, math.nan)
        known = general.law.target == "loss"
        values = general.values(target.params, target.tokens, ratios, base_tokens=target.base_tokens)
        return _General(_estimate(values, target) if known else unknown_here, unknown_here, math.nan)
    return _General(_estimate(rise.losses(ratios), target), _estimate(rise(ratios), target), rise.allowed)


def _domain(fit: Fit, target: Target, ratios: Array) -> tuple[Estimate[Any], list[Note]]:
    assert fit.domain is not None
    if why := unknown(fit.domain, ("ratio",), params=target.params, tokens=target.tokens):
        return _unknown(ratios), [note("domain_unknown", reason=str(why))]
    values = fit.domain.values(target.params, target.tokens, ratios) + fit.added_to("domain", target.params)
    return _estimate(values, target), notes.of_level(fit, "domain", target.params)


def _probed(fit: Fit) -> tuple[float, float]:
    """The smallest and largest ratio at which both corpora have runs."""
    low, high = zip(*(one.ranges["ratio"] for one in fit.corpora.values()), strict=True)
    return max(low), min(high)


def _estimate(values: Array, target: Target) -> Estimate[Any]:
    return interval(values[0], values[1:], target.level)


def _unknown(ratios: Array) -> Estimate[Any]:
    blank = np.full(ratios.shape, math.nan)
    return Estimate(blank, blank, blank)


def _table(ratios: Array, general: _General, domain: Estimate[Any], plan: Plan, outside: Mask) -> pd.DataFrame:
    rise = general.rise.value
    passes = pd.array(rise <= general.allowed + _SLACK, dtype="boolean")
    passes[np.isnan(rise)] = pd.NA
    columns: dict[str, Any] = {"ratio": ratios}
    for name, one in {"general_loss": general.loss, "domain_loss": domain, "rise": general.rise}.items():
        shown = one if name == "rise" else within(one)
        columns |= {name: shown.value, f"{name}_low": shown.low, f"{name}_high": shown.high}
    # Rise and general loss differ by one number, and either may be all that is known.
    cost = np.where(np.isnan(rise), general.loss.value, rise)
    front = np.zeros(len(ratios), bool)
    front[~outside] = pareto(np.stack([cost, domain.value], axis=1)[~outside])
    marks = {"within": passes, "pareto": front, "critical": ratios == plan.value, "outside": outside}
    return pd.DataFrame({**columns, **marks})


def _json_row(row: dict[Any, Any]) -> dict[str, Any]:
    within = None if pd.isna(row["within"]) else bool(row["within"])
    return {
        "ratio": float(row["ratio"]),
        **{name: _of_row(row, name).to_json_dict() for name in ("general_loss", "domain_loss", "rise")},
        "within": within,
        "pareto": bool(row["pareto"]),
        "critical": bool(row["critical"]),
        "outside": bool(row["outside"]),
    }


def _text_row(row: dict[Any, Any]) -> str:
    general, domain = (
        span(loss, ".4f") if math.isfinite(loss.value) else "-"
        for loss in (_of_row(row, name) for name in ("general_loss", "domain_loss"))
    )
    rise = f"{row['rise']:+.4f}" if math.isfinite(row["rise"]) else "-"
    within = "-" if pd.isna(row["within"]) else "yes" if row["within"] else "no"
    marks = ("*" if row["pareto"] else "?" if row["outside"] else "") + (" < critical ratio" if row["critical"] else "")
    return f"{row['ratio']:>7.3f} {general:>25} {rise:>8} {within:>6} {domain:>25}  {marks}".rstrip()


def _of_row(row: dict[Any, Any], name: str) -> Estimate[float]:
    return Estimate(*(float(row[f"{name}{end}"]) for end in ("", "_low", "_high")))
