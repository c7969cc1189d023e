"""How well a law predicts what it was not fitted to: rollouts over size and tokens, and hold-outs of ratios, runs and
domains.

Every hold-out is a whole fit to the rows that are left: what the rest identifies, its units and its burn-in differ from the
whole table's. The table is read once, and a part of it is a mask.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from scaling.arrays import Array, Index, Mask
from scaling.errors import InputError
from scaling.fitting.corpus_fit import CorpusFit
from scaling.fitting.default import AUTO, chosen_law
from scaling.fitting.estimation.learnability import with_learnability
from scaling.fitting.estimation.prepare import Part, Prepared, estimated, prepare
from scaling.fitting.estimation.variables import PLACE, tells_domains_apart
from scaling.fitting.fit_runs import assembled
from scaling.fitting.result import Fit
from scaling.fitting.validation.result import Group, Score, Validation, score, scores_by_corpus
from scaling.fitting.validation.splits import Split, progress, splits
from scaling.laws import Law, get_law
from scaling.notes import Note, note
from scaling.runs import CORPORA, Runs
from scaling.stages import units

ROLLOUTS = ("params", "tokens")  # their burn-in is chosen anew from what is fitted; others take the whole table's


def validate_law(
    runs: Runs,
    law: str = AUTO,
    hold_out: str = "params",
    *,
    folds: int = 5,
    seed: int = 0,
    draws: int = 0,
    parts: list[HeldOut] | None = None,
    **options: Any,
) -> Validation:
    """Fit a law to parts of a run table and score it on the rest.

    hold_out: "params" (fit the smaller sizes, score the next larger one), "tokens" (fit the earlier, score the later),
    "ratio" and "domain" (leave one out), "run" (`folds` groups of runs). options: those of `fit` (burn_in, loss, ...),
    draws: of each group's fit. parts: those of `held_out`, where several laws share them. Scored are the rows after the
    burn-in. Raises InputError where nothing can be held out
    or no group can be scored.

    >>> import scaling
    >>> runs = scaling.load_runs("data/runs/prose-metamath.parquet")
    >>> found = validate_law(runs, "forgetting", hold_out="params")
    >>> {corpus: f"{100 * score.mape:.1f} %" for corpus, score in found.total.items()}
    {'general': '0.3 %', 'domain': '1.2 %'}
    """
    law = chosen_law(runs, law)[0]
    chosen = get_law(law)
    several = tells_domains_apart(chosen)
    table = with_learnability(runs) if several else runs
    if hold_out == "domain" and not several:
        raise InputError(f"the law {law} does not distinguish domains; a Cross-Domain law (dcpt_cross_k3) does")
    parts = held_out(table, hold_out, folds, seed) if parts is None else parts
    groups, skipped = _groups(table, chosen, parts, {"draws": draws, "seed": seed, **options}, hold_out not in ROLLOUTS)
    if not groups:
        name, why = next(iter(skipped.items()))
        raise InputError(f"{table.source}: no hold-out over {hold_out} can be scored; {name}: {why}")
    return _assemble(table, chosen, hold_out, groups, skipped)


HeldOut = tuple[Split, Part]


def held_out(table: Runs, hold_out: str, folds: int = 5, seed: int = 0) -> list[HeldOut]:
    """Every split of a table with the part of it that is fitted; the same for all laws."""
    return [
        (split, Part.of(table, split.fitted | _bases(table.frame, split)))
        for split in splits(table, hold_out, folds, seed)
    ]


@dataclass(frozen=True, eq=False)
class _Scored:
    """The scored rows of one corpus in one group: places in the table's frame (m,), observed and predicted (m,)."""

    corpus: str
    rows: Index
    observed: Array
    predicted: Array


