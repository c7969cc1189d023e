"""The critical ratio by the tolerance definition, from a fit."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from scaling.errors import InputError
from scaling.fitting import CorpusFit, Estimate, Fit
from scaling.fitting.intervals.interval import interval
from scaling.laws import get_law
from scaling.planning.base_loss import BaseLoss, additive_in_size, carried, given
from scaling.planning.curve import Curve
from scaling.planning.extrapolation import distance_warnings, factors, ratio_warnings, refuse_smaller
from scaling.planning.question import NotIdentified, Question
from scaling.planning.result import UNKNOWN, Plan, Status
from scaling.planning.root import first_feasible, largest_ratio, least_loss

Array = NDArray[np.float64]


def critical_ratio(
    fit: Fit,
    params: float,
    tokens: float,
    tolerance: float = 0.05,
    *,
    relative: bool = False,
    base_general_loss: float | None = None,
    level: float = 0.9,
) -> Plan:
    """The largest domain share whose general loss at (params, tokens) stays within `tolerance` of the base loss.

    `tolerance` is in nats per token, or a share of the base loss with `relative`. The root is found in the fit and in
    every draw; the interval is the draws' central quantiles at `level`, a draw in which no ratio passes counting as 0
    and one in which all do as 1. The base loss is `base_general_loss` or carried from the rows at tokens 0.

    Raises `InputError` for a target that makes no sense (not above 0, smaller than the probes), a negative tolerance,
    or a fit without a general corpus. What the table cannot carry is the status "not_identified" with the reason.
    Source: Que et al. 2024 (arXiv 2406.01375), first use; Gu et al. 2024 (arXiv 2407.17467), definition 1.
    """
    question = Question(float(params), float(tokens), float(tolerance), relative, float(level))
    general = fit.general
    if general is None:
        raise InputError("the fit has no general corpus, so the rise of the general loss is unknown")
    refuse_smaller(general.ranges, question.params)
    try:
        curve = Curve(general, question)
        base = _base(fit, curve, base_general_loss)
    except NotIdentified as reason:
        return _unanswered(general, question, str(reason))
    return _plan(fit, curve, base, question)


def _base(fit: Fit, curve: Curve, measured: float | None) -> BaseLoss:
    count = 1 + len(curve.fit.draws)
    if measured is not None:
        return given(measured, count)
    additive = additive_in_size(get_law(fit.law)) and "params" not in curve.fit.held
    return carried(fit.base.get("general", []), curve.question.params, count, curve.sizes if additive else None)


def _plan(fit: Fit, curve: Curve, base: BaseLoss, question: Question) -> Plan:
    limits = base.draws + question.allowed(float(base.draws[0]))
    roots = largest_ratio(curve.losses, limits)
    value, draws = float(roots[0]), np.nan_to_num(roots[1:], nan=0.0)
    status, notes = _status(curve, limits, roots)
    # Where no ratio passes, the losses shown are those where the rise is least.
    ratio = least_loss(curve.losses)[0] if status == "infeasible" else value
    domain, missing = _domain(fit, question, ratio)
    warnings = [*notes, *base.warnings, *distance_warnings(curve.fit.ranges, question)]
    warnings += ratio_warnings(curve.fit.ranges["ratio"], curve.fit.ratios, value)
    warnings += [*missing, *_fit_warnings(fit, curve, base, question)]
    answer = interval(roots[0], draws, question.level)
    return Plan(
        critical_ratio=answer,
        status=status,
        general_loss=curve.at(ratio),
        domain_loss=domain,
        base_general_loss=interval(base.draws[0], base.draws[1:], question.level),
        extrapolation=factors(curve.fit.ranges, question, ratio),
        warnings=tuple(dict.fromkeys(warnings)),
        question=question,
    )


def _status(curve: Curve, limits: Array, roots: Array) -> tuple[Status, list[str]]:
    if math.isnan(roots[0]):
        ratio, loss = least_loss(curve.losses)
        over = loss - limits[0]
        return "infeasible", [
            f"the least rise there is exceeds the tolerance by {over:.4f} nats, at ratio {ratio:.3g}; a lower learning "
            "rate, more tokens or a larger tolerance would help"
        ]
    first = first_feasible(curve.losses, float(limits[0]))
    notes = [f"below ratio {first:.3g} the general loss is not within the tolerance either"] if first > 0 else []
    failing = float(np.mean(np.isnan(roots[1:]))) if len(roots) > 1 else 0.0
    if failing > 0:
        notes.append(f"in {100 * failing:.3g} % of the draws no ratio stays within the tolerance")
    return ("unconstrained" if roots[0] == 1.0 and first == 0 else "ok"), notes


def _domain(fit: Fit, question: Question, ratio: float) -> tuple[Estimate[float], list[str]]:
    if fit.domain is None:
        return UNKNOWN, ["the fit has no domain corpus, so the domain loss is unknown"]
    try:
        return Curve(fit.domain, question).at(ratio), []
    except NotIdentified as reason:
        return UNKNOWN, [f"domain loss unknown: {reason}"]


def _fit_warnings(fit: Fit, curve: Curve, base: BaseLoss, question: Question) -> list[str]:
    """What the fit says of itself, and whether the law is good enough for so small a tolerance."""
    miss = curve.fit.residual_sd * float(base.draws[0])
    allowed = question.allowed(float(base.draws[0]))
    rough = (
        f"the law misses the general loss by {miss:.3g} nats (residual standard deviation), which is much for a "
        f"tolerance of {allowed:.3g} nats"
    )
    return [
        *([rough] if miss > allowed / 2 else []),
        *fit.warnings,
        *(f"general fit: {warning}" for warning in curve.fit.warnings),
    ]


def _unanswered(general: CorpusFit, question: Question, reason: str) -> Plan:
    blank = factors(general.ranges, question, math.nan)
    return Plan(UNKNOWN, "not_identified", UNKNOWN, UNKNOWN, UNKNOWN, blank, (reason,), question)
