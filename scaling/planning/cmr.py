"""The critical ratio by the CMR paper's definition, one answer a size, carried across sizes.

Source: Gu et al. 2024, arXiv 2407.17467, definitions 1 to 3; the link across sizes is ours (`link.py`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from scaling.arrays import Array
from scaling.errors import InputError
from scaling.fitting import Estimate, fit, fit_points, provenance
from scaling.laws import get_law
from scaling.nearness import same
from scaling.notes import Note, note
from scaling.planning import notes
from scaling.planning.cmr_tokens import LAWS, TokenLaws, token_laws
from scaling.planning.extrapolation import (
    Ranges,
    reach,
    refuse_farther,
    refuse_impossible,
    refuse_smaller,
    refuse_unknown,
)
from scaling.planning.link import linked, ranges_of, status_of
from scaling.planning.plan import UNKNOWN, Plan, not_identified
from scaling.planning.rise import largest_ratio, ratio_interval
from scaling.planning.target import NotIdentified, Target
from scaling.runs import Runs, validate

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
    said: tuple[Note, ...]


def cmr_plan(runs: Runs, target: Target, *, draws: int = 200, seed: int = 0, multiplier: float = math.inf) -> Plan:
    """The largest ratio that keeps the tolerance at the target's tokens and whose general loss has turned by then.

    Per run two-term (general) and one-term (domain) token laws; per size the ratio law L(R) = a R^s + b there,
    its root at the tolerance, and the turning points T_0 of the runs (for the Lagrange `multiplier`, by default its
    limit); across sizes -log(1 - R*) as a power law in params. The interval comes from resampling the runs of every
    size, and from the scatter of three or more sizes about that link. A relative tolerance is a share of each size's
    base loss. The token laws follow the course of runs, so the ends of branches (column
    trunk) are left out.

    Raises `InputError` as `critical_ratio` does; what the table cannot carry is a status.

    >>> import scaling
    >>> runs = scaling.load_runs("data/runs/prose-code.parquet")
    >>> largest = runs.select(runs.frame["params"] > 2e6)
    >>> plan = cmr_plan(largest, scaling.Target(2.66e6, 262144), draws=0)
    >>> plan.status, round(plan.value, 2)
    ('ok', 0.21)
    """
    runs = runs.stage("trunk")
    if "general" not in runs.corpora:
        raise InputError(f"{runs.source}: there is no general loss, so its rise is unknown")
    ranges = ranges_of(runs)
    refuse_smaller(ranges, target.params)
    try:
        refuse_farther(ranges, target)
        answers = _answers(token_laws(runs), target, draws, seed, multiplier)
        plan = _plan(runs, answers, target, ranges)
        losses = {name: getattr(plan, name).value for name in ("general_loss", "domain_loss", "base_general_loss")}
        refuse_impossible(losses)
        return plan
    except NotIdentified as reason:
        far = reach(ranges, target, math.nan).factors
        plan = not_identified(target, reason.args[0], far, definition="cmr", law=_RATIO_LAW, route="link")
        return replace(plan, warnings=(*plan.warnings, *runs.decisive()))


def _answers(laws: TokenLaws, target: Target, draws: int, seed: int, multiplier: float) -> list[SizeAnswer]:
    now = laws.losses_at(target.tokens)
    turning = laws.turning(target.tokens, multiplier)
    found: list[SizeAnswer] = []
    reasons: list[Note] = []
    for size in sorted(now["params"].unique()):
        mine = (now["params"] == size).to_numpy()
        usable = mine & (now["general_loss"] > 0).to_numpy() & np.isfinite(now["general_loss"]).to_numpy()
        here = target.at(float(size), target.tokens)
        base = float(laws.runs.loc[mine, "base_general"].iloc[0])
        try:
            limit, said = _turned_limit(now.loc[mine, "ratio"].to_numpy(), turning[mine], here)
            _enough(now[usable], base, here)
        except NotIdentified as reason:
            reasons.append(reason.args[0])
        else:
            found.append(_size_answer(now[usable], base, here, limit, said, draws, seed))
    if not found:
        raise NotIdentified(reasons[0])
    return [replace(found[0], said=(*found[0].said, *reasons)), *found[1:]]


def _enough(rows: pd.DataFrame, base: float, here: Target) -> None:
    """Raise `NotIdentified` for a size with too few ratios or without a base loss."""
    if math.isnan(base):
        raise NotIdentified(note("cmr_no_base", size=here.params))
    there = rows.loc[rows["ratio"] < 1, "ratio"].nunique()
    if there < 3:
        raise NotIdentified(note("cmr_few_ratios", size=here.params, ratios=there))


def _size_answer(
    rows: pd.DataFrame, base: float, here: Target, limit: float, said: list[Note], draws: int, seed: int
) -> SizeAnswer:
    measured_rows = rows.dropna(axis=1, how="all")
    if "domain_loss" in measured_rows:  # a token law carried far can fall below 0, which is no loss
        positive = measured_rows["domain_loss"].where(measured_rows["domain_loss"] > 0)
        measured_rows = measured_rows.assign(domain_loss=positive)
    law = fit(validate(measured_rows), law=_RATIO_LAW, draws=draws, seed=seed, burn_in=0.0, level=here.level)
    general = law.general
    assert general is not None
    refuse_unknown(general, here)
    most = np.full(1 + len(general.draws), base + here.allowed(base))
    ratios = np.minimum(largest_ratio(lambda ratio: general.values(here.params, here.tokens, ratio), most), limit)
    measured, at = Estimate(base, base, base), float(ratios[0])
    if math.isnan(at):
        return SizeAnswer(here.params, ratios, measured, UNKNOWN, UNKNOWN, tuple(said))
    domain = UNKNOWN
    if law.domain is not None:
        refuse_unknown(law.domain, here)
        domain = law.domain.estimate(here.params, here.tokens, at, here.level)
    there = general.estimate(here.params, here.tokens, at, here.level)
    return SizeAnswer(here.params, ratios, measured, there, domain, tuple(said))


def _turned_limit(ratios: Array, turning: Array, here: Target) -> tuple[float, list[Note]]:
    """The largest ratio whose general loss has turned by the token budget: R_CMR there, kept inside what runs show.

    1 where every run has turned, NaN where none has. Raises `NotIdentified` where no run tells.
    """
    by_ratio = pd.Series(turning).groupby(ratios).median().dropna()
    turned = by_ratio.index[by_ratio < math.inf].to_numpy(dtype=np.float64)
    still = by_ratio.index[by_ratio == math.inf].to_numpy(dtype=np.float64)
    size = here.params
    if by_ratio.empty:
        raise NotIdentified(note("cmr_no_slope", size=size, least=len(get_law(LAWS["general"]).names)))
    if not turned.size:
        return math.nan, [note("cmr_rises", size=size)]
    low = float(turned.max())
    high = float(still[still > low].min()) if (still > low).any() else 1.0
    if high == 1.0 and not (still > low).any():
        return 1.0, []
    points = by_ratio[(by_ratio > 0) & (by_ratio < math.inf)]
    bounded = [note("cmr_bounded", size=size, ratio=high)]
    if len(points) < _ENOUGH:
        return low, bounded
    x = {"tokens": points.to_numpy(dtype=np.float64)}
    law = fit_points(_CRITICAL_LAW, x, points.index.to_numpy(dtype=np.float64)).iloc[0]
    value = law["a4"] * here.tokens ** law["s4"] + law["b3"]
    return float(np.clip(value, low, high)), bounded


def _plan(runs: Runs, answers: list[SizeAnswer], target: Target, ranges: Ranges) -> Plan:
    own = next((answer for answer in answers if same(answer.params, target.params)), None)
    if own:
        ratios, said = own.ratios, list(own.said)
    else:
        ratios, said = linked({answer.params: answer.ratios for answer in answers}, target)
        said += [one for answer in answers for one in answer.said]
    value = float(ratios[0])
    far = reach(ranges, target, value)
    probed = sorted(map(float, runs.rows("general")["ratio"].unique()))
    said = [*notes.of_fit("", runs.decisive()), *said, *notes.of_distance(ranges, target, far)]
    said += notes.of_ratio(ranges["ratio"], probed, value)
    return Plan(
        critical_ratio=ratio_interval(ratios, target.level),
        status=status_of(value),
        general_loss=own.general_loss if own else UNKNOWN,
        domain_loss=own.domain_loss if own else UNKNOWN,
        base_general_loss=own.base_general_loss if own else UNKNOWN,
        extrapolation=far.factors,
        warnings=notes.once(*said),
        target=target,
        definition="cmr",
        law=_RATIO_LAW,
        route="link",
        draws=tuple(map(float, ratios[1:])),
        provenance=provenance(runs),
    )
