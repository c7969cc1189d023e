"""How far a target lies outside what was probed, as numbers and as plain warnings."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from scaling.errors import InputError
from scaling.fitting import Estimate
from scaling.nearness import SAME
from scaling.notes import note
from scaling.planning.target import NotIdentified, Target

Ranges = Mapping[str, tuple[float, float]]
FAR = 3.0  # in compute; published rollouts stay near 2 % error up to here and reach 10 % at ten times
MOST_LOSS = 50.0  # nats: four times what a model loses that knows nothing
FARTHEST = 1000.0  # times a probe: beyond it, one of two numbers is more likely in another unit
WIDE = 0.25  # ratios further apart than this leave the curve between them to the law


def refuse_smaller(ranges: Ranges, params: float) -> None:
    """Raise `InputError` for a target smaller than every probe: nothing was learnt about such models."""
    smallest = ranges["params"][0]
    if params < smallest * (1 - SAME):
        raise InputError(note("smaller_than_probes", params=params, smallest=smallest))


def refuse_farther(ranges: Ranges, question: Target, base_tokens: float = math.nan) -> None:
    """Raise `NotIdentified` for a target more than FARTHEST times beyond the probes in params, tokens or base tokens,
    unless that is meant. ranges: of the probes; "base_tokens" among them where the table tells."""
    asked = {"params": question.params, "tokens": question.tokens, "base_tokens": base_tokens}
    for name, limits in ranges.items():
        beyond = _factor(limits, asked[name]) if name in asked else 1.0
        if beyond > FARTHEST and not question.far:
            raise NotIdentified(note("too_far", name=name, beyond=beyond))


def impossible(losses: Mapping[str, float]) -> str:
    """Why an answer with these losses (nats per token) is none; "" where all can be."""
    for name, value in losses.items():
        if value <= 0 or value > MOST_LOSS:
            return note("impossible_loss", name=name, loss=value)
    return ""


def possible(loss: Estimate[Any]) -> Estimate[Any]:
    """Losses that a model can have, as they are printed: NaN for others, and ends of an interval cut at 0 and MOST_LOSS."""
    none = ~((np.asarray(loss.value) > 0) & (np.asarray(loss.value) <= MOST_LOSS))
    ends = (np.clip(np.asarray(end, float), 0.0, MOST_LOSS) for end in (loss.low, loss.high))
    return Estimate(*(np.where(none, math.nan, part)[()] for part in (np.asarray(loss.value, float), *ends)))


def factors(ranges: Ranges, question: Target, ratio: float) -> dict[str, float]:
    """Factors over the probed params and tokens (1 inside), and the distance of `ratio` from the probed ratios."""
    low, high = ranges["ratio"]
    return {
        "params": _factor(ranges["params"], question.params),
        "tokens": _factor(ranges["tokens"], question.tokens),
        "ratio": max(0.0, low - ratio, ratio - high) if math.isfinite(ratio) else math.nan,
    }


def compute_factor(ranges: Ranges, question: Target) -> float:
    """The target's 6ND over that of the largest model at the largest token count probed."""
    return (question.params / ranges["params"][1]) * (question.tokens / ranges["tokens"][1])


def distance_warnings(ranges: Ranges, question: Target) -> list[str]:
    """Warn where the target is far outside the probes in compute, or has fewer tokens than any checkpoint."""
    found: list[str] = []
    compute = compute_factor(ranges, question)
    if compute > FAR:
        found.append(note("compute_far", compute=compute))
    if question.tokens < ranges["tokens"][0] * (1 - SAME):
        found.append(note("tokens_few", tokens=question.tokens))
    return found


def ratio_warnings(
    limits: tuple[float, float], ratios: Sequence[float], ratio: float, what: str = "critical ratio"
) -> list[str]:
    """Warn where a ratio lies outside the probed range, or in a wide gap between probed ratios (sorted)."""
    if math.isfinite(ratio) and not limits[0] <= ratio <= limits[1]:
        return [note("ratio_outside", what=what, ratio=ratio, low=limits[0], high=limits[1])]
    if not (ratios and math.isfinite(ratio)):
        return []
    above = int(np.searchsorted(ratios, ratio))
    if ratios[above] == ratio or ratios[above] - ratios[above - 1] <= WIDE + 1e-9:
        return []
    return [note("ratio_in_a_gap", what=what, ratio=ratio, low=ratios[above - 1], high=ratios[above])]


def _factor(limits: tuple[float, float], target: float) -> float:
    low, high = limits
    return max(1.0, target / high, low / target)
