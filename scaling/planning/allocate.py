"""How to split a compute budget between model size and tokens, from a fit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from scaling.arrays import Array
from scaling.corpora import CORPORA
from scaling.errors import InputError
from scaling.fitting import CorpusFit, Estimate, Fit
from scaling.fitting.intervals.interval import interval
from scaling.fitting.known import unknown
from scaling.notes import coded, note
from scaling.planning import notes
from scaling.planning.extrapolation import reach, refuse_impossible
from scaling.planning.rise import UNKNOWN
from scaling.planning.search import at_end, least
from scaling.planning.target import NotIdentified, Target
from scaling.show.text import NOT_IDENTIFIED, brackets, extrapolation_text, span
from scaling.units import finite_or_none

FLOPS = 6.0  # of training, per parameter and token
_BELOW, _ABOVE = 1e-2, 1e4  # sizes are searched from the smallest probe times this to the largest times that
_STEP = 0.02  # in log params


@dataclass(frozen=True)
class AllocationQuestion:
    """A compute budget in FLOPs, the ratio, and the corpus whose loss is to be least."""

    flops: float
    ratio: float
    corpus: str
    level: float

    def __post_init__(self) -> None:
        """Raise `InputError` for a question that makes no sense."""
        if not (math.isfinite(self.flops) and self.flops > 0):
            raise InputError(f"flops must be above 0, not {self.flops:g}")
        if not 0 <= self.ratio <= 1:
            raise InputError(f"ratio must lie in 0..1, not {self.ratio:g}; write 0.25 for 25 %")
        if self.corpus not in CORPORA:
            raise InputError(f"corpus {self.corpus!r} is unknown; the corpora are {' and '.join(CORPORA)}")
        if not 0 < self.level < 1:
            raise InputError(f"level must lie between 0 and 1, not {self.level:g}")


@dataclass(frozen=True)
class Allocation:
    """The model size and CPT tokens with the least loss for a compute budget.

    `status` is "ok" or "not_identified" (the table does not tell the split, a warning says why; numbers are NaN). `loss`
    is that of the question's corpus at the point estimate's split, nats per token; its interval is the law's there.
    `extrapolation` as in `Plan`.
    """

    params: Estimate[float]
    tokens: Estimate[float]
    tokens_per_param: Estimate[float]
    loss: Estimate[float]
    status: Literal["ok", "not_identified"]
    extrapolation: dict[str, float]
    warnings: tuple[str, ...]
    question: AllocationQuestion

    def to_json_dict(self) -> dict[str, Any]:
        """The object that `scaling allocate --json` prints; NaN becomes None."""
        names = ("params", "tokens", "tokens_per_param", "loss")
        return {
            **{name: getattr(self, name).to_json_dict() for name in names},
            **{name: getattr(self.question, name) for name in ("corpus", "flops", "ratio", "level")},
            "status": self.status,
            "extrapolation": {name: finite_or_none(value) for name, value in self.extrapolation.items()},
            "warnings": list(self.warnings),
            "notes": coded(self.warnings),
        }

    def summary(self) -> str:
        """The answer in plain words."""
        asked = self.question
        lines = [f"For {asked.flops:.3g} FLOPs at ratio {asked.ratio:g}, least {asked.corpus} loss:"]
        if self.status == "not_identified":
            lines.append(f"  params             {NOT_IDENTIFIED}")
        else:
            title = f"{asked.corpus} loss"
            level = f" ({100 * asked.level:g} % interval)" if brackets(self.params, "count") else ""
            lines += [
                f"  params             {span(self.params, 'count')}{level}",
                f"  tokens             {span(self.tokens, 'count')}",
                f"  tokens per param   {span(self.tokens_per_param, '.3g')}",
                f"  {title:<18} {span(self.loss, '.4f')} nats/token",
                f"  extrapolation      {extrapolation_text(self.extrapolation)}",
            ]
        return "\n".join(lines + [f"  note: {warning}" for warning in self.warnings])


def allocate_compute(
    fit: Fit, flops: float, ratio: float, *, corpus: Literal["general", "domain"] = "domain", level: float = 0.9
) -> Allocation:
    """The (params, tokens) with the least loss among those with 6 * params * tokens = `flops`, at one ratio.

    `flops` is the compute of CPT alone: what the base model cost is not in it. Sizes are searched from 1/100 of the
    smallest probe to 10,000 times the largest, in the fit and in every draw; an optimum at an end of that range is no
    split. For a law with pure powers of params and tokens the answer is Chinchilla's closed form.

    Raises `InputError` for a question that makes no sense, a fit without that corpus, or a law of differences (the base
    loss, which falls with size, is not in it). What the table cannot carry is the status "not_identified".
    Source: Que et al. 2024 (arXiv 2406.01375), third use; Hoffmann et al. 2022 (arXiv 2203.15556), approach 3.

    >>> import scaling
    >>> fit = scaling.fit(scaling.load_runs("data/runs/prose-python.parquet"), draws=0)
    >>> split = allocate_compute(fit, flops=1e13, ratio=0.5)
    >>> split.status, f"{split.params.value:.1g}", f"{split.tokens.value:.1g}"
    ('ok', '3e+06', '5e+05')
    """
    question = AllocationQuestion(float(flops), float(ratio), corpus, float(level))
    one = fit.corpora.get(corpus)
    if one is None:
        raise InputError(f"the fit has no {corpus} corpus, so there is no {corpus} loss to make least")
    if one.law.target == "delta":
        raise InputError(f"the law {one.law} gives changes of the loss, which do not show which model size is better")
    try:
        if why := unknown(one, ("params", "tokens"), ratio=question.ratio):
            raise NotIdentified(why)
        return _allocation(fit, one, question)
    except NotIdentified as reason:
        blank = dict.fromkeys(("params", "tokens", "ratio"), math.nan)
        return Allocation(UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, "not_identified", blank, (reason.args[0],), question)


def _allocation(fit: Fit, one: CorpusFit, question: AllocationQuestion) -> Allocation:
    sizes, cut = _sizes(one, question)
    tokens = question.flops / (FLOPS * sizes)
    target = Target(float(sizes[0]), float(tokens[0]), 0.0, level=question.level)
    loss = one.estimate(target.params, target.tokens, question.ratio, question.level)
    refuse_impossible({f"{one.corpus} loss": loss.value})
    far = reach(one.ranges, target, question.ratio)
    params, trained, per_param = (interval(v[0], v[1:], question.level) for v in (sizes, tokens, tokens / sizes))
    said = [note("sizes_cut", percent=100 * cut)] if cut > 0 else []
    axes = [(name, far.factors[name]) for name in ("params", "tokens")]
    said += [note("split_far", name=name, beyond=beyond) for name, beyond in axes if beyond > notes.FAR]
    said += notes.of_distance(one.ranges, target, far)
    said += notes.of_ratio(one.ranges["ratio"], one.ratios, question.ratio, "ratio")
    said += [*notes.of_fit("", fit.warnings), *notes.of_fit(f"{one.corpus} fit: ", one.warnings)]
    return Allocation(params, trained, per_param, loss, "ok", far.factors, notes.once(*said), question)


def _sizes(one: CorpusFit, question: AllocationQuestion) -> tuple[Array, float]:
    """The best size of the fit and of every draw (B,), and the share of draws that have none. Raises `NotIdentified`."""
    low, high = (math.log(n) for n in one.ranges["params"])
    low, high = low + math.log(_BELOW), high + math.log(_ABOVE)
    grid = np.linspace(low, high, 2 + int((high - low) / _STEP))

    def losses(log_params: Array) -> Array:
        params = np.exp(log_params)
        return one.values(params, question.flops / (FLOPS * params), question.ratio)

    places = least(losses, grid)
    ends = at_end(places, grid)
    if ends[0]:
        way, most = ("rises", "smallest") if places[0] < grid.mean() else ("falls", "largest")
        raise NotIdentified(note("no_split", corpus=question.corpus, way=way, most=most, size=math.exp(places[0])))
    return np.exp(places), float(np.mean(ends[1:])) if len(ends) > 1 else 0.0
