"""fit(): a law to a run table, both corpora."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd

from scaling._findings import swapped
from scaling.errors import InputError
from scaling.fitting.estimation.estimate import Estimation
from scaling.fitting.estimation.prepare import Prepared, prepare
from scaling.fitting.findings import assemble
from scaling.fitting.intervals.bootstrap import METHODS, choose_method
from scaling.fitting.intervals.bootstrap import resample as resample_runs
from scaling.fitting.intervals.draws import resampled
from scaling.fitting.result import Fit, Provenance
from scaling.laws.base import Array
from scaling.runs import CORPORA, Runs
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
    runs give it by themselves) or "sandwich", the quick option (see intervals/bootstrap.py). weights: "se" weights rows by
    the logged standard errors. threads: 0 is one a core. Raises InputError for a table or an option that cannot be used.
    """
    _check_options(level, draws, seed, resample)
    ready = prepare(
        runs, law, burn_in=burn_in, delta=delta, loss=loss, residual=residual, weights=weights, threads=threads
    )
    table = ready.table
    done = {corpus: ready.estimate(corpus) for corpus in ready.samples}
    drawn, note = _draw(ready, done, draws, seed, resample)
    made = {c: assemble(done[c], ready.samples[c], drawn[c], level, note) for c in done}
    return Fit(
        law=law,
        general=made.get("general"),
        domain=made.get("domain"),
        base={c: _base(table, c) for c in CORPORA},
        burn_in=ready.burn_in.value,
        level=level,
        provenance=_provenance(table),
        # Of what a table lacks only this makes every number wrong, so it goes wherever the fit goes.
        warnings=(*swapped(table.frame[table.frame["tokens"] > 0]), *ready.burn_in.warnings),
        objective=ready.objective.text(),
    )


def _check_options(level: float, draws: int, seed: int, resample: str) -> None:
    if not 0 < level < 1:
        raise InputError(f"level is {level:g}, but it must be between 0 and 1")
    if draws < 0:
        raise InputError(f"draws is {draws}, but it cannot be negative")
    if seed < 0:
        raise InputError(f"seed is {seed}, but it cannot be negative")
    if resample not in METHODS:
        raise InputError(f"resample is {resample!r}, but it must be one of {', '.join(METHODS)}")


def _draw(
    ready: Prepared, done: dict[str, Estimation], draws: int, seed: int, asked: str
) -> tuple[dict[str, Array], str]:
    """Resampled fits of every corpus from the same resampled runs, so that they are paired; and a note on them."""
    runs = min(len(np.unique(s.run)) for s in ready.samples.values())
    parameters = max(e.fitted for e in done.values())
    method, note = choose_method(asked, runs, parameters)
    sizes = ready.table.frame.groupby("run", sort=False)["params"].first().reindex(ready.runs).to_numpy()
    strata = np.unique(sizes, return_inverse=True)[1]
    drawn = resample_runs(method, strata, draws, seed, parameters)
    return {c: resampled(e, drawn, seed, ready.options) for c, e in done.items()}, note


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
