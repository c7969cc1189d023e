"""Runs, fits and plans as HTML for notebooks: every text escaped, and no colours of our own, so that light and dark pages do."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

from scaling.show.text import INFEASIBLE, NOT_IDENTIFIED, UNCONSTRAINED, brackets, error_text, extrapolation_text
from scaling.units import counted

if TYPE_CHECKING:
    from scaling.fitting import CorpusFit, Estimate, Fit
    from scaling.planning import Plan

_LINE = "border-bottom:1px solid;border-color:currentColor"
_CELL = "padding:2px 10px 2px 0;text-align:{};vertical-align:top;background:none;color:inherit"


def block(title: str, *parts: str) -> str:
    """A heading and parts that are HTML already."""
    return f'<div style="color:inherit"><p style="margin:0 0 4px"><b>{escape(title)}</b></p>{"".join(parts)}</div>'


def line(text: str, faint: bool = False) -> str:
    """A line of plain text."""
    return f'<p style="margin:0 0 4px{";opacity:0.7" if faint else ""}">{escape(text)}</p>'


def code(text: str) -> str:
    """A formula in plain text."""
    return f'<p style="margin:0 0 4px"><code style="background:none;color:inherit">{escape(text)}</code></p>'


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    """A table of plain texts; `numbers` are the columns that stand to the right."""
    sides = ["right" if j in numbers else "left" for j in range(len(heads))]
    top = _row("th", heads, [f"{_CELL.format(side)};{_LINE}" for side in sides])
    body = "".join(_row("td", row, [_CELL.format(side) for side in sides]) for row in rows)
    look = "border-collapse:collapse;border:none;margin:2px 0 6px;background:none;color:inherit"
    return f'<table style="{look}"><thead>{top}</thead><tbody>{body}</tbody></table>'


def _row(tag: str, cells: Sequence[str], looks: Sequence[str]) -> str:
    parts = (f'<{tag} style="{look}">{escape(cell)}</{tag}>' for cell, look in zip(cells, looks, strict=True))
    return f"<tr>{''.join(parts)}</tr>"


def notes(sentences: Iterable[str]) -> str:
    """Warnings as a list; nothing where there are none."""
    items = "".join(f"<li>{escape(one)}</li>" for one in sentences)
    return f'<ul style="margin:0 0 6px;padding-left:1.4em;opacity:0.85">{items}</ul>' if items else ""


def fit_html(fit: Fit) -> str:
    """The fit of every corpus with what all of them share: source, burn-in, intervals, warnings."""
    law, where = fit.law, fit.provenance
    made = f"burn-in {fit.burn_in:.3g}; minimised: {fit.objective}; intervals: {fit.resampling}"
    head = [line(law.source, faint=True), line(made, faint=True), notes(fit.warnings)]
    title = f"{law.title} fitted to {where.source} ({counted(where.rows, 'row')})"
    return block(title, *head, *(corpus_html(one) for one in fit.corpora.values()))


def corpus_html(one: CorpusFit) -> str:
    """Formula, parameters with interval, unit and meaning, quality, what is missing, warnings."""
    law = one.law
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


def plan_html(plan: Plan) -> str:
    """The answer, the losses with it, how far it extrapolates, and every warning."""
    losses = (
        ("general loss", plan.general_loss),
        ("base general loss", plan.base_general_loss),
        ("domain loss", plan.domain_loss),
    )
    answer = f"{plan.value:.3f}" if math.isfinite(plan.value) else "–"
    rows = [("critical ratio", answer, brackets(plan.critical_ratio, ".3f").strip(), "domain share")]
    rows += [
        (name, f"{one.value:.4f}", brackets(one, ".4f").strip(), "nats/token")
        for name, one in losses
        if math.isfinite(one.value)
    ]
    heads = ("", "value", f"{100 * plan.target.level:g} % interval", "unit")
    return block(
        f"For {plan.target.text()}",
        table(heads, rows, numbers=(1, 2)),
        line(f"status: {_STATUS[plan.status]}"),
        line(f"extrapolation: {extrapolation_text(plan.extrapolation)}"),
        line(f"law {plan.law or '–'}, definition {plan.definition}, route {plan.route}", faint=True),
        notes(plan.warnings),
    )


_STATUS = {
    "ok": "ok",
    "unconstrained": f"unconstrained, {UNCONSTRAINED}",
    "infeasible": f"infeasible, {INFEASIBLE}",
    "not_identified": NOT_IDENTIFIED,
}
