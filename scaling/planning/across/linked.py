"""The critical ratio by the tolerance definition, one fit and one answer a size, carried across sizes by a link."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from scaling.errors import InputError
from scaling.fitting import Fit, fit
from scaling.fitting.default import AUTO, chosen_law
from scaling.fitting.estimation.base_tokens import base_tokens
from scaling.nearness import groups, same
from scaling.planning.across.link import linked, status_of
from scaling.planning.critical import critical_ratio, ratio_interval, roots
from scaling.planning.extrapolation import (
    FAR,
    distance_warnings,
    factors,
    ratio_warnings,
    refuse_farther,
    refuse_smaller,
)
from scaling.planning.question import NotIdentified, Question
from scaling.planning.result import UNKNOWN, Plan, not_identified
from scaling.planning.rise import general_rise
from scaling.runs import Runs
from scaling.units import format_count

Array = NDArray[np.float64]


def linked_ratio(
    runs: Runs,
    params: float,
    tokens: float,
    tolerance: float = 0.05,
    *,
    law: str = AUTO,
    relative: bool = False,
    level: float = 0.9,
    draws: int = 200,
    seed: int = 0,
    far: bool = False,
) -> Plan:
    """The critical ratio at (params, tokens) from those that `law`, fitted to one size at a time, gives at `tokens`.

    Where CPT is one share of the base's tokens in every run, each size answers at that share (of the target's tokens) in
    place of `tokens`, which its runs do not reach. -log(1 - R*) is carried as a power law in params; the interval comes
    from resampling the runs of every size, and from the scatter of three or more sizes about the link. Base losses are
    those of the table; arguments and errors are otherwise those of `critical_ratio`.

    >>> import scaling
    >>> runs = scaling.load_runs("data/runs/prose-code.parquet")
    >>> plan = linked_ratio(runs, params=10.6e6, tokens=262144, tolerance=0.05, draws=0)
    >>> plan.warnings[0]
    'critical ratio by size: 332K: 0.16..., 804K: 0.1..., 1.51M: 0.2..., 2.66M: 0.2...'
    >>> round(plan.value, 2)
    0.26
    """
    question = Question(float(params), float(tokens), float(tolerance), relative, float(level), far)
    if "general" not in runs.corpora:
        raise InputError(f"{runs.source}: there is no general loss, so its rise is unknown")
    rows = runs.rows("general")
    ranges = {name: (float(rows[name].min()), float(rows[name].max())) for name in ("params", "tokens", "ratio")}
    refuse_smaller(ranges, question.params)
    law, why = chosen_law(runs, law)
    sizes = sorted(map(float, rows["params"].unique()))
    fits = {size: fit(runs.select(runs.frame["params"] == size), law, draws=draws, seed=seed) for size in sizes}
    own = next((size for size in sizes if same(size, question.params)), None)
    if own is not None:
        plan = critical_ratio(fits[own], params, tokens, tolerance, relative=relative, level=level, far=far)
        return replace(plan, route="link", warnings=(*plan.warnings, *([why] if why else [])))
    try:
        refuse_farther(ranges, question)
        found, notes = _carried(fits, question, _tokens_at(runs, question))
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
        question=question,
        law=law,
        route="link",
    )


def _tokens_at(runs: Runs, question: Question) -> Callable[[float], float]:
    """The token count at which a size answers: the target's, or its equal as a share of what the size's base saw."""
    rows = runs.rows("general")
    ends = rows.loc[rows.groupby("run", sort=False)["tokens"].idxmax()]
    seen = base_tokens(runs)
    share = groups(ends["tokens"].to_numpy() / seen.at(ends["params"]))
    if not (seen.known and seen.varies) or share.max() > 0:
        return lambda size: question.tokens
    part = question.tokens / float(seen.at(question.params))
    return lambda size: part * float(seen.at(size))


def _carried(
    fits: dict[float, Fit], question: Question, tokens_at: Callable[[float], float]
) -> tuple[Array, list[str]]:
    answers, notes = {}, []
    for place, (size, one) in enumerate(fits.items()):
        assert one.general is not None
        tokens = tokens_at(size)
        here = Question(size, tokens, question.tolerance, question.relative, question.level, question.far)
        said = [*_beyond(one.general.ranges["tokens"], tokens), *one.warnings, *one.general.warnings]
        try:
            rise = general_rise(one, here, None, None)
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
