"""How to split a compute budget between model size and tokens, from a fit."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from scaling.errors import InputError
from scaling.fitting import CorpusFit, Fit
from scaling.fitting.intervals.interval import interval
from scaling.laws import get_law
from scaling.planning.extrapolation import FAR, distance_warnings, factors, impossible, ratio_warnings
from scaling.planning.question import NotIdentified, Question
from scaling.planning.result import UNKNOWN
from scaling.planning.uses.allocate_result import Allocation, AllocationQuestion
from scaling.planning.uses.minimum import at_end, least
from scaling.planning.uses.surface import Surface, identified
from scaling.units import format_count

Array = NDArray[np.float64]
FLOPS = 6.0  # of training, per parameter and token
_BELOW, _ABOVE = 1e-2, 1e4  # sizes are searched from the smallest probe times this to the largest times that
_STEP = 0.02  # in log params


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
    if get_law(one.law).target == "delta":
        raise InputError(f"the law {one.law} gives changes of the loss, which do not tell which model size is better")
    try:
        identified(one, ("params", "tokens"), {"ratio": question.ratio})
        found = _allocation(fit, one, question, *_sizes(one, question))
        if why := impossible({f"{corpus} loss": found.loss.value}):
            raise NotIdentified(why)
        return found
    except NotIdentified as reason:
        blank = dict.fromkeys(("params", "tokens", "ratio"), math.nan)
        return Allocation(UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, "not_identified", blank, (str(reason),), question)


def _sizes(one: CorpusFit, question: AllocationQuestion) -> tuple[Array, list[str]]:
    """The best size of the fit and of every draw (B,), with a note on draws that have none. Raises `NotIdentified`."""
    low, high = (math.log(n) for n in one.ranges["params"])
    low, high = low + math.log(_BELOW), high + math.log(_ABOVE)
    grid = np.linspace(low, high, 2 + int((high - low) / _STEP))

    def losses(log_params: Array) -> Array:
        params = np.exp(log_params)
        return Surface(one).losses(params, question.flops / (FLOPS * params), question.ratio)

    places = least(losses, grid)
    ends = at_end(places, grid)
    if ends[0]:
        way, most = ("rises", "smallest") if places[0] < grid.mean() else ("falls", "largest")
        reached = format_count(math.exp(places[0]))
        raise NotIdentified(
            f"the {question.corpus} loss {way} with model size at this compute over all sizes searched, so that the best"
            f" would be the {most} ({reached}): the fit does not tell how to split the compute"
        )
    share = 100 * float(np.mean(ends[1:])) if len(ends) > 1 else 0.0
    note = f"in {share:.3g} % of the draws the best size lies at an end of those searched, so the interval is cut there"
    return np.exp(places), [note] if share > 0 else []


def _allocation(fit: Fit, one: CorpusFit, question: AllocationQuestion, sizes: Array, notes: list[str]) -> Allocation:
    tokens = question.flops / (FLOPS * sizes)
    target = Question(float(sizes[0]), float(tokens[0]), 0.0, False, question.level)
    far = factors(one.ranges, target, question.ratio)
    warnings = [*notes, *_distances(far), *distance_warnings(one.ranges, target)]
    warnings += ratio_warnings(one.ranges["ratio"], one.ratios, question.ratio, "ratio")
    warnings += [*fit.warnings, *(f"{one.corpus} fit: {warning}" for warning in one.warnings)]
    params, trained, per_param = (interval(v[0], v[1:], question.level) for v in (sizes, tokens, tokens / sizes))
    return Allocation(
        params=params,
        tokens=trained,
        tokens_per_param=per_param,
        loss=Surface(one).at(target.params, target.tokens, question.ratio, question.level),
        status="ok",
        extrapolation=far,
        warnings=tuple(dict.fromkeys(warnings)),
        question=question,
    )


def _distances(far: dict[str, float]) -> list[str]:
    """Warn of a split far along either axis, which may be no more compute than the probes had."""
    return [
        f"the best {name} lie {far[name]:.3g}x outside the probed range, where the split rests on the law's exponents"
        for name in ("params", "tokens")
        if far[name] > FAR
    ]
