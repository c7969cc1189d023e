"""The critical ratio by the CMR paper's definition, one answer a size, carried across sizes.

Source: Gu et al. 2024, arXiv 2407.17467, definitions 1 to 3; the link across sizes is ours (`link.py`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scaling.errors import InputError
from scaling.fitting import Estimate, fit, fit_points
from scaling.laws import get_law
from scaling.nearness import same
from scaling.planning.across.cmr_tokens import LAWS, TokenLaws, token_laws
from scaling.planning.across.link import linked, status_of
from scaling.planning.critical import ratio_interval
from scaling.planning.curve import Curve
from scaling.planning.extrapolation import (
    distance_warnings,
    factors,
    impossible,
    ratio_warnings,
    refuse_farther,
    refuse_smaller,
)
from scaling.planning.question import NotIdentified, Question
from scaling.planning.result import UNKNOWN, Plan, not_identified
from scaling.planning.root import largest_ratio
from scaling.runs import Runs, validate
from scaling.units import format_count

Array = NDArray[np.float64]
_RATIO_LAW, _CRITICAL_LAW = "cmr_ratio", "cmr_critical"
_ENOUGH = 4  # turning points for a law of three parameters


@dataclass(frozen=True, eq=False)
class SizeAnswer:
    """One model size: `ratios` (B,), the point estimate first, NaN where none passes; losses at the point estimate."""

    params: float
    ratios: Array
    base_general_loss: Estimate[float]
    general_loss: Estimate[float]
    domain_loss: Estimate[float]
    notes: tuple[str, ...]


def cmr_plan(
    runs: Runs,
    params: float,
    tokens: float,
    tolerance: float = 0.05,
    *,
    relative: bool = False,
    level: float = 0.9,
    draws: int = 200,
    seed: int = 0,
    multiplier: float = math.inf,
    far: bool = False,
) -> Plan:
    """The largest ratio that keeps the tolerance at `tokens` and whose general loss has turned by then.

    Per run two-term (general) and one-term (domain) token laws; per size the ratio law L(R) = a R^s + b at `tokens`,
    its root at the tolerance, and the turning points T_0 of the runs (for the Lagrange `multiplier`, by default its
    limit); across sizes -log(1 - R*) as a power law in params. The interval comes from resampling the runs of every
    size, and from the scatter of three or more sizes about that link. `tolerance` is in nats per token, or a share of
    each size's base loss with `relative`. The token laws follow the course of runs, so the ends of branches (column
    trunk) are left out.

    Raises `InputError` as `critical_ratio` does; what the table cannot carry is a status.

    >>> import scaling
    >>> runs = scaling.load_runs("data/runs/prose-code.parquet")
    >>> largest = runs.select(runs.frame["params"] > 2e6)
    >>> plan = cmr_plan(largest, params=2.66e6, tokens=262144, tolerance=0.05, draws=0)
    >>> plan.status, round(plan.value, 2)
    ('ok', 0.21)
    """
    question = Question(float(params), float(tokens), float(tolerance), relative, float(level), far)
    runs = runs.stage("trunk")
    if "general" not in runs.corpora:
        raise InputError(f"{runs.source}: there is no general loss, so its rise is unknown")
    ranges = _ranges(runs)
    refuse_smaller(ranges, question.params)
    try:
        refuse_farther(ranges, question)
        answers = _answers(token_laws(runs), question, draws, seed, multiplier)
        plan = _plan(runs, answers, question, ranges)
        if reason := impossible(plan.losses()):
            raise NotIdentified(reason)
        return plan
    except NotIdentified as reason:
        blank = factors(ranges, question, math.nan)
        plan = not_identified(question, str(reason), blank, definition="cmr", law=_RATIO_LAW, route="link")
        return replace(plan, warnings=(*plan.warnings, *runs.decisive()))


def _answers(laws: TokenLaws, question: Question, draws: int, seed: int, multiplier: float) -> list[SizeAnswer]:
    now = laws.losses_at(question.tokens)
    turning = laws.turning(question.tokens, multiplier)
    found, reasons = [], []
    for size in sorted(now["params"].unique()):
        mine = (now["params"] == size).to_numpy()
        usable = mine & (now["general_loss"] > 0).to_numpy() & np.isfinite(now["general_loss"]).to_numpy()
        here = Question(float(size), question.tokens, question.tolerance, question.relative, question.level)
        base = float(laws.runs.loc[mine, "base_general"].iloc[0])
        try:
            _enough(now[usable], base, here)
            limit, notes = _turned_limit(now.loc[mine, "ratio"].to_numpy(), turning[mine], here)
        except NotIdentified as reason:
            reasons.append(str(reason))
        else:
            found.append(_size_answer(now[usable], base, here, limit, notes, draws, seed))
    if not found:
        raise NotIdentified(reasons[0])
    return found


def _enough(rows: pd.DataFrame, base: float, here: Question) -> None:
    """Raise `NotIdentified` for a size with too few ratios or without a base loss."""
    size = format_count(here.params)
    if math.isnan(base):
        raise NotIdentified(f"at {size} params there is no base general loss, a row at tokens 0")
    there = rows.loc[rows["ratio"] < 1, "ratio"].nunique()
    if there < 3:
        raise NotIdentified(f"at {size} params there are {there} ratios below 1, and the CMR definition needs three")


def _size_answer(
    rows: pd.DataFrame, base: float, here: Question, limit: float, notes: list[str], draws: int, seed: int
) -> SizeAnswer:
    measured_rows = rows.dropna(axis=1, how="all")
    if "domain_loss" in measured_rows:  # a token law carried far can fall below 0, which is no loss
        positive = measured_rows["domain_loss"].where(measured_rows["domain_loss"] > 0)
        measured_rows = measured_rows.assign(domain_loss=positive)
    law = fit(validate(measured_rows), law=_RATIO_LAW, draws=draws, seed=seed, burn_in=0.0, level=here.level)
    assert law.general is not None
    curve = Curve(law.general, here)
    ratios = np.minimum(largest_ratio(curve.losses, np.full(curve.count, base + here.allowed(base))), limit)
    measured: Estimate[float] = Estimate(base, base, base)
    if math.isnan(ratios[0]):
        return SizeAnswer(here.params, ratios, measured, UNKNOWN, UNKNOWN, tuple(notes))
    domain = UNKNOWN if law.domain is None else Curve(law.domain, here).at(float(ratios[0]))
    return SizeAnswer(here.params, ratios, measured, curve.at(float(ratios[0])), domain, tuple(notes))


def _turned_limit(ratios: Array, turning: Array, here: Question) -> tuple[float, list[str]]:
    """The largest ratio whose general loss has turned by the token budget: R_CMR there, kept inside what runs show.

    1 where every run has turned, NaN where none has. Raises `NotIdentified` where no run tells.
    """
    by_ratio = pd.Series(turning).groupby(ratios).median().dropna()
    turned = by_ratio.index[by_ratio < math.inf].to_numpy(dtype=np.float64)
    still = by_ratio.index[by_ratio == math.inf].to_numpy(dtype=np.float64)
    size = format_count(here.params)
    if by_ratio.empty:
        least = len(get_law(LAWS["general"]).names)
        raise NotIdentified(
            f"at {size} params no run has the {least} checkpoints after tokens 0 that tell whether the general loss still "
            "rises at its end; log more of them, or use the default definition, which takes finished losses"
        )
    if not turned.size:
        return math.nan, [f"at {size} params the general loss still rises at the end of every run"]
    low = float(turned.max())
    high = float(still[still > low].min()) if (still > low).any() else 1.0
    if high == 1.0 and not (still > low).any():
        return 1.0, []
    points = by_ratio[(by_ratio > 0) & (by_ratio < math.inf)]
    note = (
        f"at {size} params the general loss still rises at the end of the runs from ratio {high:g} on, which bounds the "
        "answer at the same ratio in every draw"
    )
    if len(points) < _ENOUGH:
        return low, [note]
    x = {"tokens": points.to_numpy(dtype=np.float64)}
    law = fit_points(_CRITICAL_LAW, x, points.index.to_numpy(dtype=np.float64)).iloc[0]
    value = law["a4"] * here.tokens ** law["s4"] + law["b3"]
    return float(np.clip(value, low, high)), [note]


def _plan(runs: Runs, answers: list[SizeAnswer], question: Question, ranges: dict[str, tuple[float, float]]) -> Plan:
    own = next((answer for answer in answers if same(answer.params, question.params)), None)
    if own:
        ratios, notes = own.ratios, list(own.notes)
    else:
        ratios, notes = linked({answer.params: answer.ratios for answer in answers}, question)
        notes += [note for answer in answers for note in answer.notes]
    value = float(ratios[0])
    probed = sorted(map(float, runs.rows("general")["ratio"].unique()))
    warnings = [
        *runs.decisive(),
        *notes,
        *distance_warnings(ranges, question),
        *ratio_warnings(ranges["ratio"], probed, value),
    ]
    return Plan(
        critical_ratio=ratio_interval(ratios, question.level),
        status=status_of(value),
        general_loss=own.general_loss if own else UNKNOWN,
        domain_loss=own.domain_loss if own else UNKNOWN,
        base_general_loss=own.base_general_loss if own else UNKNOWN,
        extrapolation=factors(ranges, question, value),
        warnings=tuple(dict.fromkeys(warnings)),
        question=question,
        definition="cmr",
        law=_RATIO_LAW,
        route="link",
    )


def _ranges(runs: Runs) -> dict[str, tuple[float, float]]:
    rows = runs.rows("general")
    return {name: (float(rows[name].min()), float(rows[name].max())) for name in ("params", "tokens", "ratio")}
