"""Fits as text tables, and how plans write their numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from scaling.laws import Law
from scaling.notes import note
from scaling.units import counted, format_count

if TYPE_CHECKING:
    from scaling.fitting.corpus_fit import CorpusFit
    from scaling.fitting.intervals.interval import Estimate
    from scaling.fitting.result import Fit


def _number(value: float) -> str:
    return "-" if not math.isfinite(value) else f"{value:.4g}"


def _row(name: str, estimate: Estimate[float], meaning: str) -> str:
    return f"  {name:<7}{_number(estimate.value):>12}{_number(estimate.low):>12}{_number(estimate.high):>12}  {meaning}"


def corpus_summary(fit: CorpusFit) -> str:
    """The parameters with intervals and meaning, the quality of the fit, what the table lacks, and the warnings."""
    law = fit.law
    percent = f"{100 * fit.level:g} %"
    lines = [
        f"{fit.corpus} loss: {law.text()}",
        *([f"  r is the share of the {fit.corpus} corpus"] if "share" in law.variables else []),
        f"  {counted(fit.rows, 'row')} in {counted(fit.runs, 'run')}, status {fit.status}",
        f"  {'':<7}{'value':>12}{'low':>12}{'high':>12}  (interval {percent})",
        *(_row(name, estimate, law.parameter(name).meaning) for name, estimate in fit.parameters.items()),
        f"  Huber {fit.huber:.4g}   R2 {fit.r2:.4f}   {error_text(fit, law)}   residual sd {fit.residual_sd:.2g}",
        *(f"  held: {name} = {value:g}" for name, value in fit.held.items()),
        *(f"  ! {warning}" for warning in fit.warnings),
    ]
    return "\n".join(lines)


def error_text(fit: CorpusFit, law: Law) -> str:
    """The mean absolute error: relative for losses, in nats for differences."""
    return f"MAPE {100 * fit.mape:.2f} %" if law.target == "loss" else f"mean |error| {fit.mape:.4f} nats"


def fit_summary(fit: Fit) -> str:
    """All corpora of a fit."""
    law, where = fit.law, fit.provenance
    head = [
        f"{law.title} fitted to {where.source} ({counted(where.rows, 'row')})",
        f"  {law.source}",
        f"  burn-in {fit.burn_in:.3g}; minimised: {fit.objective}",
        f"  intervals: {fit.resampling}",
    ]
    head += [f"  ! {warning}" for warning in fit.warnings]
    return "\n".join(["\n".join(head), *(corpus_summary(one) for one in fit.corpora.values())])


def span(estimate: Estimate[float], spec: str) -> str:
    """value [low, high] by a format; `spec` "count" writes 7B. No brackets where there is no interval."""
    return f"{_written(estimate.value, spec)}{brackets(estimate, spec)}"


def brackets(estimate: Estimate[float], spec: str) -> str:
    """[low, high] with a space before it, or nothing where there is no interval."""
    low, high = estimate.low, estimate.high
    if not (math.isfinite(low) and math.isfinite(high)) or low == high:
        return ""
    return f" [{_written(low, spec)}, {_written(high, spec)}]"


def extrapolation_text(factors: Mapping[str, float]) -> str:
    """The factors over the probed sizes, token counts and bases, and the distance from the probed ratios."""
    parts = [note("far_params", factor=factors["params"]), note("far_tokens", factor=factors["tokens"])]
    distance = factors["ratio"]
    if not math.isfinite(distance):
        parts.append(note("ratio_unknown"))
    else:
        parts.append(note("far_ratio", distance=distance) if distance > 0 else note("ratio_inside"))
    if "base_tokens_per_param" in factors:
        parts.append(note("far_base", factor=factors["base_tokens_per_param"]))
    return ", ".join(parts)


NOT_IDENTIFIED = note("status_not_identified")
INFEASIBLE = note("status_infeasible")
UNCONSTRAINED = note("status_unconstrained")


def _written(value: float, spec: str) -> str:
    return format_count(value) if spec == "count" else f"{value:{spec}}"
