"""The best ratio for a limited amount of domain text, from a fit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from scaling.arrays import Array, Mask
from scaling.errors import InputError
from scaling.fitting import CorpusFit, Estimate, Fit
from scaling.fitting.intervals.interval import interval
from scaling.fitting.known import unknown
from scaling.notes import Note, coded, note
from scaling.planning import notes
from scaling.planning.extrapolation import reach, refuse_farther, refuse_impossible, refuse_smaller, refuse_unknown
from scaling.planning.repetition import probe_epochs, repetition_notes, worth
from scaling.planning.rise import UNKNOWN, general_rise
from scaling.planning.search import at_end, least
from scaling.planning.target import NotIdentified, Target
from scaling.runs import Runs
from scaling.show.text import NOT_IDENTIFIED, brackets, extrapolation_text, span
from scaling.units import finite_or_none, format_count

LimitedStatus = Literal["ok", "capped", "edge", "not_identified"]
_SMALLEST = 1e-3  # ratios are searched from here, times the largest, up: below, the tokens in all are a thousandfold
_STEPS = 401  # 1.7 % a step


@dataclass(frozen=True)
class LimitedQuestion:
    """A model, the unique domain tokens there are, and perhaps a budget of `tokens` in all (None: one epoch exactly)."""

    params: float
    domain_tokens: float
    tokens: float | None
    max_epochs: float
    level: float
    far: bool = False

    def __post_init__(self) -> None:
        """Raise `InputError` for a question that makes no sense."""
        if not (math.isfinite(self.domain_tokens) and self.domain_tokens > 0):
            raise InputError(f"domain tokens must be above 0, not {self.domain_tokens:g}")
        self.target(1.0)  # checks params, tokens and level
        if not (math.isfinite(self.max_epochs) and self.max_epochs >= 1):
            raise InputError(f"max epochs must be at least 1, not {self.max_epochs:g}")

    @property
    def cap(self) -> float:
        """The largest ratio that shows the domain data at most `max_epochs` times."""
        return 1.0 if self.tokens is None else min(1.0, self.max_epochs * self.domain_tokens / self.tokens)

    def total(self, ratio: npt.ArrayLike) -> Array:
        """All tokens that are trained on, at ratios of any shape: the budget, or domain_tokens / ratio."""
        ratios = np.asarray(ratio, dtype=np.float64)
        return self.domain_tokens / ratios if self.tokens is None else np.full(ratios.shape, self.tokens)

    def epochs(self, ratio: npt.ArrayLike) -> Array:
        """How often the domain data is seen; below 1 a part of it is not."""
        ratios = np.asarray(ratio, dtype=np.float64)
        return np.ones(ratios.shape) if self.tokens is None else ratios * self.tokens / self.domain_tokens

    def counted(self, ratio: npt.ArrayLike) -> Array:
        """The tokens that the domain law sees: all of them where nothing repeats, fewer by the repeats' discount."""
        return self.domain_tokens * worth(self.epochs(ratio)) / np.asarray(ratio, dtype=np.float64)

    def target(self, ratio: float) -> Target:
        """The model and all tokens at one ratio, as other plans are asked."""
        total = self.domain_tokens / ratio if self.tokens is None else self.tokens
        return Target(self.params, total, 0.0, level=self.level, far=self.far)

    def text(self) -> str:
        """The question in words."""
        within = "one epoch" if self.tokens is None else f"{format_count(self.tokens)} tokens in all"
        return f"{format_count(self.params)} params, {format_count(self.domain_tokens)} unique domain tokens, {within}"


@dataclass(frozen=True)
class Mix:
    """One ratio with what it implies: all `tokens`, `epochs` of the domain data, losses in nats per token."""

    ratio: Estimate[float]
    tokens: Estimate[float]
    epochs: Estimate[float]
    domain_loss: Estimate[float]
    general_loss: Estimate[float]

    def to_json_dict(self) -> dict[str, Any]:
        """Every estimate with value, low and high; NaN as None."""
        return {name: estimate.to_json_dict() for name, estimate in vars(self).items()}


