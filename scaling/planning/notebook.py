"""A plan as a notebook shows it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from scaling._notebook import block, line, notes, table
from scaling.planning.text import brackets, extrapolation_text

if TYPE_CHECKING:
    from scaling.planning.result import Plan


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
    "unconstrained": "unconstrained, every ratio stays within the tolerance",
    "infeasible": "infeasible, no ratio stays within the tolerance",
    "not_identified": "not identified by this table",
}
