"""The critical ratio by the tolerance definition, one fit and one answer a size, carried across sizes by a link."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from scaling.arrays import Array
from scaling.errors import InputError
from scaling.fitting import Fit, fit, provenance
from scaling.fitting.default import AUTO, chosen_law
from scaling.fitting.estimation.base_tokens import base_tokens
from scaling.nearness import groups, same
from scaling.planning.across.link import linked, status_of
from scaling.planning.critical import of_fit, ratio_interval, roots
from scaling.planning.extrapolation import (
    FAR,
    distance_warnings,
    factors,
    ratio_warnings,
    refuse_farther,
    refuse_smaller,
)
from scaling.planning.result import UNKNOWN, Plan, not_identified
from scaling.planning.rise import general_rise
from scaling.planning.target import NotIdentified, Target
from scaling.runs import Runs
from scaling.units import format_count


def linked_ratio(runs: Runs, question: Target, *, law: str = AUTO, draws: int = 200, seed: int = 0) -> Plan:
    """The critical ratio at a target from those that `law`, fitted to one size at a time, gives at its tokens.

    Where CPT is one share of the base's tokens in every run, each size answers at that share (of the target's tokens) in
    place of those tokens, which its runs do not reach. -log(1 - R*) is carried as a power law in params; the interval comes
    from resampling the runs of every size, and from the scatter of three or more sizes about the link. Base losses are
    those of the table; errors are those of `critical_ratio`.

    >>> import scaling
    >>> runs = scaling.load_runs("data/runs/prose-code.parquet")
    >>> plan = linked_ratio(runs, scaling.Target(10.6e6, 262144), draws=0)
    >>> plan.warnings[0]
    'critical ratio by size: 332K: 0.16..., 804K: 0.1..., 1.51M: 0.2..., 2.66M: 0.2...'
    >>> round(plan.value, 2)
    0.26
    """
    if "general" not in runs.corpora:
        raise InputError(f"{runs.source}: there is no general loss, so its rise is unknown")
    rows = runs.rows("general")
    ranges = {name: (float(rows[name].min()), float(rows[name].max())) for name in ("params", "tokens", "ratio")}
    refuse_smaller(ranges, question.params)
    law, why = chosen_law(runs, law)
    sizes = sorted(map(float, rows["params"].unique()))
    fits, lacking = _fits(runs, sizes, law, draws, seed)
    own = next((size for size in fits if same(size, question.params)), None)
    if own is not None:
        plan = of_fit(fits[own], question)
        return replace(plan, route="link", warnings=(*plan.warnings, *([why] if why else [])))
    try:
        refuse_farther(ranges, question)
        found, notes = _carried(fits, question, _tokens_at(runs, question))
        notes += lacking
    except NotIdentified as reason:
        blank = factors(ranges, question, math.nan)
        plan = not_identified(question, str(reason), blank, law=law, route="link")
        return replace(plan, warnings=(*plan.warnings, *runs.decisive(), *([why] if why else [])))
    value = float(found[0])
    probed = sorted(map(float, rows["ratio"].unique()))
    warnings = [*runs.decisive(), *notes, *distance_warnings(ranges, question)]
    warnings += [*ratio_warnings(ranges["ratio"], probed, value), *([why] if why else [])]
    return Plan(
        critical_ratio=ratio_interval(found, question.level),
        status=status_of(value),
        general_loss=UNKNOWN,
        domain_loss=UNKNOWN,
        base_general_loss=UNKNOWN,
        extrapolation=factors(ranges, question, value),
        warnings=tuple(dict.fromkeys(warnings)),
        target=question,
        law=law,
        route="link",
        draws=tuple(map(float, found[1:])),
        provenance=provenance(runs),
    )


def _fits(runs: Runs, sizes: list[float], law: str, draws: int, seed: int) -> tuple[dict[float, Fit], list[str]]:
    """The law fitted to each size, and why not to others. InputError where none can be fitted."""
    found, lacking = {}, []
    for size in sizes:
        try:
            found[size] = fit(runs.select(runs.frame["params"] == size), law, draws=draws, seed=seed)
        except InputError as reason:
            why = str(reason).removeprefix(f"{runs.source}: ")
            lacking.append(f"at {format_count(size)} params: not in the link, as {why}")
            if len(lacking) == len(sizes):
                raise
    return found, lacking


def _tokens_at(runs: Runs, question: Target) -> Callable[[float], float]:
    """The token count at which a size answers: the target's, or its equal as a share of what the size's base saw."""
    rows = runs.rows("general")
    ends = rows.loc[rows.groupby("run", sort=False)["tokens"].idxmax()]
    seen = base_tokens(runs)
    share = groups(ends["tokens"].to_numpy() / seen.at(ends["params"]))
    if not (seen.known and seen.varies) or share.max() > 0:
        return lambda size: question.tokens
    part = question.tokens / float(seen.at(question.params))
    return lambda size: part * float(seen.at(size))


def _carried(fits: dict[float, Fit], question: Target, tokens_at: Callable[[float], float]) -> tuple[Array, list[str]]:
    answers, notes = {}, []
    for place, (size, one) in enumerate(fits.items()):
        assert one.general is not None
        tokens = tokens_at(size)
        here = question.at(size, tokens)
        said = [*_beyond(one.general.ranges["tokens"], tokens), *one.warnings, *one.general.warnings]
        try:
            rise = general_rise(one, here)
        except NotIdentified as reason:
            said = [str(reason)]
        else:
            answers[size] = roots(rise, seed=100 + place)  # misses of sizes are unrelated
        notes += [f"at {format_count(size)} params: {sentence}" for sentence in said]
    if tokens_at(min(fits)) != question.tokens:
        notes.insert(0, "sizes answer at equal CPT over base tokens, as the table has one such ratio")
    if not answers:
        raise NotIdentified(notes[-1])
    found, linking = linked(answers, question)
    return found, [*linking, *notes]


def _beyond(limits: tuple[float, float], tokens: float) -> list[str]:
    if tokens <= FAR * limits[1]:
        return []
    return [f"its runs end at {format_count(limits[1])} tokens, and it answers for {format_count(tokens)}"]
