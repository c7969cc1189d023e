"""How well a law predicts what it was not fitted to: rollouts over size and tokens, and hold-outs of ratios, runs and
domains.

Every hold-out is a whole fit of its own to the rows that are left (`scaling.fitting.fit`, so the batched solver): what
the rest identifies, its units and its burn-in differ from the whole table's, which row weights could not express.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from scaling.arrays import Array, Mask
from scaling.errors import InputError
from scaling.fitting.corpus_fit import CorpusFit
from scaling.fitting.default import AUTO, chosen_law
from scaling.fitting.estimation.learnability import with_learnability
from scaling.fitting.estimation.variables import PLACE, tells_domains_apart
from scaling.fitting.fit import fit
from scaling.fitting.validation.result import Group, Score, Validation, scores_by_corpus
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
    **options: Any,
) -> Validation:
    """Fit a law to parts of a run table and score it on the rest.

    hold_out: "params" (fit the smaller sizes, score the next larger one), "tokens" (fit the earlier, score the later),
    "ratio" and "domain" (leave one out), "run" (`folds` groups of runs). options: those of `fit` (burn_in, loss, ...),
    draws: of each group's fit. Scored are the rows after the burn-in. Raises InputError where nothing can be held out
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
        raise InputError(f"the law {law} does not tell domains apart; a Cross-Domain law (dcpt_cross_k3) does")
    options = {"burn_in": None, **options, "draws": draws, "seed": seed}
    parts = splits(table, hold_out, folds, seed)
    if hold_out not in ROLLOUTS and options["burn_in"] is None:
        options["burn_in"] = fit(table, law, **{**options, "draws": 0}).burn_in
    groups, pooled, skipped = [], [], {}
    for split in parts:
        try:
            made, rows = _group(table, chosen, split, options)
        except InputError as reason:
            skipped[split.name] = str(reason).removeprefix(f"{table.source}: ")
            continue
        groups.append(made)
        pooled.append(rows.assign(inside=not split.extrapolation))
    if not groups:
        name, why = next(iter(skipped.items()))
        raise InputError(f"{table.source}: no hold-out over {hold_out} can be scored; {name}: {why}")
    return _assemble(table, chosen, hold_out, groups, pd.concat(pooled), skipped)


def _assemble(
    table: Runs, law: Law, hold_out: str, groups: list[Group], rows: pd.DataFrame, skipped: dict[str, str]
) -> Validation:
    mixed = 0 < rows["inside"].sum() < len(rows)
    return Validation(
        law=law.name,
        hold_out=hold_out,
        source=table.source,
        groups=tuple(groups),
        rows=rows,
        total=scores_by_corpus(rows),
        inside=scores_by_corpus(rows[rows["inside"]]) if mixed else {},
        skipped=skipped,
        warnings=tuple(_warnings(table, law, hold_out, groups)),
    )


def _group(table: Runs, law: Law, split: Split, options: dict[str, Any]) -> tuple[Group, pd.DataFrame]:
    """The fit without the held-out rows, and the held-out rows with columns corpus, observed, predicted."""
    trained = table.frame["tokens"] > 0
    if not (split.fitted & trained).any():
        raise InputError("nothing is left to fit")
    made = fit(table.select(split.fitted | _bases(table.frame, split)), law.name, **options)
    late = progress(table.frame) >= made.burn_in - 1e-9
    held = table.frame[split.scored & trained & late]
    rows = pd.concat([_predicted(table, one.law, one, held) for one in made.corpora.values()])
    if rows.empty:
        raise InputError("it has no rows to score")
    rows = rows.assign(held_out=split.name)
    return Group(split, made, scores_by_corpus(rows)), rows


def _bases(frame: pd.DataFrame, split: Split) -> Mask:
    """Base losses (n,) of the sizes that are fitted: no training went into them, so a held-out run may have logged them."""
    if not split.bases:
        return np.zeros(len(frame), dtype=bool)
    fitted = frame.loc[split.fitted & (frame["tokens"] > 0), "params"]
    return np.asarray((frame["tokens"] == 0) & frame["params"].isin(fitted.unique()))


def _predicted(table: Runs, law: Law, one: CorpusFit, held: pd.DataFrame) -> pd.DataFrame:
    """Columns corpus, unit, observed, predicted: losses in nats per token, of the rows where the law is finite."""
    rows = held[held[f"{one.corpus}_loss"].notna()]
    predicted = _curve(law, one, rows)
    if law.target == "delta":
        base = table.base(one.corpus)
        predicted = predicted + rows["params"].map(dict(zip(base["params"], base["loss"], strict=True))).to_numpy(float)
    found = rows[["run", "params", "tokens", "ratio"]].assign(
        corpus=one.corpus, unit=units(rows), observed=rows[f"{one.corpus}_loss"], predicted=predicted
    )
    found.index = pd.MultiIndex.from_product([[one.corpus], found.index], names=["of", "row"])
    return found[np.isfinite(predicted) & (predicted > 0)]


def _curve(law: Law, one: CorpusFit, rows: pd.DataFrame) -> Array:
    more = [v for v in law.variables if v not in PLACE]
    if not more:
        seen = _base_tokens(one, rows) if "progress" in law.variables else None
        return one.curve(rows["params"], rows["tokens"], rows["ratio"], base_tokens=seen)
    out = np.empty(len(rows))
    places = rows.groupby(more).ngroup().to_numpy()
    for place in np.unique(places):
        here = rows[places == place]
        there = replace(one, others={"": {v: float(here[v].iloc[0]) for v in more}})
        if len(one.others) < 2 and there.others[""] not in one.others.values():
            raise InputError("one domain does not tell what another one would do")
        out[places == place] = there.curve(here["params"], here["tokens"], here["ratio"])
    return out


def _base_tokens(one: CorpusFit, rows: pd.DataFrame) -> Array | None:
    """Those of the held-out bases (n,), where fit and rows both say; a held-out size is a base that exists."""
    if one.base_tokens is None or not one.base_tokens.known or "base_tokens" not in rows:
        return None
    logged = rows["base_tokens"].to_numpy(float)
    return np.where(logged > 0, logged, one.base_tokens.at(rows["params"].to_numpy(float)))


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
