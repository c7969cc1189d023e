"""The critical ratio by the tolerance definition, one fit and one answer a size, carried across sizes by a link."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from scaling.errors import InputError
from scaling.fitting import Fit, fit
from scaling.nearness import same
from scaling.planning.across.link import linked, status_of
from scaling.planning.critical import critical_ratio, ratio_interval, roots
from scaling.planning.extrapolation import distance_warnings, factors, ratio_warnings, refuse_smaller
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
    law: str = "forgetting",
    relative: bool = False,
    level: float = 0.9,
    draws: int = 200,
    seed: int = 0,
) -> Plan:
    """The critical ratio at (params, tokens) from those that `law`, fitted to one size at a time, gives at `tokens`.

    -log(1 - R*) is carried as a power law in params; the interval comes from resampling the runs of every size, and from
    the scatter of three or more sizes about the link. Base losses are those of the table; arguments and errors are
    otherwise those of `critical_ratio`.

    >>> import scaling
    >>> runs = scaling.load_runs("data/runs/prose-code.parquet")
    >>> plan = linked_ratio(runs, params=10.6e6, tokens=262144, tolerance=0.05, draws=0)
    >>> plan.warnings[0]
    'critical ratio by size: 332K: 0.16..., 804K: 0.1..., 1.51M: 0.2..., 2.66M: 0.2...'
    >>> round(plan.value, 2)
    0.26
    """
    question = Question(float(params), float(tokens), float(tolerance), relative, float(level))
    if "general" not in runs.corpora:
        raise InputError(f"{runs.source}: there is no general loss, so its rise is unknown")
    rows = runs.rows("general")
    ranges = {name: (float(rows[name].min()), float(rows[name].max())) for name in ("params", "tokens", "ratio")}
    refuse_smaller(ranges, question.params)
    sizes = sorted(map(float, rows["params"].unique()))
    fits = {size: fit(runs.select(runs.frame["params"] == size), law, draws=draws, seed=seed) for size in sizes}
    own = next((size for size in sizes if same(size, question.params)), None)
    if own is not None:
        plan = critical_ratio(fits[own], params, tokens, tolerance, relative=relative, level=level)
        return replace(plan, route="link")
    try:
        found, notes = _carried(fits, question)
    except NotIdentified as reason:
        blank = factors(ranges, question, math.nan)
        return not_identified(question, str(reason), blank, law=law, route="link")
    value = float(found[0])
    probed = sorted(map(float, rows["ratio"].unique()))
    warnings = [*runs.decisive(), *notes, *distance_warnings(ranges, question)]
    warnings += ratio_warnings(ranges["ratio"], probed, value)
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


def _carried(fits: dict[float, Fit], question: Question) -> tuple[Array, list[str]]:
    answers, notes = {}, []
    for place, (size, one) in enumerate(fits.items()):
        assert one.general is not None
        here = Question(size, question.tokens, question.tolerance, question.relative, question.level)
        said = [*one.warnings, *one.general.warnings]
        try:
            rise = general_rise(one, here, None, None)
        except NotIdentified as reason:
            said = [str(reason)]
        else:
            answers[size] = roots(rise, seed=100 + place)  # misses of sizes are unrelated
        notes += [f"at {format_count(size)} params: {sentence}" for sentence in said]
    if not answers:
        raise NotIdentified(notes[0])
    found, linking = linked(answers, question)
    return found, [*linking, *notes]