def _groups(
    table: Runs, law: Law, parts: list[HeldOut], options: dict[str, Any], fixed: bool
) -> tuple[list[tuple[Group, list[_Scored]]], dict[str, str]]:
    """Every group that can be fitted and scored, and why the others cannot. fixed: one burn-in for all, the table's."""
    fitting = {name: options.pop(name) for name in ("draws", "seed", "level", "resample") if name in options}
    burn_in = options.pop("burn_in", None)
    weighted, several = options.get("weights") is not None, tells_domains_apart(law)
    if burn_in is None and fixed:
        burn_in = prepare(table, law.name, **options).burn_in.value
    ready = None if weighted or several else prepare(table, law.name, whole=False, **options)
    groups: list[tuple[Group, list[_Scored]]] = []
    skipped: dict[str, str] = {}
    own: list[tuple[Split, Part, Prepared]] = []
    for split, part in parts:
        try:
            own.append((split, part, _made_ready(table, split, part, ready, law, burn_in, options)))
        except InputError as reason:
            skipped[split.name] = str(reason)
    for (split, part, made), outcome in zip(own, estimated([one for _, _, one in own]), strict=True):
        try:
            fit = assembled(made, outcome.result(), part=part, **fitting)
            scored = _scored(table, split, fit)
        except InputError as reason:
            skipped[split.name] = str(reason)
        else:
            groups.append((Group(split, fit, _scores(scored)), scored))
    order = [split.name for split, _ in parts if split.name in skipped]
    return groups, {name: skipped[name].removeprefix(f"{table.source}: ") for name in order}


def _made_ready(
    table: Runs,
    split: Split,
    part: Part,
    ready: Prepared | None,
    law: Law,
    burn_in: float | None,
    options: dict[str, Any],
) -> Prepared:
    """The fitted part of a split made ready. Raises InputError for one with nothing to fit."""
    if not (split.fitted & (table.frame["tokens"] > 0)).any():
        raise InputError("nothing is left to fit")
    return prepare(part.runs, law.name, burn_in=burn_in, **options) if ready is None else ready.part(part, burn_in)


def _scored(table: Runs, split: Split, made: Fit) -> list[_Scored]:
    """The held-out rows after the burn-in at which the law is finite. Raises InputError where none are left."""
    late = progress(table.frame) >= made.burn_in - 1e-9
    held = split.scored & late
    found = []
    for corpus, one in made.corpora.items():
        rows = np.flatnonzero(held & table.to_fit(corpus))
        predicted = _predicted(table, one, rows)
        known = np.isfinite(predicted) & (predicted > 0)
        observed = table.frame[f"{corpus}_loss"].to_numpy(float)[rows]
        found.append(_Scored(corpus, rows[known], observed[known], predicted[known]))
    if not any(len(one.rows) for one in found):
        raise InputError("it has no rows to score")
    return found


def _scores(scored: list[_Scored]) -> dict[str, Score]:
    return {one.corpus: score(one.observed, one.predicted) for one in scored if len(one.rows)}


def _assemble(
    table: Runs, law: Law, hold_out: str, groups: list[tuple[Group, list[_Scored]]], skipped: dict[str, str]
) -> Validation:
    rows = pd.concat([_frame(table, group.split, one) for group, scored in groups for one in scored])
    mixed = 0 < rows["inside"].sum() < len(rows)
    return Validation(
        law=law.name,
        hold_out=hold_out,
        source=table.source,
        groups=tuple(group for group, _ in groups),
        rows=rows,
        total=scores_by_corpus(rows),
        inside=scores_by_corpus(rows[rows["inside"]]) if mixed else {},
        skipped=skipped,
        warnings=tuple(_warnings(table, law, hold_out, [group for group, _ in groups])),
    )


def _frame(table: Runs, split: Split, scored: _Scored) -> pd.DataFrame:
    """The rows as `Validation.rows` has them."""
    place = table.frame.take(scored.rows)
    found = place[["run", "params", "tokens", "ratio"]].assign(
        corpus=scored.corpus,
        unit=units(place),
        observed=scored.observed,
        predicted=scored.predicted,
        held_out=split.name,
        inside=not split.extrapolation,
    )
    found.index = pd.MultiIndex.from_product([[scored.corpus], scored.rows], names=["of", "row"])
    return found


