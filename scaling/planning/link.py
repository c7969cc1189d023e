"""The critical ratio across model sizes: one fit and one answer per size, and -log(1 - R*) as a power law in N.

In the CMR paper's table the four sizes' ratios lie on such a law (exponent 0.33); it keeps the ratio below 1 at every
size, and its left-hand side is how many e-folds the general corpus may be thinned.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from scaling.arrays import Array
from scaling.errors import InputError
from scaling.fitting import Fit, fit, provenance
from scaling.fitting.default import AUTO, chosen_law
from scaling.fitting.estimation.base_tokens import base_tokens
from scaling.fitting.intervals.interval import scattered
from scaling.nearness import groups, same
from scaling.notes import Note, note
from scaling.planning import notes
from scaling.planning.extrapolation import reach, refuse_farther, refuse_smaller
from scaling.planning.plan import UNKNOWN, Plan, not_identified
from scaling.planning.rise import Status, general_rise, ratio_interval
from scaling.planning.target import NotIdentified, Target
from scaling.planning.tolerance import of_fit
from scaling.runs import Runs
from scaling.units import format_count

BySize = Mapping[float, Array]  # size -> critical ratios (B,), the point estimate first, NaN where none passes
_LEAST = 1e-4  # a ratio of 0 has no logarithm; ratios are carried between here and its mirror image


def carry(sizes: Array, ratios: Array, target: float) -> Array:
    """Carry critical ratios (B, k) at sizes (k,) to one target size: (B,), by least squares in log N, k >= 2.

    The first is the point estimate. With two sizes the law goes through both; with more the draws have the scatter of the
    sizes about the law in them, as Student's t. Ratios are clipped to 0.0001..0.9999 first.
    """
    assert len(np.unique(sizes)) == len(sizes) >= 2
    folds = np.log(-np.log1p(-np.clip(ratios, _LEAST, 1 - _LEAST)))
    x = np.log(sizes) - np.log(sizes).mean()
    distance = np.log(target) - np.log(sizes).mean()
    slope = folds @ x / (x @ x)
    level = folds.mean(axis=1)
    freedom = len(sizes) - 2
    noise = np.zeros(len(folds))
    if freedom:
        misses = folds[0] - level[0] - slope[0] * x
        leverage = 1 + 1 / len(sizes) + distance**2 / (x @ x)
        noise = scattered(len(folds), float(np.sqrt(misses @ misses / freedom * leverage)), freedom, seed=1)
    return -np.expm1(-np.exp(level + slope * distance + noise))


def linked(answers: BySize, target: Target) -> tuple[Array, list[Note]]:
    """The critical ratios (B,) at the target's size from those of the probed sizes, and what to know about them.

    Sizes at which no ratio passes, or every one, are left out, which is said. Draws of sizes are unrelated, so they are
    cut to as many as the size with the fewest has; one without draws leaves the answer without an interval. Raises
    `NotIdentified` where fewer than two sizes are left, unless all agree that every ratio passes, or that none does.
    """
    sizes = np.array(sorted(answers))
    count = min(len(found) for found in answers.values())
    table = np.stack([answers[size][:count] for size in sizes], axis=1)
    listed = ", ".join(
        f"{format_count(n)}: {ratio:.3f}".replace("nan", "none") for n, ratio in zip(sizes, table[0], strict=True)
    )
    said = [note("ratio_by_size", listed=listed)]
    bare = [format_count(size) for size in sizes if len(answers[size]) == 1]
    if bare and len(bare) < len(sizes):
        said.append(note("no_interval", sizes=", ".join(bare)))
    inside = np.isfinite(table[0]) & (table[0] < 1)
    if np.isnan(table[0]).all() or (table[0] == 1).all():
        every = "exceeds" if np.isnan(table[0]).any() else "is within"
        return table[:, -1], [note("sizes_agree", every=every), *said]
    if inside.sum() < 2:
        raise NotIdentified(note("link_needs_sizes", target=target.params, listed=listed))
    if not inside.all():
        said.append(note("sizes_left_out"))
    said.append(note("linked" if inside.sum() > 2 else "linked_by_two"))
    return carry(sizes[inside], np.nan_to_num(table[:, inside], nan=0.0), target.params), said


def status_of(value: float) -> Status:
    """The status of a plan whose critical ratio is known and nothing else: NaN where none passes."""
    if math.isnan(value):
        return "infeasible"
    return "unconstrained" if value == 1.0 else "ok"


def linked_ratio(runs: Runs, target: Target, *, law: str = AUTO, draws: int = 200, seed: int = 0) -> Plan:
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
    ranges = ranges_of(runs)
    refuse_smaller(ranges, target.params)
    law, why = chosen_law(runs, law)
    chosen = notes.of_fit("", [why] if why else [])
    sizes = sorted(map(float, rows["params"].unique()))
    fits, lacking = _fits(runs, sizes, law, draws, seed)
    own = next((size for size in fits if same(size, target.params)), None)
    if own is not None:
        plan = of_fit(fits[own], target)
        return replace(plan, route="link", warnings=(*plan.warnings, *chosen))
    decisive = notes.of_fit("", runs.decisive())
    try:
        refuse_farther(ranges, target)
        found, said = _carried(fits, target, _tokens_at(runs, target))
    except NotIdentified as reason:
        blank = reach(ranges, target, math.nan).factors
        plan = not_identified(target, reason.args[0], blank, law=law, route="link")
        return replace(plan, warnings=(*plan.warnings, *decisive, *chosen))
    value = float(found[0])
    far = reach(ranges, target, value)
    probed = sorted(map(float, rows["ratio"].unique()))
    said = [*decisive, *said, *lacking, *notes.of_distance(ranges, target, far)]
    said += [*notes.of_ratio(ranges["ratio"], probed, value), *chosen]
    return Plan(
        critical_ratio=ratio_interval(found, target.level),
        status=status_of(value),
        general_loss=UNKNOWN,
        domain_loss=UNKNOWN,
        base_general_loss=UNKNOWN,
        extrapolation=far.factors,
        warnings=notes.once(*said),
        target=target,
        law=law,
        route="link",
        draws=tuple(map(float, found[1:])),
        provenance=provenance(runs),
    )


def ranges_of(runs: Runs) -> dict[str, tuple[float, float]]:
    """The least and largest params, tokens and ratio of the rows with a general loss."""
    rows = runs.rows("general")
    return {name: (float(rows[name].min()), float(rows[name].max())) for name in ("params", "tokens", "ratio")}


def _fits(runs: Runs, sizes: list[float], law: str, draws: int, seed: int) -> tuple[dict[float, Fit], list[Note]]:
    """The law fitted to each size, and why not to others. InputError where none can be fitted."""
    found, lacking = {}, []
    for size in sizes:
        try:
            found[size] = fit(runs.select(runs.frame["params"] == size), law, draws=draws, seed=seed)
        except InputError as reason:
            why = str(reason).removeprefix(f"{runs.source}: ")
            lacking.append(note("size_not_linked", size=size, reason=why))
            if len(lacking) == len(sizes):
                raise
    return found, lacking


def _tokens_at(runs: Runs, target: Target) -> Callable[[float], float]:
    """The token count at which a size answers: the target's, or its equal as a share of what the size's base saw."""
    rows = runs.rows("general")
    ends = rows.loc[rows.groupby("run", sort=False)["tokens"].idxmax()]
    seen = base_tokens(runs)
    share = groups(ends["tokens"].to_numpy() / seen.at(ends["params"]))
    if not (seen.known and seen.varies) or share.max() > 0:
        return lambda size: target.tokens
    part = target.tokens / float(seen.at(target.params))
    return lambda size: part * float(seen.at(size))


def _carried(fits: dict[float, Fit], target: Target, tokens_at: Callable[[float], float]) -> tuple[Array, list[Note]]:
    answers, said = {}, []
    for place, (size, one) in enumerate(fits.items()):
        assert one.general is not None
        here = target.at(size, tokens_at(size))
        limit = one.general.ranges["tokens"][1]
        own = [note("size_far", ends=limit, asked=here.tokens)] if here.tokens > notes.FAR * limit else []
        own += notes.of_fit("", [*one.warnings, *one.general.warnings])
        try:
            rise = general_rise(one, here)
        except NotIdentified as reason:
            own = [reason.args[0]]
        else:
            answers[size] = rise.crossings(seed=100 + place)  # misses of sizes are unrelated
        said += notes.of_fit(f"at {format_count(size)} params: ", own)
    if tokens_at(min(fits)) != target.tokens:
        said.insert(0, note("equal_progress"))
    if not answers:
        raise NotIdentified(said[-1])
    found, linking = linked(answers, target)
    return found, [*linking, *said]
