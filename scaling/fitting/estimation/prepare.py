"""A run table made ready for a law: the rows of every corpus after the burn-in, and what is minimised over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from scaling.arrays import Mask
from scaling.errors import InputError
from scaling.fitting.base_losses import BaseLosses
from scaling.fitting.engine.objective import Objective
from scaling.fitting.engine.solver import Options
from scaling.fitting.estimation.base_tokens import BaseTokens, base_tokens
from scaling.fitting.estimation.estimate import Estimation, Task, estimate, estimates
from scaling.fitting.estimation.learnability import with_learnability
from scaling.fitting.estimation.sample import Sample, run_names, sample
from scaling.fitting.estimation.transient import BurnIn, choose_burn_in, late_rows
from scaling.fitting.estimation.variables import tells_domains_apart
from scaling.laws import Law, get_law, law_of
from scaling.runs import CORPORA, Runs, validate


@dataclass(frozen=True, eq=False)
class Part:
    """Some rows of a table: kept (n,) of its frame, and what they say of base losses and of the bases' tokens."""

    runs: Runs
    kept: Mask
    bases: Mapping[str, BaseLosses]
    seen: BaseTokens

    @classmethod
    def of(cls, table: Runs, kept: Mask | None = None) -> Part:
        """Those rows; all of them without `kept`."""
        runs = table if kept is None else table.select(kept)
        kept = np.ones(len(table.frame), bool) if kept is None else kept
        bases = {c: BaseLosses.of(runs.base(c).to_dict("records")) for c in CORPORA}
        return cls(runs, kept, bases, base_tokens(runs))


@dataclass(frozen=True, eq=False)
class Prepared:
    """runs: the names (`run_names`) to which the samples' `run` points. samples: corpus -> its late rows; laws and
    objectives: corpus -> what is fitted to them and what is minimised."""

    table: Runs
    law: Law
    laws: Mapping[str, Law]
    objectives: Mapping[str, Objective]
    options: Options
    runs: pd.Index
    burn_in: BurnIn
    samples: Mapping[str, Sample]

    def task(self, corpus: str) -> Task:
        """What is to be estimated of one corpus."""
        law, objective = self.laws[corpus], self.objectives[corpus]
        return Task(self.samples[corpus], law, objective, self.options, self.table.source)

    def estimate(self, corpus: str) -> Estimation:
        """The law estimated on one corpus. Raises InputError where its rows are too few or all alike."""
        task = self.task(corpus)
        return estimate(task.made, task.law, task.objective, task.options, task.source)

    def estimate_all(self) -> dict[str, Estimation]:
        """The same of every corpus, one after the other: in lockstep their last bits, and so their draws, would differ."""
        return {corpus: self.estimate(corpus) for corpus in self.samples}

    def part(self, held: Part, burn_in: float | None) -> Prepared:
        """A part of the table made ready as `prepare` would make it, without going through its rows again. burn_in: as
        there. InputError where the part has nothing to fit."""
        bases, source = held.bases, self.table.source
        samples = {
            c: one.part(held.kept, bases[c], held.seen, self.laws[c], source)
            for c, one in self.samples.items()
            if held.kept[one.rows].any()
        }
        laws = {c: self.laws[c] for c in samples}
        if not laws:
            raise InputError(f"{source}: there is no loss at tokens above 0 to fit")
        if self.law.partner is not None and "general" not in laws:
            raise InputError(f"{source}: the law {self.law} is of the general loss, and the table has none")
        objectives = {c: self.objectives[c] for c in samples}
        choice = BurnIn(burn_in) if burn_in is not None else None
        choice = choice or choose_burn_in(held.runs, samples, laws, objectives, self.options, None)
        late = {c: s.select(late_rows(s, choice.value)) for c, s in samples.items()}
        return replace(self, table=held.runs, laws=laws, objectives=objectives, burn_in=choice, samples=late)

    def minimised(self) -> str:
        """What is minimised, in words."""
        texts = {corpus: objective.text() for corpus, objective in self.objectives.items()}
        if len(set(texts.values())) == 1:
            return next(iter(texts.values()))
        return "; ".join(f"{corpus} loss: {text}" for corpus, text in texts.items())


@dataclass(frozen=True)
class Outcome:
    """The estimations of a table made ready, or why there are none."""

    done: dict[str, Estimation]
    why: InputError | None = None

    def result(self) -> dict[str, Estimation]:
        """The estimations by corpus. Raises the InputError."""
        if self.why is not None:
            raise self.why
        return self.done


def estimated(tables: Sequence[Prepared]) -> list[Outcome]:
    """Tables of one law estimated in lockstep."""
    places = [(k, corpus) for k, one in enumerate(tables) for corpus in one.samples]
    found = estimates([tables[k].task(corpus) for k, corpus in places])
    done: list[dict[str, Estimation]] = [{} for _ in tables]
    why: dict[int, InputError] = {}
    for (k, corpus), one in zip(places, found, strict=True):
        if isinstance(one, InputError):
            why.setdefault(k, one)
        else:
            done[k][corpus] = one
    return [Outcome(own, why.get(k)) for k, own in enumerate(done)]


def prepare(
    runs: Runs | pd.DataFrame,
    law: str,
    *,
    burn_in: float | None = None,
    delta: float = 1e-3,
    loss: str | None = None,
    residual: str | None = None,
    weights: str | None = None,
    threads: int = 0,
    whole: bool = True,
) -> Prepared:
    """Make a run table ready; the options are those of `scaling.fit`. whole: False where only parts of it are fitted
    (`Prepared.part`), from samples of which no row is left out for the burn-in.

    Raises InputError for a table that the law cannot use or an option out of range.
    """
    if burn_in is not None and not 0 <= burn_in < 1:
        raise InputError(f"burn_in is {burn_in:g}, but it is a share of each run's tokens, from 0 to below 1")
    if threads < 0:
        raise InputError(f"threads is {threads}, but it cannot be negative")
    table = runs if isinstance(runs, Runs) else validate(runs, "<table>")
    chosen = get_law(law)
    table = with_learnability(table) if tells_domains_apart(chosen) else table
    laws = {c: law_of(chosen, c) for c in CORPORA if c in table.corpora}
    if not laws:
        raise InputError(f"{table.source}: there is no loss at tokens above 0 to fit")
    if chosen.partner is not None and "general" not in laws:
        raise InputError(f"{table.source}: the law {law} is of the general loss, and the table has none")
    objectives = {c: Objective.of(one, loss, residual, delta) for c, one in laws.items()}
    options, names = Options(threads=threads), run_names(table)
    samples = {c: sample(table, one, c, names, weights, objectives[c], whole=whole) for c, one in laws.items()}
    if not whole:
        return Prepared(table, chosen, laws, objectives, options, names, BurnIn(0.0), samples)
    choice = choose_burn_in(table, samples, laws, objectives, options, burn_in)
    late = {c: s.select(late_rows(s, choice.value)) for c, s in samples.items()}
    return Prepared(table, chosen, laws, objectives, options, names, choice, late)
