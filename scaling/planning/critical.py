"""The critical ratio by the tolerance definition, from a fit."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from scaling.errors import InputError
from scaling.fitting import CorpusFit, Estimate, Fit
from scaling.fitting.intervals.interval import interval
from scaling.laws import TermLaw, get_law
from scaling.planning.base_warnings import base_factors, base_warnings
from scaling.planning.curve import Curve
from scaling.planning.extrapolation import distance_warnings, factors, impossible, ratio_warnings, refuse_smaller
from scaling.planning.noise import scattered
from scaling.planning.question import NoBaseLoss, NotIdentified, Question
from scaling.planning.result import UNKNOWN, Plan, Status, not_identified
from scaling.planning.rise import Rise, general_rise
from scaling.planning.root import first_feasible, largest_ratio, least_loss

Array = NDArray[np.float64]
MISS_SEED = 2  # of what the law misses in each draw, apart from the noise of a base loss


def critical_ratio(
    fit: Fit,
    params: float,
    tokens: float,
    tolerance: float = 0.05,
    *,
    relative: bool = False,
    base_general_loss: float | None = None,
    base_tokens: float | None = None,
    level: float = 0.9,
    far: bool = False,
) -> Plan:
    """The largest domain share whose general loss at (params, tokens) stays within `tolerance` of the base loss.

    `tolerance` is in nats per token, or a share of the base loss with `relative`. The root is found in the fit and in
    every draw, with the law's misses at finished runs near it added; the interval is the draws' central quantiles at
    `level`, a draw in which no ratio passes counting as 0 and one in which all do as 1. The base loss is
    `base_general_loss` or carried from the rows at tokens 0. `base_tokens` is what the target's base saw; by default what
    the table's column base_tokens says of that size, or leads to. A target more than 1,000 times beyond the probes, or
    losses at or below 0 there, are "not_identified": numbers in different units look so; `far` says that the target is meant.

    Raises `InputError` for a target that makes no sense (not above 0, smaller than the probes), a negative tolerance,
    or a fit without a general corpus. What the table cannot carry is the status "not_identified" with the reason.
    Source: Que et al. 2024 (arXiv 2406.01375), first use; Gu et al. 2024 (arXiv 2407.17467), definition 1.

    >>> import scaling
    >>> runs = scaling.load_runs("data/runs/prose-code.parquet")
    >>> fit = scaling.fit(runs, law="forgetting", draws=50)
    >>> plan = critical_ratio(fit, params=10.6e6, tokens=262144, tolerance=0.05)
    >>> plan.status, round(plan.value, 2), [round(end, 1) for end in plan.interval]
    ('ok', 0.23, [0.1, 0.3])
    """
    question = Question(float(params), float(tokens), float(tolerance), relative, float(level), far)
    general = fit.general
    if general is None:
        source = fit.provenance.source
        raise InputError(f"{source}: the fit has no general corpus, so the rise of the general loss is unknown")
    refuse_smaller(general.ranges, question.params)
    try:
        plan = _plan(fit, general_rise(fit, question, base_general_loss, base_tokens), question)
    except NotIdentified as reason:
        advice = "; give the target's with --base-general-loss" if isinstance(reason, NoBaseLoss) else ""
        return _unanswered(fit, general, question, f"{reason}{advice}")
    why = impossible(plan.losses())
    return _unanswered(fit, general, question, why) if why else plan


def _unanswered(fit: Fit, general: CorpusFit, question: Question, reason: str) -> Plan:
    plan = not_identified(question, reason, factors(general.ranges, question, math.nan), law=general.law)
    return replace(plan, warnings=(*plan.warnings, *fit.warnings))


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


def _plan(fit: Fit, rise: Rise, question: Question) -> Plan:
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
        question=question,
        law=rise.curve.fit.law,
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
        return "infeasible", [
            f"the least rise there is exceeds the tolerance by {over:.4f} nats, at ratio {ratio:.3g}; a lower learning "
            "rate, more tokens or a larger tolerance would help"
        ]
    first = first_feasible(rise, rise.allowed)
    notes = [f"below ratio {first:.3g} the general loss is not within the tolerance either"] if first > 0 else []
    failing = float(np.mean(np.isnan(found[1:]))) if len(found) > 1 else 0.0
    if failing > 0:
        notes.append(f"in {100 * failing:.3g} % of the draws no ratio stays within the tolerance")
    return ("unconstrained" if found[0] == 1.0 and first == 0 else "ok"), notes


def _domain(fit: Fit, question: Question, ratio: float) -> tuple[Estimate[float], list[str]]:
    if fit.domain is None:
        return UNKNOWN, ["the fit has no domain corpus, so the domain loss is unknown"]
    unsure = fit.domain.warnings if fit.domain.status == "not_identified" else ()
    try:
        return Curve(fit.domain, question).at(ratio), [f"domain fit: {warning}" for warning in unsure]
    except NotIdentified as reason:
        return UNKNOWN, [f"domain loss unknown: {reason}"]


def _fit_warnings(fit: Fit, rise: Rise, ratio: float) -> list[str]:
    """What the fit says of itself, and whether the law is good enough for so small a tolerance."""
    general = rise.curve.fit
    allowed, miss = rise.allowed, rise.miss(ratio)
    where = "finished runs near this ratio"
    if miss == 0:  # not known of an older fit
        miss, where = general.residual_sd * (1.0 if rise.differences else float(rise.base.draws[0])), "its rows"
    rough = f"the law misses the general loss of {where} by {miss:.3g} nats, which is much for a tolerance of {allowed:.3g} nats"
    return [
        *([rough] if miss > allowed / 2 else []),
        *fit.warnings,
        *(f"general fit: {warning}" for warning in general.warnings),
    ]
