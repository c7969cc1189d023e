"""Fits as text tables."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from scaling.laws import Law, get_law
from scaling.units import counted

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
    law = get_law(fit.law)
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
    law, where = get_law(fit.law), fit.provenance
    head = [
        f"{law.title} fitted to {where.source} ({counted(where.rows, 'row')})",
        f"  {law.source}",
        f"  burn-in {fit.burn_in:.3g}; minimised: {fit.objective}",
        f"  intervals: {fit.resampling}",
    ]
    head += [f"  ! {warning}" for warning in fit.warnings]
    return "\n".join(["\n".join(head), *(corpus_summary(one) for one in fit.corpora.values())])
