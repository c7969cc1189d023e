"""Laws side by side on one table: each scored on what it was not fitted to, all on the same rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd

from scaling.errors import InputError
from scaling.fitting.estimation.identify import LABELS, level_count
from scaling.fitting.estimation.prepare import prepare
from scaling.fitting.estimation.variables import tells_domains_apart
from scaling.fitting.validation.result import Score, Validation, scores_by_corpus
from scaling.fitting.validation.splits import splits
from scaling.fitting.validation.validate import held_out, validate_law
from scaling.laws import Law, get_law, law_names
from scaling.notes import Note, coded, note
from scaling.runs import Runs
from scaling.stages import units

HOLD_OUTS = ("params", "tokens", "ratio")
_TIE = 2.0  # standard errors


@dataclass(frozen=True)
class Placing:
    """A law under one hold-out. scores: by corpus, on the rows that all laws could predict, without held-out ratios at
    an end of the range. mean: of the corpora's mape.
    behind: how much larger that is than the best law's, as shares; behind_se: standard error of that over runs."""

    scores: Mapping[str, Score]
    mean: float
    behind: float
    behind_se: float

    @property
    def tie(self) -> bool:
        """True if the best law is not better by two standard errors. Runs of one held-out size share its error, so
        this is a lower bar than it looks."""
        return self.behind <= _TIE * self.behind_se  # no error is known from a single run, and then nothing is a tie

    def to_json_dict(self) -> dict[str, Any]:
        """The scores by corpus, mean, behind, behind_se and tie."""
        numbers = {"mean_mape": self.mean, "behind": self.behind, "behind_se": self.behind_se, "tie": self.tie}
        return {**{name: one.to_json_dict() for name, one in self.scores.items()}, **numbers}


@dataclass(frozen=True, eq=False)
class Comparison:
    """placings: law -> hold-out -> its place there; the laws best first by the mean over hold-outs of their mean mape,
    those that miss a hold-out last. validations: (law, hold-out) -> the whole validation. left_out: law -> why.
    """

    source: str
    burn_in: float
    placings: Mapping[str, Mapping[str, Placing]]
    validations: Mapping[tuple[str, str], Validation]
    left_out: Mapping[str, str]
    warnings: tuple[str, ...]

    @property
    def best(self) -> str:
        """The name of the first law."""
        return next(iter(self.placings))

    def to_json_dict(self) -> dict[str, Any]:
        """The object that `scaling compare --json` prints."""
        return {
            "best": self.best,
            "burn_in": self.burn_in,
            "laws": {
                law: {name: p.to_json_dict() for name, p in places.items()} for law, places in self.placings.items()
            },
            "left_out": dict(self.left_out),
            "warnings": list(self.warnings),
            "notes": coded(self.warnings),
        }


def compare_laws(
    runs: Runs,
    laws: Sequence[str] | None = None,
    hold_outs: Sequence[str] = HOLD_OUTS,
    *,
    burn_in: float | None = None,
    watch: Callable[[float], None] | None = None,
    **options: Any,
) -> Comparison:
    """Score laws on parts of a run table that they were not fitted to.

    laws: names; by default every law that looks at all that the runs differ in. hold_outs: as in `validate_law`; one
    that the table does not have is left out and named in the warnings. burn_in: one for all laws, so that they are
    scored on the same rows; by default the one that a fit of the D-CPT law would choose. watch: called with the share
    that is done. options: those of `validate_law`. Raises InputError where no law or no hold-out is left.

    >>> import scaling
    >>> runs = scaling.load_runs("data/runs/prose-metamath.parquet")
    >>> found = compare_laws(runs, ["dcpt_l1", "forgetting"], hold_outs=["params"])
    >>> {law: f"{100 * places['params'].mean:.1f} %" for law, places in found.placings.items()}
    {'forgetting': '0.7 %', 'dcpt_l1': '1.1 %'}
    """
    chosen, left_out = _candidates(runs, laws)
    possible, warnings = _possible(runs, hold_outs)
    warnings = [*runs.decisive(all(tells_domains_apart(get_law(name)) for name in chosen)), *warnings]
    minimised = {name: options[name] for name in ("loss", "residual", "delta", "weights") if name in options}
    value = prepare(runs, "dcpt" if "dcpt" in chosen else chosen[0], burn_in=burn_in, **minimised).burn_in.value
    validations: dict[tuple[str, str], Validation] = {}
    failed: dict[str, list[str]] = {}
    asked = {name: options[name] for name in ("folds", "seed") if name in options}
    parts = {hold_out: held_out(runs, hold_out, **asked) for hold_out in possible}
    for done, law in enumerate(chosen):
        for place, hold_out in enumerate(possible):
            if watch is not None:
                watch((done * len(possible) + place) / (len(chosen) * len(possible)))
            own = None if tells_domains_apart(get_law(law)) else parts[hold_out]
            try:
                validations[law, hold_out] = validate_law(runs, law, hold_out, burn_in=value, parts=own, **options)
            except InputError as reason:
                failed.setdefault(_bare(reason, runs), []).append(law)
    warnings += [note("laws_failed", laws=", ".join(dict.fromkeys(which)), why=why) for why, which in failed.items()]
    if not validations:
        raise InputError(f"{runs.source}: no law can be scored; {warnings[-1]}")
    placings = _placings(validations, chosen, possible)
    return Comparison(runs.source, value, placings, validations, left_out, tuple(warnings))


