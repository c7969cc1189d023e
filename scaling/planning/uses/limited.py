"""The best ratio for a limited amount of domain text, from a fit."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from scaling.errors import InputError
from scaling.fitting import Estimate, Fit
from scaling.fitting.intervals.interval import interval
from scaling.laws import get_law
from scaling.planning.curve import Curve
from scaling.planning.extrapolation import (
    distance_warnings,
    factors,
    impossible,
    ratio_warnings,
    refuse_farther,
    refuse_smaller,
)
from scaling.planning.question import NotIdentified
from scaling.planning.result import UNKNOWN
from scaling.planning.rise import general_rise
from scaling.planning.uses.limited_result import LimitedData, LimitedQuestion, LimitedStatus, Mix
from scaling.planning.uses.minimum import at_end, least
from scaling.planning.uses.repetition import probe_epochs, repetition_warnings
from scaling.planning.uses.surface import Surface, identified, surface
from scaling.runs import Runs
from scaling.units import format_count

Array = NDArray[np.float64]
_SMALLEST = 1e-3  # ratios are searched from here, times the largest, up: below, the tokens in all are a thousandfold
_STEPS = 401  # 1.7 % a step


def limited_data(
    fit: Fit,
    params: float,
    domain_tokens: float,
    tokens: float | None = None,
    *,
    max_epochs: float = 4.0,
    level: float = 0.9,
    runs: Runs | None = None,
    far: bool = False,
) -> LimitedData:
    """The ratio with the least domain loss, where there are only `domain_tokens` unique domain tokens.

    Without `tokens` each is seen once, as in the paper: tokens in all D = domain_tokens / ratio, and the domain loss
    L(N, D, ratio) has a minimum between much replay and little training. With a budget of `tokens` the domain data is
    seen ratio * tokens / domain_tokens times, repeats at a discount (`repetition.worth`): the law sees the tokens that
    the discounted domain tokens would make at that ratio. The answer repeats at most `max_epochs` times; the one without
    that cap is beside it. Intervals are of the fit's draws, each with its own minimum. Forgetting is no part of it; the
    general loss at the answer is reported. `runs`, the fitted table, tells how often the probes repeated.

    Raises `InputError` for a question that makes no sense, a target smaller than the probes, or a fit without a domain
    corpus. What the table cannot carry is the status "not_identified" with the reason, and so is a target more than 1,000
    times beyond the probes, unless that is meant (`far`).
    Source: Que et al. 2024 (arXiv 2406.01375), second use; Muennighoff et al. 2023 (arXiv 2305.16264).

    >>> import scaling
    >>> fit = scaling.fit(scaling.load_runs("data/runs/prose-code.parquet"), law="forgetting", draws=0)
    >>> found = limited_data(fit, params=2.66e6, domain_tokens=30e3)
    >>> found.status, round(found.best.ratio.value, 2), f"{found.best.tokens.value:.1g}"
    ('ok', 0.22, '1e+05')
    """
    budget = None if tokens is None else float(tokens)
    question = LimitedQuestion(float(params), float(domain_tokens), budget, float(max_epochs), float(level), far)
    if fit.domain is None:
        raise InputError("the fit has no domain corpus, so there is no domain loss to make least")
    refuse_smaller(fit.domain.ranges, question.params)
    probed = math.nan if runs is None else probe_epochs(runs)
    try:
        identified(fit.domain, ("tokens", "ratio"), {"params": question.params})
        domain, notes = surface(fit, "domain", question.params)
        answer = _plan(fit, domain, question, notes, probed, runs)
        refuse_farther(fit.domain.ranges, question.target(answer.best.ratio.value))
        losses = {"domain loss": answer.best.domain_loss.value, "general loss": answer.best.general_loss.value}
        if why := impossible(losses):
            raise NotIdentified(why)
        return answer
    except NotIdentified as reason:
        unknown = Mix(UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN)
        blank = dict.fromkeys(("params", "tokens", "ratio"), math.nan)
        return LimitedData(unknown, unknown, "not_identified", probed, blank, (str(reason),), question)


def _plan(
    fit: Fit, domain: Surface, question: LimitedQuestion, notes: list[str], probed: float, runs: Runs | None
) -> LimitedData:
    free = _least_ratios(domain, question, 1.0)
    ratios = free if question.cap == 1.0 else _least_ratios(domain, question, question.cap)
    best, missing = _mix(fit, domain, question, ratios)
    value = best.ratio.value
    status, found = _status(ratios, question)
    target = question.target(value)
    warnings = [*found, *notes, *repetition_warnings(best.epochs.value, runs), *_unseen(question, best)]
    warnings += distance_warnings(domain.fit.ranges, target)
    warnings += ratio_warnings(domain.fit.ranges["ratio"], domain.fit.ratios, value, "ratio")
    warnings += [*missing, *fit.warnings, *(f"domain fit: {warning}" for warning in domain.fit.warnings)]
    return LimitedData(
        best=best,
        uncapped=_mix(fit, domain, question, free)[0],
        status=status,
        probe_epochs=probed,
        extrapolation=factors(domain.fit.ranges, target, value),
        warnings=tuple(dict.fromkeys(warnings)),
        question=question,
    )


def _least_ratios(domain: Surface, question: LimitedQuestion, largest: float) -> Array:
    """The ratio of least domain loss up to `largest`, in the fit and every draw: (B,)."""

    def losses(log_ratio: Array) -> Array:
        ratio = np.minimum(np.exp(log_ratio), largest)  # exp(log(x)) may round above x
        return domain.losses([[question.params]], question.counted(ratio), ratio)

    places = least(losses, _grid(largest))
    return np.where(places == math.log(largest), largest, np.exp(places))


def _grid(largest: float) -> Array:
    return np.linspace(math.log(_SMALLEST * largest), math.log(largest), _STEPS)


def _mix(fit: Fit, domain: Surface, question: LimitedQuestion, ratios: Array) -> tuple[Mix, list[str]]:
    """What ratios (B,) imply, losses at the first of them; and notes on the general loss."""
    value = float(ratios[0])
    general, missing = _general(fit, question, value)
    implied = (ratios, question.total(ratios), question.epochs(ratios))
    ratio, tokens, epochs = (interval(values[0], values[1:], question.level) for values in implied)
    loss = domain.at(question.params, float(question.counted(value)), value, question.level)
    return Mix(ratio, tokens, epochs, loss, general), missing


def _general(fit: Fit, question: LimitedQuestion, ratio: float) -> tuple[Estimate[float], list[str]]:
    if fit.general is None:
        return UNKNOWN, ["the fit has no general corpus, so the general loss is unknown"]
    target = question.target(ratio)
    try:
        if get_law(fit.general.law).target == "loss":
            return Curve(fit.general, target).at(ratio), []
        rise = general_rise(fit, target, None, None)
        return rise.loss_at(ratio), list(rise.base.warnings)
    except NotIdentified as reason:
        return UNKNOWN, [f"general loss unknown: {reason}"]


def _status(ratios: Array, question: LimitedQuestion) -> tuple[LimitedStatus, list[str]]:
    largest, value = question.cap, float(ratios[0])
    ends = at_end(np.log(ratios), _grid(largest))
    if not ends[0]:
        share = 100 * float(np.mean(ends[1:])) if len(ends) > 1 else 0.0
        some = f"in {share:.3g} % of the draws the domain loss is least at an end of the ratios that were searched"
        return "ok", [some] if share > 0 else []
    if value < largest / 2:
        return "edge", [f"the domain loss still falls at ratio {value:.3g}, the smallest that was searched"]
    if largest < 1:
        return "capped", [f"ratios above {largest:.3f} would show the domain data over {question.max_epochs:g} times"]
    return "edge", ["the domain loss is least at ratio 1, pure domain text: by this fit general text does not help it"]


def _unseen(question: LimitedQuestion, best: Mix) -> list[str]:
    epochs = best.epochs.value
    if epochs >= 0.99:
        return []
    seen, there = format_count(epochs * question.domain_tokens), format_count(question.domain_tokens)
    return [f"only {seen} of the {there} domain tokens are seen; a larger budget would use the others"]