def _bases(frame: pd.DataFrame, split: Split) -> Mask:
    """Base losses (n,) of the sizes that are fitted: no training went into them, so a held-out run may have logged them."""
    if not split.bases:
        return np.zeros(len(frame), dtype=bool)
    fitted = frame.loc[split.fitted & (frame["tokens"] > 0), "params"]
    return np.asarray((frame["tokens"] == 0) & frame["params"].isin(fitted.unique()))


def _predicted(table: Runs, one: CorpusFit, rows: Index) -> Array:
    """Losses (m,) in nats per token that a fit predicts for rows of the table's frame."""
    place = {name: table.frame[name].to_numpy(float)[rows] for name in ("params", "tokens", "ratio")}
    predicted = _curve(table, one, rows, place)
    if one.law.target == "loss":
        return predicted
    base = table.base(one.corpus)
    known = dict(zip(base["params"], base["loss"], strict=True))
    return predicted + np.array([known.get(size, np.nan) for size in place["params"]])


def _curve(table: Runs, one: CorpusFit, rows: Index, place: dict[str, Array]) -> Array:
    more = [v for v in one.law.variables if v not in PLACE]
    if not more:
        seen = _base_tokens(table, one, rows, place["params"]) if "progress" in one.law.variables else None
        return one.curve(place["params"], place["tokens"], place["ratio"], base_tokens=seen)
    out = np.empty(len(rows))
    frame = table.frame.take(rows)
    places = frame.groupby(more).ngroup().to_numpy()
    for number in np.unique(places):
        here = places == number
        there = replace(one, others={"": {v: float(frame.loc[here, v].iloc[0]) for v in more}})
        if len(one.others) < 2 and there.others[""] not in one.others.values():
            raise InputError("one domain cannot predict another")
        out[here] = there.curve(place["params"][here], place["tokens"][here], place["ratio"][here])
    return out


def _base_tokens(table: Runs, one: CorpusFit, rows: Index, sizes: Array) -> Array | None:
    """Those of the held-out bases (m,), where fit and rows both say; a held-out size is a base that exists."""
    if one.base_tokens is None or not one.base_tokens.known or "base_tokens" not in table.frame:
        return None
    logged = table.frame["base_tokens"].to_numpy(float)[rows]
    return np.where(logged > 0, logged, one.base_tokens.at(sizes))


def _worst(groups: list[Group], corpus: str) -> list[Score]:
    """The score of the group with the largest mean error, if any has one."""
    return sorted((g.scores[corpus] for g in groups if corpus in g.scores), key=lambda one: -one.mape)[:1]


def _warnings(table: Runs, law: Law, hold_out: str, groups: list[Group]) -> list[Note]:
    found: list[Note] = list(table.decisive(tells_domains_apart(law)))
    trained = table.frame.loc[table.frame["tokens"] > 0, "ratio"]
    if hold_out == "ratio":
        ends = [g for g in groups if g.split.extrapolation]
        here = [f"{100 * one.mape:.0f} % ({corpus})" for corpus in CORPORA for one in _worst(ends, corpus)]
        if ends:
            which = " and ".join(g.split.name for g in ends)
            found.append(note("end_held_out", which=which, here=" and ".join(here)))
    if "share" in law.variables:
        never = [f"{end:g}" for end in (0.0, 1.0) if not (trained == end).any()]
        if never:
            found.append(note("end_never_trained", ends=" and ".join(never)))
    for variable in ("params", "tokens"):
        if variable not in law.variables and table.frame.loc[table.frame["tokens"] > 0, variable].nunique() > 1:
            found.append(note("runs_differ_in", law=law.name, name=variable))
    blind: dict[str, list[str]] = {}
    for group in groups:
        corpora = [name for name, one in group.fit.corpora.items() if one.status == "not_identified"]
        if corpora:
            blind.setdefault(", ".join(corpora), []).append(group.split.name)
    for which, names in blind.items():
        found.append(note("held_out_unidentified", names="; ".join(names), corpora=which))
    return found
