"""The critical ratio by the tolerance definition, from a fit."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from scaling.arrays import Array
from scaling.errors import InputError
from scaling.fitting import CorpusFit, Estimate, Fit
from scaling.fitting.intervals.interval import interval
from scaling.laws import TermLaw, get_law
from scaling.notes import note
from scaling.planning.base_warnings import base_factors, base_warnings
from scaling.planning.curve import Curve
from scaling.planning.extrapolation import (
    distance_warnings,
    factors,
    impossible,
    possible,
    ratio_warnings,
    refuse_smaller,
)
from scaling.planning.noise import scattered
from scaling.planning.result import UNKNOWN, Plan, Status, not_identified
from scaling.planning.rise import Rise, general_rise
from scaling.planning.root import first_feasible, largest_ratio, least_loss
from scaling.planning.target import NoBaseLoss, NotIdentified, Target

MISS_SEED = 2  # of what the law misses in each draw, apart from the noise of a base loss


def of_fit(fit: Fit, question: Target) -> Plan:
    """The plan that a fit gives."""
    general = fit.general
    if general is None:
        source = fit.provenance.source
        raise InputError(f"{source}: the fit has no general corpus, so the rise of the general loss is unknown")
    refuse_smaller(general.ranges, question.params)
    try:
        plan = _plan(fit, general_rise(fit, question), question)
    except NotIdentified as reason:
        bare = isinstance(reason, NoBaseLoss)
        return _unanswered(
            fit, general, question, note("give_base_loss", reason=str(reason)) if bare else reason.args[0]
        )
    if why := impossible(plan.losses()):
        return _unanswered(fit, general, question, why)
    return replace(
        plan,
        general_loss=possible(plan.general_loss),
        domain_loss=possible(plan.domain_loss),
        base_general_loss=possible(plan.base_general_loss),
    )


def _unanswered(fit: Fit, general: CorpusFit, question: Target, reason: str) -> Plan:
    plan = not_identified(question, reason, factors(general.ranges, question, math.nan), law=general.law)
    return replace(plan, warnings=(*plan.warnings, *fit.warnings), provenance=fit.provenance)


def roots(rise: Rise, seed: int = MISS_SEED) -> Array:
    """The largest ratios within the tolerance (B,), the point estimate first, NaN where there is none.

    A draw is of the law's curve and of what the law misses: the rise allowed differs from draw to draw by as much as
    finished runs near the answer lie off the law. seed: of that, and of nothing else in a plan.
    """
    count, allowed = rise.curve.count, rise.allowed
    point = largest_ratio(rise, np.full(count, allowed))
    if count < 2:
        return point
    miss = rise.miss(float(np.nan_to_num(point[0], nan=0.0)))
    return largest_ratio(rise, allowed + scattered(count, miss, seed=seed)) if miss else point


def ratio_interval(found: Array, level: float) -> Estimate[float]:
    """The answer of critical ratios (B,), the point estimate first: NaN stays NaN there, and counts as 0 in the draws."""
    known = np.nan_to_num(found, nan=0.0)
    return replace(interval(known[0], known[1:], level), value=float(found[0]))


def _plan(fit: Fit, rise: Rise, question: Target) -> Plan:
    found, ranges, used = roots(rise), rise.curve.fit.ranges, looks_at_base(rise.curve.fit)
    value = float(found[0])
    status, notes = _status(rise, found)
    # Where no ratio passes, the losses shown are those where the rise is least.
    ratio = least_loss(rise)[0] if status == "infeasible" else value
    domain, missing = _domain(fit, question, ratio)
    warnings = [*notes, *rise.base.warnings, *distance_warnings(ranges, question)]
    warnings += base_warnings(rise.curve, used)
    warnings += ratio_warnings(ranges["ratio"], rise.curve.fit.ratios, value)
    warnings += [*missing, *_fit_warnings(fit, rise, ratio)]
    return Plan(
        critical_ratio=ratio_interval(found, question.level),
        status=status,
        general_loss=rise.loss_at(ratio),
        domain_loss=domain,
        base_general_loss=rise.base_loss(),
        extrapolation=factors(ranges, question, ratio) | base_factors(rise.curve, used),
        warnings=tuple(dict.fromkeys(warnings)),
        target=question,
        law=rise.curve.fit.law,
        draws=tuple(map(float, found[1:])),
        provenance=fit.provenance,
    )


def looks_at_base(general: CorpusFit) -> bool:
    """Whether the fit makes a difference of what the base saw."""
    law = get_law(general.law)
    terms = law.terms if isinstance(law, TermLaw) else ()
    return any("progress" in term.variables and term.coefficient not in general.dropped for term in terms)


def _status(rise: Rise, found: Array) -> tuple[Status, list[str]]:
    if math.isnan(found[0]):
        ratio, least = least_loss(rise)
        over = least - rise.allowed
        return "infeasible", [note("infeasible", over=over, ratio=ratio)]
    first = first_feasible(rise, rise.allowed)
    notes: list[str] = [note("low_ratios_fail", ratio=first)] if first > 0 else []
    failing = float(np.mean(np.isnan(found[1:]))) if len(found) > 1 else 0.0
    if failing > 0:
        notes.append(note("draws_fail", percent=100 * failing))
    return ("unconstrained" if found[0] == 1.0 and first == 0 else "ok"), notes


def _domain(fit: Fit, question: Target, ratio: float) -> tuple[Estimate[float], list[str]]:
    if fit.domain is None:
        return UNKNOWN, [note("no_domain")]
    unsure = fit.domain.warnings if fit.domain.status == "not_identified" else ()
    try:
        return Curve(fit.domain, replace(question, base_tokens=None)).at(ratio), [
            f"domain fit: {warning}" for warning in unsure
        ]
    except NotIdentified as reason:
        return UNKNOWN, [note("domain_unknown", reason=str(reason))]


def _fit_warnings(fit: Fit, rise: Rise, ratio: float) -> list[str]:
    """What the fit says of itself, and whether the law is good enough for so small a tolerance."""
    general = rise.curve.fit
    allowed, miss = rise.allowed, rise.miss(ratio)
    code = "law_rough_near"
    if miss == 0:  # not known of an older fit
        miss, code = general.residual_sd * (1.0 if rise.differences else float(rise.base.draws[0])), "law_rough"
    rough = note(code, miss=miss, allowed=allowed)
    return [
        *([rough] if miss > allowed / 2 else []),
        *fit.warnings,
        *(f"general fit: {warning}" for warning in general.warnings),
    ]
