"""What there is to know about an answer: the second pass, made of the numbers of the first."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from scaling.fitting import CorpusFit, Fit
from scaling.nearness import SAME
from scaling.notes import Note, note

if TYPE_CHECKING:
    from scaling.planning.base_loss import BaseLoss
    from scaling.planning.extrapolation import Ranges, Reach
    from scaling.planning.rise import Answer, Rise
    from scaling.planning.target import Target

FAR = 3.0  # in compute; published rollouts stay near 2 % error up to here and reach 10 % at ten times
BASE_FAR = 3.0  # times what any base of the probes has, or a third of it
WIDE = 0.25  # ratios further apart than this leave the curve between them to the law
STEADY = 0.005  # nats: offsets of base losses that differ by less are the same


def of_plan(fit: Fit, rise: Rise, answer: Answer, far: Reach, domain: Note | None) -> tuple[Note, ...]:
    """The notes of a plan by the tolerance definition; domain: why the domain loss is not known."""
    general, target = rise.fit, rise.target
    found = [*_answer(answer), *of_base_loss(rise.base), *of_distance(general.ranges, target, far)]
    found += [*_bases(general, target, far)]
    found += of_ratio(general.ranges["ratio"], general.ratios, answer.critical_ratio.value)
    if domain:
        found.append(domain)
    elif fit.domain is not None and fit.domain.status == "not_identified":
        found += of_fit("domain fit: ", fit.domain.warnings)
    found += _law(general, rise, answer)
    return once(*found, *of_fit("", fit.warnings), *of_fit("general fit: ", general.warnings))


def once(*notes: Note) -> tuple[Note, ...]:
    """Notes in their order, each of the same words once."""
    return tuple(dict.fromkeys(notes))


def of_fit(before: str, said: Iterable[str]) -> list[Note]:
    """What a fit says of itself, with words before it and its codes kept."""
    return [(one if isinstance(one, Note) else Note(one)).within(before) for one in said]


def of_base_loss(base: BaseLoss) -> list[Note]:
    """Where the base loss comes from, if it was not measured."""
    if base.origin == "unknown":
        return [note("loss_unknown", reason=base.why)]
    if base.origin == "power law":
        return [note("base_by_power_law")]
    if base.origin != "size term":
        return []
    if len(base.sizes) == 1:
        return [note("base_by_one_size", size=base.sizes[0])]
    steps, span = np.diff(base.offsets), float(np.ptp(base.offsets))
    if span < STEADY or not (np.all(steps > 0) or np.all(steps < 0)):
        return [note("base_by_size_term")]
    way = "shrinks" if steps[0] > 0 else "grows"
    return [note("base_by_size_term"), note("rise_by_size", way=way, span=span)]


def of_level(fit: Fit, corpus: str, params: float) -> list[Note]:
    """A law of differences without a base loss at that size to add them to."""
    if math.isfinite(fit.added_to(corpus, params)):
        return []
    return [note("no_base_at", law=fit.corpora[corpus].law.name, corpus=corpus, size=params)]


def of_distance(ranges: Ranges, target: Target, far: Reach) -> list[Note]:
    """A target far outside of the probes in compute, or with fewer tokens than any checkpoint."""
    found = [note("compute_far", compute=far.compute)] if far.compute > FAR else []
    if target.tokens < ranges["tokens"][0] * (1 - SAME):
        found.append(note("tokens_few", tokens=target.tokens))
    return found


def of_ratio(
    limits: tuple[float, float], ratios: Sequence[float], ratio: float, what: str = "critical ratio"
) -> list[Note]:
    """A ratio outside of the probed ones, or in a wide gap between them (sorted)."""
    if not np.isfinite(ratio):
        return []
    if not limits[0] <= ratio <= limits[1]:
        return [note("ratio_outside", what=what, ratio=ratio, low=limits[0], high=limits[1])]
    above = int(np.searchsorted(ratios, ratio))
    if not ratios or ratios[above] == ratio or ratios[above] - ratios[above - 1] <= WIDE + 1e-9:
        return []
    return [note("ratio_in_a_gap", what=what, ratio=ratio, low=ratios[above - 1], high=ratios[above])]


def _answer(answer: Answer) -> list[Note]:
    if answer.status == "infeasible":
        return [note("infeasible", over=answer.least - answer.allowed, ratio=answer.shown)]
    found = [note("low_ratios_fail", ratio=answer.first)] if answer.first > 0 else []
    draws = answer.ratios[1:]
    failing = float(np.mean(np.isnan(draws))) if len(draws) else 0.0
    return [*found, note("draws_fail", percent=100 * failing)] if failing > 0 else found


def _bases(general: CorpusFit, target: Target, far: Reach) -> list[Note]:
    """How long the target's base was trained, beside the bases of the probes."""
    seen, used = general.base_tokens, general.looks_at_base
    if far.base is None:
        return [note("base_tokens_unsaid")] if used else []
    found = []
    if target.base_tokens is None and seen is not None and seen.varies and used:
        found.append(note("base_tokens_carried", tokens=far.base_tokens))
    value, low, high = far.base
    beyond = far.factors["progress" if used else "base_tokens_per_param"]
    if beyond > BASE_FAR:
        found.append(note("replay_far" if used else "base_far", value=value, low=low, high=high))
    return found


def _law(general: CorpusFit, rise: Rise, answer: Answer) -> list[Note]:
    """Whether the law is good enough for so small a tolerance."""
    miss, code = answer.miss, "law_rough_near"
    if miss == 0:  # not known of an older fit
        scale = 1.0 if general.law.target == "delta" else float(rise.base.draws[0])
        miss, code = general.residual_sd * scale, "law_rough"
    return [note(code, miss=miss, allowed=answer.allowed)] if miss > answer.allowed / 2 else []