@dataclass(frozen=True)
class LimitedData:
    """The ratio that makes most of the domain data at hand.

    `best` keeps to max_epochs, `uncapped` does not. `status` is "ok"; "capped" (the cap decides the ratio); "edge" (the
    domain loss is least at an end of the ratios, not inside: a warning says at which); or "not_identified" (the table
    cannot carry the answer, a warning says why). `probe_epochs`: how often the most repetitive probe had seen its domain
    data, NaN where not known. `extrapolation` as in `Plan`, of `best`.
    """

    best: Mix
    uncapped: Mix
    status: LimitedStatus
    probe_epochs: float
    extrapolation: dict[str, float]
    warnings: tuple[str, ...]
    question: LimitedQuestion

    @property
    def value(self) -> float:
        """The best ratio within max_epochs; NaN where not identified."""
        return self.best.ratio.value

    @property
    def interval(self) -> tuple[float, float]:
        """Its interval at the question's level."""
        return self.best.ratio.low, self.best.ratio.high

    def to_json_dict(self) -> dict[str, Any]:
        """The object that `scaling limited --json` prints; NaN becomes None."""
        return {
            **self.best.to_json_dict(),
            "uncapped": self.uncapped.to_json_dict(),
            "status": self.status,
            "level": self.question.level,
            "max_epochs": self.question.max_epochs,
            "probe_epochs": finite_or_none(self.probe_epochs),
            "extrapolation": {name: finite_or_none(value) for name, value in self.extrapolation.items()},
            "warnings": list(self.warnings),
            "notes": coded(self.warnings),
        }

    def summary(self) -> str:
        """The answer in plain words."""
        lines = [f"For {self.question.text()}:"]
        if self.status == "not_identified":
            lines.append(f"  ratio              {NOT_IDENTIFIED}")
        else:
            lines += [*self._mix(), f"  extrapolation      {extrapolation_text(self.extrapolation)}"]
        return "\n".join(lines + [f"  note: {warning}" for warning in self.warnings])

    def _mix(self) -> list[str]:
        best = self.best
        level = f" ({100 * self.question.level:g} % interval)" if brackets(best.ratio, ".3f") else ""
        lines = [
            f"  ratio              {span(best.ratio, '.3f')}{level} domain share",
            f"  tokens             {span(best.tokens, 'count')}",
            f"  domain epochs      {span(best.epochs, '.3g')}",
        ]
        for title, loss in (("domain loss", best.domain_loss), ("general loss", best.general_loss)):
            if math.isfinite(loss.value):
                lines.append(f"  {title:<18} {span(loss, '.4f')} nats/token")
        if self.status == "capped":
            free = self.uncapped
            lines.append(f"  without the cap    {span(free.ratio, '.3f')}, at {span(free.epochs, '.3g')} epochs")
        return lines


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
        if why := unknown(fit.domain, ("tokens", "ratio"), params=question.params):
            raise NotIdentified(why)
        answer = _answered(fit, fit.domain, question, runs, probed)
        refuse_farther(fit.domain.ranges, question.target(answer.value))
        losses = {"domain loss": answer.best.domain_loss.value, "general loss": answer.best.general_loss.value}
        refuse_impossible(losses)
        return answer
    except NotIdentified as reason:
        nothing = Mix(UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN)
        blank = dict.fromkeys(("params", "tokens", "ratio"), math.nan)
        return LimitedData(nothing, nothing, "not_identified", probed, blank, (reason.args[0],), question)


