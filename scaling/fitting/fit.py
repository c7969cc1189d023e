"""fit(): a law to a run table, both corpora."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pandas as pd

from scaling._findings import swapped
from scaling.errors import InputError
from scaling.fitting.bootstrap import METHODS, choose_method
from scaling.fitting.bootstrap import resample as resample_runs
from scaling.fitting.draws import resampled
from scaling.fitting.estimate import Estimation, estimate
from scaling.fitting.findings import assemble
from scaling.fitting.learnability import with_learnability
from scaling.fitting.objective import Objective
from scaling.fitting.result import Fit, Provenance
from scaling.fitting.sample import Sample, sample
from scaling.fitting.solver import Options
from scaling.fitting.transient import choose_burn_in, late_rows
from scaling.fitting.variables import tells_domains_apart
from scaling.laws import get_law
from scaling.runs import CORPORA, Runs, validate
from scaling.version import VERSION


def fit(
    runs: Runs | pd.DataFrame,
    law: str = "dcpt",
    *,
    level: float = 0.9,
    draws: int = 200,
    seed: int = 0,
    burn_in: float | None = None,
    delta: float = 1e-3,
    loss: str | None = None,
    residual: str | None = None,
    resample: str = "runs",
    weights: str | None = None,
    threads: int = 0,
) -> Fit:
    """Fit a law to every corpus of a run table.

    level: of the intervals. draws: resampled fits (0 for none). burn_in: share of each run's token budget to leave out
    at its beginning, 0..1; None looks for the early rise of the general loss and chooses. loss: "huber" or "squared";
    residual: "log" or "raw" (nats); by default Huber on log residuals, for laws of differences squares of raw ones, as
    they may be negative. delta: Huber's, on the scale of the residuals. resample: "runs", "wild" (few
    runs give it by themselves) or "sandwich", the quick option (see fitting/bootstrap.py). weights: "se" weights rows by
    the logged standard errors. threads: 0 is one a core. Raises InputError for a table or an option that cannot be used.
    """
    table = runs if isinstance(runs, Runs) else validate(runs, "<table>")
    chosen = get_law(law)
    table = with_learnability(table) if tells_domains_apart(chosen) else table
    _check_options(level, draws, seed, burn_in, resample)
    objective = Objective.of(chosen, loss, residual, delta)
    options = Options(threads=threads)
    names = pd.Index(table.frame["run"].unique())
    samples = {c: sample(table, chosen, c, names, weights, objective) for c in CORPORA if c in table.corpora}
    if not samples:
        raise InputError(f"{table.source}: there is no loss at tokens above 0 to fit")
    choice = choose_burn_in(table, samples, chosen, objective, options, burn_in)
    late = {c: s.select(late_rows(s, choice.value)) for c, s in samples.items()}
    done = {c: estimate(s, chosen, objective, options, table.source) for c, s in late.items()}
    drawn, method = _draw(table, names, late, done, draws, seed, resample, options)
    made = {c: assemble(done[c], late[c], drawn[c], level, method) for c in done}
    return Fit(
        law=law,
        general=made.get("general"),
        domain=made.get("domain"),
        base={c: _base(table, c) for c in CORPORA},
        burn_in=choice.value,
        level=level,
        provenance=_provenance(table),
        # Of what a table lacks only this makes every number wrong, so it goes wherever the fit goes.
        warnings=(*swapped(table.frame[table.frame["tokens"] > 0]), *choice.warnings),
        objective=objective.text(),
    )


def _check_options(level: float, draws: int, seed: int, burn_in: float | None, resample: str) -> None:
    if not 0 < level < 1:
        raise InputError(f"level is {level:g}, but it must be between 0 and 1")
    if draws < 0:
        raise InputError(f"draws is {draws}, but it cannot be negative")
    if seed < 0:
        raise InputError(f"seed is {seed}, but it cannot be negative")
    if burn_in is not None and not 0 <= burn_in < 1:
        raise InputError(f"burn_in is {burn_in:g}, but it is a share of each run's tokens, from 0 to below 1")
    if resample not in METHODS:
        raise InputError(f"resample is {resample!r}, but it must be one of {', '.join(METHODS)}")


def _draw(
    table: Runs,
    names: pd.Index,
    late: dict[str, Sample],
    done: dict[str, Estimation],
    draws: int,
    seed: int,
    asked: str,
    options: Options,
) -> tuple[dict[str, Any], str]:
    """Resampled fits of every corpus from the same resampled runs, so that they are paired; and the method."""
    runs = min(len(np.unique(s.run)) for s in late.values())
    parameters = max(e.fitted for e in done.values())
    method = choose_method(asked, runs, parameters)
    sizes = table.frame.groupby("run", sort=False)["params"].first().reindex(names).to_numpy()
    strata = np.unique(sizes, return_inverse=True)[1]
    drawn = resample_runs(method, strata, draws, seed, parameters)
    return {c: resampled(e, drawn, seed, options) for c, e in done.items()}, method


def _base(table: Runs, corpus: str) -> list[dict[str, float]]:
    records = table.base(corpus)[["params", "loss", "se"]].to_dict("records")
    return [{str(k): float(v) for k, v in record.items()} for record in records]


def _provenance(table: Runs) -> Provenance:
    digest = hashlib.sha256()
    for column in ("params", "tokens", "ratio", "general_loss", "domain_loss"):
        if column in table.frame:
            digest.update(column.encode() + np.ascontiguousarray(table.frame[column], "<f8").tobytes())
    digest.update("\n".join(table.frame["run"]).encode())
    return Provenance(table.source, len(table.frame), digest.hexdigest(), VERSION)