def _bare(reason: InputError, runs: Runs) -> str:
    return str(reason).removeprefix(f"{runs.source}: ")


def _candidates(runs: Runs, laws: Sequence[str] | None) -> tuple[list[str], dict[str, str]]:
    """The laws to compare, and why others are not."""
    reasons = {name: _unfit(runs, get_law(name)) for name in (law_names() if laws is None else laws)}
    chosen = [name for name, why in reasons.items() if why is None]
    left_out = {name: why for name, why in reasons.items() if why is not None}
    if not chosen:
        name, why = next(iter(left_out.items()), ("none", "none was named"))
        raise InputError(f"{runs.source}: no law can be compared; {name}: {why}")
    return chosen, left_out


def _unfit(runs: Runs, law: Law) -> str | None:
    """Why a law cannot be held against others on this table, or None."""
    if law.target == "ratio":
        return "it gives a ratio, not a loss"
    trained = runs.frame[runs.frame["tokens"] > 0]
    domains = trained["domain"].nunique() if "domain" in trained else 0
    if tells_domains_apart(law) and domains < 2:
        return "it distinguishes domains, and the table has one"
    if not tells_domains_apart(law) and domains > 1:
        return f"it does not distinguish the table's {domains} domains"
    columns = {"params": "params", "tokens": "tokens", "share": "ratio"}
    whose = pd.factorize(units(trained))[0]
    blind = [
        v
        for v, c in columns.items()
        if v not in law.variables and level_count(v, trained[c].to_numpy(float), whose) > 1
    ]
    if blind:
        return f"it does not look at the {' and the '.join(LABELS[v] for v in blind)}, in which the runs differ"
    return None


def _possible(runs: Runs, hold_outs: Sequence[str]) -> tuple[list[str], list[Note]]:
    """The hold-outs that the table has, and sentences on those that it has not."""
    found: list[str] = []
    warnings: list[Note] = []
    for name in dict.fromkeys(hold_outs):
        try:
            splits(runs, name)
        except InputError as reason:
            warnings.append(note("no_hold_out", name=name, why=_bare(reason, runs)))
        else:
            found.append(name)
    if not found:
        raise InputError(f"{runs.source}: {'; '.join(warnings) or 'no hold-out was named'}")
    return found, warnings


def _placings(
    validations: Mapping[tuple[str, str], Validation], laws: Sequence[str], hold_outs: Sequence[str]
) -> dict[str, dict[str, Placing]]:
    table: dict[str, dict[str, Placing]] = {law: {} for law in laws if any((law, h) in validations for h in hold_outs)}
    for hold_out in hold_outs:
        rows = {law: _scored(validations[law, hold_out]) for law in laws if (law, hold_out) in validations}
        for law, placing in _places(rows).items():
            table[law][hold_out] = placing

    def order(law: str) -> tuple[int, float]:
        return -len(table[law]), float(np.mean([p.mean for p in table[law].values()]))

    return {law: table[law] for law in sorted(table, key=order)}


def _scored(found: Validation) -> pd.DataFrame:
    """The rows that count: where some groups are extrapolation and others are not (ratios), those that are not."""
    return found.rows[found.rows["inside"]] if found.inside else found.rows


def _places(rows: Mapping[str, pd.DataFrame]) -> dict[str, Placing]:
    """The laws on the rows that all of them predict."""
    if not rows:
        return {}
    common = reduce(pd.Index.intersection, (frame.index for frame in rows.values()))
    errors = {law: _errors(frame.loc[common]) for law, frame in rows.items()}
    means = {law: float(frame.groupby("corpus")["error"].mean().mean()) for law, frame in errors.items()}
    best = min(means, key=lambda law: means[law])
    placed = {}
    for law, frame in rows.items():
        # A run counts by the mean of its corpora, as the table does.
        gap = (
            (errors[law]["error"] - errors[best]["error"]).groupby([errors[law]["unit"], errors[law]["corpus"]]).mean()
        )
        per_run = gap.groupby("unit").mean()
        se = float(per_run.std() / np.sqrt(len(per_run))) if len(per_run) > 1 else float("nan")
        placed[law] = Placing(scores_by_corpus(frame.loc[common]), means[law], means[law] - means[best], se)
    return placed


def _errors(rows: pd.DataFrame) -> pd.DataFrame:
    """Columns unit, corpus, error: |relative error|."""
    return rows[["unit", "corpus"]].assign(error=np.abs(rows["predicted"] / rows["observed"] - 1))
