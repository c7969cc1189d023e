"""The critical ratio by the tolerance definition, from a fit: first every number, then the notes on them."""

from __future__ import annotations

import math
from dataclasses import replace

from scaling.errors import InputError
from scaling.fitting import Estimate, Fit
from scaling.notes import Note, note
from scaling.planning import notes
from scaling.planning.extrapolation import possible, reach, refuse_smaller, refuse_unknown
from scaling.planning.plan import UNKNOWN, Plan, not_identified
from scaling.planning.rise import general_rise
from scaling.planning.target import NoBaseLoss, NotIdentified, Target


def of_fit(fit: Fit, target: Target) -> Plan:
    """The plan that a fit gives. Raises `InputError` as `critical_ratio` does."""
    if fit.general is None:
        source = fit.provenance.source
        raise InputError(f"{source}: the fit has no general corpus, so the rise of the general loss is unknown")
    refuse_smaller(fit.general.ranges, target.params)
    try:
        return _answered(fit, target)
    except NotIdentified as reason:
        why = reason.args[0]
        if isinstance(reason, NoBaseLoss):
            why = note("give_base_loss", reason=str(why))
        far = reach(fit.general.ranges, target, math.nan).factors
        plan = not_identified(target, why, far, law=fit.general.law.name)
        return replace(plan, warnings=(*plan.warnings, *fit.warnings), provenance=fit.provenance)


def _answered(fit: Fit, target: Target) -> Plan:
    rise = general_rise(fit, target)
    answer = rise.answer()
    domain, why = _domain_loss(fit, target, answer.shown)
    far = reach(rise.fit.ranges, target, answer.shown, rise.fit)
    losses = possible(
        {"general loss": answer.general_loss, "domain loss": domain, "base general loss": answer.base_loss}
    )
    return Plan(
        critical_ratio=answer.critical_ratio,
        status=answer.status,
        general_loss=losses["general loss"],
        domain_loss=losses["domain loss"],
        base_general_loss=losses["base general loss"],
        extrapolation=far.factors,
        warnings=notes.of_plan(fit, rise, answer, far, why),
        target=target,
        law=rise.fit.law.name,
        draws=tuple(map(float, answer.ratios[1:])),
        provenance=fit.provenance,
    )


def _domain_loss(fit: Fit, target: Target, ratio: float) -> tuple[Estimate[float], Note | None]:
    """The domain loss at a ratio, and why it is not known. What the target's base saw is of the general loss alone."""
    if fit.domain is None:
        return UNKNOWN, note("no_domain")
    try:
        refuse_unknown(fit.domain, replace(target, base_tokens=None))
    except NotIdentified as reason:
        return UNKNOWN, note("domain_unknown", reason=str(reason))
    return fit.domain.estimate(target.params, target.tokens, ratio, target.level), None
