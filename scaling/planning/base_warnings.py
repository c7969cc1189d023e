"""How long the target's base was trained, beside the bases of the probes: a gap in it is an extrapolation like any other."""

from __future__ import annotations

import numpy as np

from scaling.fitting.estimation.base_tokens import BaseTokens
from scaling.notes import note
from scaling.planning.curve import Curve
from scaling.planning.target import Target

FAR = 3.0  # times what any probe has, or a third of it


def base_factors(curve: Curve, used: bool) -> dict[str, float]:
    """Factors over the probes, 1 inside their range: of the tokens per parameter of the bases, "base_tokens_per_param", and
    where the law uses what a base saw, of CPT tokens over base tokens, "progress". Empty where either side is unknown."""
    seen = curve.fit.base_tokens
    if seen is None or not seen.known:
        return {}
    factors = {"base_tokens_per_param": _beyond(*_per_param(seen, curve.question, curve.base_tokens))}
    return {**factors, "progress": _beyond(*_progress(seen, curve))} if used else factors


def base_warnings(curve: Curve, used: bool) -> list[str]:
    """Sentences on the target's base; used: whether the law makes a difference of what a base saw."""
    seen, question, given = curve.fit.base_tokens, curve.question, curve.base_tokens
    if seen is None or not seen.known:
        return [note("base_tokens_unsaid")] if used else []
    found: list[str] = []
    if given is None and seen.varies and used:
        found.append(note("base_tokens_carried", tokens=_target(seen, question, given)))
    value, low, high = _progress(seen, curve) if used else _per_param(seen, question, given)
    far = note("replay_far" if used else "base_far", value=value, low=low, high=high)
    return [*found, far] if _beyond(value, low, high) > FAR else found


def _target(seen: BaseTokens, question: Target, given: float | None) -> float:
    return float(seen.at(question.params)) if given is None else given


def _per_param(seen: BaseTokens, question: Target, given: float | None) -> tuple[float, float, float]:
    probes = np.asarray(seen.tokens) / np.asarray(seen.params)
    return _target(seen, question, given) / question.params, float(probes.min()), float(probes.max())


def _progress(seen: BaseTokens, curve: Curve) -> tuple[float, float, float]:
    low, high = curve.fit.ranges["tokens"]
    value = curve.question.tokens / _target(seen, curve.question, curve.base_tokens)
    return value, low / max(seen.tokens), high / min(seen.tokens)


def _beyond(value: float, low: float, high: float) -> float:
    return max(1.0, value / high, low / value)
