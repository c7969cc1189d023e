"""How far a target lies outside what was probed, as numbers and as plain warnings."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from scaling.errors import InputError
from scaling.nearness import SAME
from scaling.planning.question import NotIdentified, Question
from scaling.units import format_count

Ranges = Mapping[str, tuple[float, float]]
FAR = 3.0  # in compute; published rollouts stay near 2 % error up to here and reach 10 % at ten times
FARTHEST = 1000.0  # times a probe: beyond it, one of two numbers is more likely in another unit
WIDE = 0.25  # ratios further apart than this leave the curve between them to the law


def refuse_smaller(ranges: Ranges, params: float) -> None:
    """Raise `InputError` for a target smaller than every probe: nothing was learnt about such models."""
    smallest = ranges["params"][0]
    if params < smallest * (1 - SAME):
        raise InputError(
            f"params {format_count(params)} is smaller than the smallest probe ({format_count(smallest)}); "
            "a plan carries probes to models of their size or larger"
        )


def refuse_farther(ranges: Ranges, question: Question, base_tokens: float = math.nan) -> None:
    """Raise `NotIdentified` for a target more than FARTHEST times beyond the probes in params, tokens or base tokens,
    unless that is meant. ranges: of the probes; "base_tokens" among them where the table tells."""
    asked = {"params": question.params, "tokens": question.tokens, "base_tokens": base_tokens}
    for name, limits in ranges.items():
        beyond = _factor(limits, asked[name]) if name in asked else 1.0
        if beyond > FARTHEST and not question.far:
            raise NotIdentified(
                f"the target's {name} are {beyond:.2g} times beyond those of the probes, so that one of them is likely to be "
                "in another unit, as billions are; --far answers where it is meant"
            )


def impossible(losses: Mapping[str, float]) -> str:
    """Why an answer with these losses (nats per token) is none; "" where all can be."""
    for name, value in losses.items():
        if value <= 0:
            return (
                f"the law gives a {name} of {value:.3g} nats at the target, which no model has: it lies too far from the "
                "probes, or columns are in other units than the contract's"
            )
    return ""


def factors(ranges: Ranges, question: Question, ratio: float) -> dict[str, float]:
    """Factors over the probed params and tokens (1 inside), and the distance of `ratio` from the probed ratios."""
    low, high = ranges["ratio"]
    return {
        "params": _factor(ranges["params"], question.params),
        "tokens": _factor(ranges["tokens"], question.tokens),
        "ratio": max(0.0, low - ratio, ratio - high) if math.isfinite(ratio) else math.nan,
    }


def compute_factor(ranges: Ranges, question: Question) -> float:
    """The target's 6ND over that of the largest model at the largest token count probed."""
    return (question.params / ranges["params"][1]) * (question.tokens / ranges["tokens"][1])


def distance_warnings(ranges: Ranges, question: Question) -> list[str]:
    """Warn where the target is far outside the probes in compute, or has fewer tokens than any checkpoint."""
    found = []
    compute = compute_factor(ranges, question)
    if compute > FAR:
        found.append(
            f"the target is {compute:.3g}x the compute of the largest probe: published laws stay near 2 % error in the "
            "loss up to 3x and reach 10 % at 10x"
        )
    if question.tokens < ranges["tokens"][0] * (1 - SAME):
        found.append(f"no checkpoint that was fitted has as few as {format_count(question.tokens)} tokens")
    return found


def ratio_warnings(
    limits: tuple[float, float], ratios: Sequence[float], ratio: float, what: str = "critical ratio"
) -> list[str]:
    """Warn where a ratio lies outside the probed range, or in a wide gap between probed ratios (sorted)."""
    if math.isfinite(ratio) and not limits[0] <= ratio <= limits[1]:
        return [
            f"the {what} {ratio:.3f} lies outside the probed ratios {limits[0]:g} to {limits[1]:g}; "
            "replay tables are missed by 6 to 12 % at an end that was never trained"
        ]
    if not (ratios and math.isfinite(ratio)):
        return []
    above = int(np.searchsorted(ratios, ratio))
    if ratios[above] == ratio or ratios[above] - ratios[above - 1] <= WIDE + 1e-9:
        return []
    return [
        f"the {what} {ratio:.3f} lies between the probed ratios {ratios[above - 1]:g} and {ratios[above]:g}; "
        "a probe between them would pin it"
    ]


def _factor(limits: tuple[float, float], target: float) -> float:
    low, high = limits
    return max(1.0, target / high, low / target)