def _answered(fit: Fit, domain: CorpusFit, question: LimitedQuestion, runs: Runs | None, probed: float) -> LimitedData:
    free = _least_ratios(domain, question, 1.0)
    ratios = free if question.cap == 1.0 else _least_ratios(domain, question, question.cap)
    value, other = float(ratios[0]), float(free[0])
    target, ends = question.target(value), at_end(np.log(ratios), _grid(question.cap))
    general, missing = _general(fit, target, value)
    best = _mix(fit, domain, question, ratios, general)
    status = _status(value, bool(ends[0]), question.cap)
    far = reach(domain.ranges, target, value)
    said = [*_notes(status, best, ends, question), *notes.of_level(fit, "domain", question.params)]
    said += repetition_notes(best.epochs.value, probed, known=runs is not None)
    said += [*_unseen(question, best), *notes.of_distance(domain.ranges, target, far)]
    said += notes.of_ratio(domain.ranges["ratio"], domain.ratios, value, "ratio")
    said += [*missing, *notes.of_fit("", fit.warnings), *notes.of_fit("domain fit: ", domain.warnings)]
    return LimitedData(
        best=best,
        uncapped=_mix(fit, domain, question, free, _general(fit, question.target(other), other)[0]),
        status=status,
        probe_epochs=probed,
        extrapolation=far.factors,
        warnings=notes.once(*said),
        question=question,
    )


def _least_ratios(domain: CorpusFit, question: LimitedQuestion, largest: float) -> Array:
    """The ratio of least domain loss up to `largest`, in the fit and every draw: (B,)."""

    def losses(log_ratio: Array) -> Array:
        ratio = np.minimum(np.exp(log_ratio), largest)  # exp(log(x)) may round above x
        return domain.values(question.params, question.counted(ratio), ratio)

    places = least(losses, _grid(largest))
    return np.where(places == math.log(largest), largest, np.exp(places))


def _grid(largest: float) -> Array:
    return np.linspace(math.log(_SMALLEST * largest), math.log(largest), _STEPS)


def _mix(fit: Fit, domain: CorpusFit, question: LimitedQuestion, ratios: Array, general: Estimate[float]) -> Mix:
    """What ratios (B,) imply, losses at the first of them."""
    value, level = float(ratios[0]), question.level
    implied = (ratios, question.total(ratios), question.epochs(ratios))
    ratio, tokens, epochs = (interval(values[0], values[1:], level) for values in implied)
    change = domain.estimate(question.params, float(question.counted(value)), value, level)
    return Mix(ratio, tokens, epochs, change.shifted(fit.added_to("domain", question.params)), general)


def _general(fit: Fit, target: Target, ratio: float) -> tuple[Estimate[float], list[Note]]:
    """The general loss at a ratio, and notes on it."""
    if fit.general is None:
        return UNKNOWN, [note("no_general")]
    try:
        if fit.general.law.target == "loss":
            refuse_unknown(fit.general, target)
            return fit.general.estimate(target.params, target.tokens, ratio, target.level), []
        rise = general_rise(fit, target)
        return rise.loss_at(ratio), notes.of_base_loss(rise.base)
    except NotIdentified as reason:
        return UNKNOWN, [note("general_unknown", reason=str(reason))]


def _status(value: float, at_an_end: bool, largest: float) -> LimitedStatus:
    if not at_an_end:
        return "ok"
    return "capped" if largest < 1 and value >= largest / 2 else "edge"


def _notes(status: LimitedStatus, best: Mix, ends: Mask, question: LimitedQuestion) -> list[Note]:
    value, share = best.ratio.value, 100 * float(np.mean(ends[1:])) if len(ends) > 1 else 0.0
    if status == "ok":
        return [note("draws_at_end", percent=share)] if share > 0 else []
    if value < question.cap / 2:
        return [note("still_falls", ratio=value)]
    if status == "capped":
        return [note("capped", ratio=question.cap, epochs=question.max_epochs)]
    return [note("pure_domain_best")]


def _unseen(question: LimitedQuestion, best: Mix) -> list[Note]:
    epochs, there = best.epochs.value, question.domain_tokens
    return [] if epochs >= 0.99 else [note("domain_unseen", seen=epochs * there, there=there)]
