"""How long the target's base was trained, beside the bases of the probes: a gap in it is an extrapolation like any other."""

from __future__ import annotations

import numpy as np

from scaling.fitting.estimation.base_tokens import BaseTokens
from scaling.planning.question import Question
from scaling.units import format_count

FAR = 3.0  # times the tokens per parameter of any probe's base


def base_factor(seen: BaseTokens | None, question: Question, given: float | None) -> dict[str, float]:
    """{"base_tokens_per_param": factor} of the target's tokens per parameter over those of the probes' bases, 1 inside their
    range; empty where either is unknown. given: the target's base tokens, else those that the table leads to."""
    if seen is None or not seen.known:
        return {}
    target = _target(seen, question, given) / question.params
    probes = np.asarray(seen.tokens) / np.asarray(seen.params)
    return {"base_tokens_per_param": float(max(1.0, target / probes.max(), probes.min() / target))}


def base_warnings(seen: BaseTokens | None, question: Question, given: float | None, used: bool) -> list[str]:
    """Sentences on the target's base; used: whether the law looks at base tokens."""
    if seen is None or not seen.known:
        unsaid = "the table does not say how long the bases were trained (column base_tokens)"
        return [f"{unsaid}: all are taken to have seen the same tokens, many more than CPT has"] if used else []
    found = []
    if given is None and seen.varies and used:
        text = format_count(_target(seen, question, given))
        found.append(f"the target's base is taken to have seen {text} tokens, as the bases of the probes go on")
    factor = base_factor(seen, question, given)["base_tokens_per_param"]
    if factor > FAR:
        low, high = _span(seen)
        asked = _target(seen, question, given) / question.params
        how = "" if used else f", which the law does not look at{'' if seen.varies else ' and the table does not vary'}"
        found.append(
            f"the target's base saw {asked:.3g} tokens a parameter, those of the probes {low:.3g} to {high:.3g}{how}: one more "
            "extrapolation"
        )
    return found


def _target(seen: BaseTokens, question: Question, given: float | None) -> float:
    return float(seen.at(question.params)) if given is None else given


def _span(seen: BaseTokens) -> tuple[float, float]:
    probes = np.asarray(seen.tokens) / np.asarray(seen.params)
    return float(probes.min()), float(probes.max())
