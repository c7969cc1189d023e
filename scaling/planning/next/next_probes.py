"""Which probes to train next: those that shrink the interval of the critical ratio most for their compute."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from scaling.errors import InputError
from scaling.fitting import CorpusFit, Estimate, Fit, fit
from scaling.fitting.default import AUTO, chosen_law
from scaling.fitting.intervals.bootstrap import RUNS_PER_PARAMETER
from scaling.laws import get_law
from scaling.notes import Note, note
from scaling.planning import notes
from scaling.planning.extrapolation import refuse_smaller
from scaling.planning.next.candidates import candidates, seeded
from scaling.planning.next.greedy import Choice, choose
from scaling.planning.next.next_result import COLUMNS, NextProbes
from scaling.planning.next.sensitivity import sensitivity
from scaling.planning.next.trained import design
from scaling.planning.rise import UNKNOWN, general_rise, ratio_interval
from scaling.planning.target import NotIdentified, Target
from scaling.runs import Runs
from scaling.units import counted

HARDLY = 0.9  # of the width before: a narrowing by less is said to be hardly one


def next_probes(
    runs: Runs,
    target: Target | float | None = None,
    *counts: float,
    budget: float,
    law: str = AUTO,
    sizes: Sequence[float] | None = None,
    ratios: Sequence[float] | None = None,
    lengths: Sequence[float] | None = None,
    bases: Sequence[float] = (),
    checkpoints: int = 9,
    draws: int = 200,
    seed: int = 0,
    **asked: Any,
) -> NextProbes:
    """The runs within `budget` FLOPs after which the critical ratio at a `Target` would be known best.

    The target may also be given by its fields, as in `critical_ratio`.

    A run costs 6 N D, and 6 N base tokens once where the table has no base of its size. The law (by default that of
    `fit`) is fitted to `runs` once; what a run would add is taken to first order, from the law's derivatives at its
    checkpoints and the noise that the fit shows, at the fit and at draws of it (see `information`). Runs are chosen one by
    one, each time that of the largest fall of the answer's variance of those that the rest of the budget pays for (see
    `greedy`); a run may come again with another seed. Runs at the end that bring little together are left out.

    sizes, ratios, lengths: of the runs to choose from. By default sizes are those of the table, and those in `bases` (of
    which there are bases, at no cost) or else twice the largest (where the target is as large and the table says how long
    bases are trained); ratios those of the table and steps of 0.1; lengths the token counts at which runs of the table end.
    `checkpoints` are spread over a run as in the table. draws, seed: as in `fit`.

    Raises `InputError` for a budget not above 0, options that make no sense, a target smaller than the probes, a table
    without general loss or with fewer runs than the law has parameters. What the table cannot carry is the status
    "not_identified" with the reason. Source: sequential c-optimal design (Fedorov 1972), the plan's own definition of R*.

    >>> import scaling
    >>> whole = scaling.load_runs("data/runs/prose-code.parquet")
    >>> pilot = whole.select(whole.frame["ratio"].isin([0, 0.5, 1]) & (whole.frame["params"] < 1e6))
    >>> found = next_probes(pilot, params=2.66e6, tokens=262144, budget=1e13, draws=20)
    >>> found.status, found.flops <= found.budget, found.width_after < found.width_before
    ('ok', True, True)
    >>> list(found.runs.columns)
    ['params', 'ratio', 'tokens', 'seed', 'flops', 'width_after']
    """
    question = Target.of(target, *counts, **asked)
    level = question.level
    _check(runs, budget, checkpoints)
    law, why = chosen_law(runs, law)
    if get_law(law).target == "ratio":
        raise InputError(f"the law {law} gives a ratio, not a loss, so it cannot be fitted to a run table")
    fitted = fit(runs, law, level=level, draws=draws, seed=seed)
    general = _usable(fitted, question, runs)
    assert general.base_tokens is not None
    possible = candidates(runs, question, general.base_tokens, sizes, ratios, lengths, bases)
    try:
        rise = general_rise(fitted, question)
        found = sensitivity(fitted, rise)
    except NotIdentified as reason:
        empty = pd.DataFrame(columns=list(COLUMNS), dtype=float)
        nothing = (empty, math.nan, math.nan, 0.0, float(budget), UNKNOWN)
        return NextProbes(*nothing, "not_identified", (reason.args[0], *fitted.warnings), question, law)
    present, slope = design(runs, fitted, found, possible, checkpoints)
    chosen = choose(present, possible, float(budget), found, slope, level)
    said = [*_notes(general, chosen, possible), *notes.of_base_loss(rise.base)]
    said += notes.of_fit("", [*fitted.warnings, *general.warnings, *([why] if why else [])])
    now = ratio_interval(rise.crossings(), level)
    widths = _on_the_plan(general, now, [chosen.before, *chosen.widths])
    return NextProbes(
        runs=seeded(runs, possible.iloc[chosen.places]).assign(flops=chosen.flops, width_after=widths[1:]),
        width_before=widths[0],
        width_after=widths[-1],
        flops=float(sum(chosen.flops)),
        budget=float(budget),
        critical_ratio=now,
        status="ok" if chosen.places else "nothing_helps",
        warnings=notes.once(*said),
        target=question,
        law=general.law.name,
    )


def _on_the_plan(general: CorpusFit, now: Estimate[float], widths: list[float]) -> list[float]:
    """Widths in proportion to those of first order, beginning with that of the plan's interval, none above 1. With few runs
    a parameter the plan's tends to be too narrow, since residuals show little; then the larger of the two."""
    own, few = now.high - now.low, general.runs < RUNS_PER_PARAMETER * len(general.parameters)
    unit = own / widths[0] if own > 0 else 1.0
    return [min((max(unit, 1.0) if few else unit) * width, 1.0) for width in widths]


def _check(runs: Runs, budget: float, checkpoints: int) -> None:
    if not (math.isfinite(budget) and budget > 0):
        raise InputError(f"budget must be above 0 FLOPs, not {budget:g}")
    if checkpoints < 1:
        raise InputError(f"checkpoints must be at least 1, not {checkpoints}")
    if "general" not in runs.corpora:
        raise InputError(f"{runs.source}: there is no general loss, so its rise is unknown")


def _usable(fitted: Fit, question: Target, runs: Runs) -> CorpusFit:
    general = fitted.general
    assert general is not None
    refuse_smaller(general.ranges, question.params)
    if general.runs < len(general.parameters):
        there, law = counted(general.runs, "run"), f"parameters of the law {general.law}"
        raise InputError(
            f"{runs.source}: with {there} there are fewer than the {len(general.parameters)} {law}, so nothing shows which "
            "would help; train a few at two or more sizes and ratios first"
        )
    return general


def _notes(general: CorpusFit, chosen: Choice, possible: pd.DataFrame) -> list[Note]:
    found, known = [], general.base_tokens
    after = chosen.widths[-1] if chosen.widths else chosen.before
    if chosen.before >= 1:
        found.append(note("next_unbounded"))
    elif after > HARDLY * chosen.before:
        found.append(note("next_hardly"))
    if chosen.full:
        found.append(note("next_full", runs=counted(len(chosen.places), "run")))
    new = set(possible["params"].iloc[chosen.places]) - set(known.params if known else ())
    if new and not (known and known.known):
        found.append(note("next_bases_free"))
    return found
