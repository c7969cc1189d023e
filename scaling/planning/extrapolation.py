"""How far a target lies outside of what was probed, and what is refused for it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scaling.errors import InputError
from scaling.fitting import CorpusFit, Estimate
from scaling.fitting.known import unknown
from scaling.nearness import SAME
from scaling.notes import Note, note
from scaling.planning.target import NotIdentified, Target

Ranges = Mapping[str, tuple[float, float]]
MOST_LOSS = 50.0  # nats: four times what a model loses that knows nothing
FARTHEST = 1000.0  # times a probe: beyond it, one of two numbers is more likely in another unit


@dataclass(frozen=True)
class Reach:
    """How far a target lies from the probes.

    factors: over the probed params and tokens (1 inside), the distance of the ratio from the probed ratios, and where the
    table says how long bases were trained, the factor over their tokens per parameter, and for a law that looks at it, over
    CPT tokens / base tokens ("progress"). compute: the target's 6ND over that of the largest probe. base_tokens: of the
    target's base, as given or carried, NaN where not known. base: the last of those two measures at the target, with its
    least and largest in the probes; None where not known.
    """

    factors: dict[str, float]
    compute: float
    base_tokens: float = math.nan
    base: tuple[float, float, float] | None = None


def reach(ranges: Ranges, target: Target, ratio: float, general: CorpusFit | None = None) -> Reach:
    """How far a target lies from the probes; general: the fit of the general loss, which knows the bases."""
    low, high = ranges["ratio"]
    factors = {
        "params": beyond(ranges["params"], target.params),
        "tokens": beyond(ranges["tokens"], target.tokens),
        "ratio": max(0.0, low - ratio, ratio - high) if math.isfinite(ratio) else math.nan,
    }
    compute = (target.params / ranges["params"][1]) * (target.tokens / ranges["tokens"][1])
    seen = None if general is None else general.base_tokens
    if general is None or seen is None or not seen.known:
        return Reach(factors, compute)
    tokens = float(seen.at(target.params)) if target.base_tokens is None else target.base_tokens
    each = np.asarray(seen.tokens) / np.asarray(seen.params)
    base = tokens / target.params, float(each.min()), float(each.max())
    factors["base_tokens_per_param"] = beyond(base[1:], base[0])
    if general.looks_at_base:
        least, most = general.ranges["tokens"]
        base = target.tokens / tokens, least / max(seen.tokens), most / min(seen.tokens)
        factors["progress"] = beyond(base[1:], base[0])
    return Reach(factors, compute, tokens, base)


def beyond(limits: tuple[float, ...], value: float) -> float:
    """The factor by which a value lies outside of limits, 1 inside."""
    low, high = limits
    return max(1.0, value / high, low / value)


def refuse_smaller(ranges: Ranges, params: float) -> None:
    """Raise `InputError` for a target smaller than every probe: nothing was learnt about such models."""
    smallest = ranges["params"][0]
    if params < smallest * (1 - SAME):
        raise InputError(note("smaller_than_probes", params=params, smallest=smallest))


def refuse_farther(ranges: Ranges, target: Target) -> None:
    """Raise `NotIdentified` for a target more than FARTHEST times beyond the probes in params, tokens or base tokens,
    unless that is meant. ranges: of the probes; "base_tokens" among them where the table says."""
    asked = {"params": target.params, "tokens": target.tokens, "base_tokens": target.base_tokens}
    for name, limits in ranges.items():
        value = asked.get(name)
        if value is not None and beyond(limits, value) > FARTHEST and not target.far:
            raise NotIdentified(note("too_far", name=name, beyond=beyond(limits, value)))


def refuse_unknown(fit: CorpusFit, target: Target, free: Sequence[str] = ("ratio",)) -> None:
    """Raise `NotIdentified` where a fit cannot answer at a target, along the `free` variables."""
    seen = fit.base_tokens
    bases = {"base_tokens": (min(seen.tokens), max(seen.tokens))} if seen is not None and seen.known else {}
    refuse_farther({**fit.ranges, **bases}, target)
    if why := unknown(fit, free, params=target.params, tokens=target.tokens):
        raise NotIdentified(why)


def impossible(losses: Mapping[str, float]) -> Note | None:
    """Why an answer with these losses (nats per token) is none; None where models can have them."""
    for name, value in losses.items():
        if value <= 0 or value > MOST_LOSS:
            return note("impossible_loss", name=name.replace("_", " "), loss=value)
    return None


def refuse_impossible(losses: Mapping[str, float]) -> None:
    """Raise `NotIdentified` for an answer with losses that no model has."""
    if why := impossible(losses):
        raise NotIdentified(why)


def possible(losses: Mapping[str, Estimate[Any]]) -> dict[str, Estimate[Any]]:
    """Losses as they are printed: ends of an interval cut at 0 and MOST_LOSS. Raises `NotIdentified` for values that no
    model has."""
    refuse_impossible({name: one.value for name, one in losses.items()})
    return {name: within(one) for name, one in losses.items()}


def within(loss: Estimate[Any]) -> Estimate[Any]:
    """Losses that a model can have: NaN for others, and ends of an interval cut at 0 and MOST_LOSS."""
    none = ~((np.asarray(loss.value) > 0) & (np.asarray(loss.value) <= MOST_LOSS))
    ends = (np.clip(np.asarray(end, float), 0.0, MOST_LOSS) for end in (loss.low, loss.high))
    return Estimate(*(np.where(none, math.nan, part)[()] for part in (np.asarray(loss.value, float), *ends)))
