"""A fit as a notebook shows it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from scaling._notebook import block, code, line, notes, table
from scaling.fitting.summary import error_text
from scaling.laws import get_law
from scaling.units import counted

if TYPE_CHECKING:
    from scaling.fitting.corpus_fit import CorpusFit
    from scaling.fitting.intervals.interval import Estimate
    from scaling.fitting.result import Fit


def fit_html(fit: Fit) -> str:
    """The fit of every corpus with what all of them share: source, burn-in, intervals, warnings."""
    law, where = get_law(fit.law), fit.provenance
    made = f"burn-in {fit.burn_in:.3g}; minimised: {fit.objective}; intervals: {fit.resampling}"
    head = [line(law.source, faint=True), line(made, faint=True), notes(fit.warnings)]
    title = f"{law.title} fitted to {where.source} ({counted(where.rows, 'row')})"
    return block(title, *head, *(corpus_html(one) for one in fit.corpora.values()))


def corpus_html(one: CorpusFit) -> str:
    """Formula, parameters with interval, unit and meaning, quality, what is missing, warnings."""
    law = get_law(one.law)
    share = f" (r: share of the {one.corpus} corpus)" if "share" in law.variables else ""
    heads = ("", "value", f"{100 * one.level:g} % interval", "unit", "meaning")
    rows = [
        (name, _number(e.value), _interval(e), law.parameter(name).unit, law.parameter(name).meaning)
        for name, e in one.parameters.items()
    ]
    size = f"{counted(one.rows, 'row')} in {counted(one.runs, 'run')}"
    fits = f"{size}; R2 {one.r2:.4f}, {error_text(one, law)}, Huber {one.huber:.4g}"
    lacks = [f"{name} is not identified: {why}" for name, why in one.dropped.items()]
    lacks += [f"{name} is {value:g} in every row" for name, value in one.held.items()]
    return block(
        f"{one.corpus} loss, status {one.status.replace('_', ' ')}",
        code(f"{law.text()}{share}"),
        table(heads, rows, numbers=(1, 2)),
        line(f"{fits}, residual sd {one.residual_sd:.2g}"),
        notes((*lacks, *one.warnings)),
    )


def _number(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else "–"


def _interval(estimate: Estimate[float]) -> str:
    known = math.isfinite(estimate.low) and math.isfinite(estimate.high)
    return f"[{_number(estimate.low)}, {_number(estimate.high)}]" if known else "–"
