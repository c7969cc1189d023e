"""fit(): a law to a run table, both corpora."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pandas as pd

from scaling.arrays import Array
from scaling.errors import InputError
from scaling.fitting.corpus_fit import CorpusFit, Status
from scaling.fitting.default import AUTO, chosen_law
from scaling.fitting.engine.objective import Objective
from scaling.fitting.estimation.estimate import Estimation, predictions
from scaling.fitting.estimation.identify import level_count
from scaling.fitting.estimation.prepare import Part, Prepared, prepare
from scaling.fitting.estimation.sample import Sample
from scaling.fitting.estimation.transient import progress
from scaling.fitting.estimation.variables import tells_domains_apart
from scaling.fitting.findings import value_range, warnings_of
from scaling.fitting.intervals.bootstrap import METHODS, ORIGINS, choose_method, spread_over
from scaling.fitting.intervals.bootstrap import resample as resample_runs
from scaling.fitting.intervals.draws import resampled
from scaling.fitting.intervals.interval import Estimate, interval
from scaling.fitting.result import Fit, Provenance
from scaling.notes import Note, note
from scaling.runs import Runs, validate
from scaling.stages import units
from scaling.units import counted
from scaling.version import VERSION


def fit(
    runs: Runs | pd.DataFrame,
    law: str = AUTO,
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

    law: a name, or "auto" for the one that plans best (`scaling.fitting.default`). level: of the intervals. draws: resampled
    fits (0 for none). burn_in: share of each run's token budget to leave out at its beginning, 0..1; None looks for the
    early rise of the general loss and chooses. loss: "huber" or "squared"; residual: "log" or "raw" (nats); by default Huber
    on log residuals, for laws of differences squares of raw ones, as they may be negative. delta: Huber's, on the scale of
    the residuals. resample: "runs", "wild" (few runs give it by themselves) or "sandwich", the quick option (see
    intervals/bootstrap.py). weights: "se" weights rows by the logged standard errors. threads: 0 is one a core. A law of
    the general loss alone (forgetting) takes the domain loss from its partner. Raises InputError for a table or an option
    that cannot be used.

    >>> import scaling
    >>> runs = scaling.load_runs("data/runs/prose-code.parquet")
    >>> made = scaling.fit(runs, law="forgetting", draws=0)
    >>> f"{made.general.parameters['kappa'].value:.2g}", round(made.general.r2, 2), made.burn_in
    ('0.095', 0.99, 0.25)
    >>> made.domain.law.name, made.domain.status, made.domain.warnings[0]
    ('dcpt', 'warning', 'E is at its lower bound 0 (loss that neither size, tokens nor share remove); ...
    """
    _check_options(level, draws, seed, resample)
    runs = runs if isinstance(runs, Runs) else validate(runs, "<table>")
    law, why = chosen_law(runs, law)
    ready = prepare(
        runs, law, burn_in=burn_in, delta=delta, loss=loss, residual=residual, weights=weights, threads=threads
    )
    warnings = (*ready.table.decisive(tells_domains_apart(ready.law)), *ready.burn_in.warnings, *([why] if why else []))
    done = ready.estimate_all()
    made = assembled(ready, done, level=level, draws=draws, seed=seed, resample=resample)
    weighted = made.objective + ", rows weighted by standard errors" if weights else made.objective
    return replace(made, warnings=warnings, objective=weighted, provenance=provenance(ready.table))


def assembled(
    ready: Prepared,
    done: dict[str, Estimation],
    *,
    level: float = 0.9,
    draws: int = 0,
    seed: int = 0,
    resample: str = "runs",
    part: Part | None = None,
) -> Fit:
    """The fit of a table made ready, from the estimation of every corpus; without warnings on the table, and where it comes
    from. part: what is known of it, where it is part of a table."""
    table = ready.table
    part = part or Part.of(table)
    drawn, said, origin = _draw(ready, done, draws, seed, resample, level)
    made = {c: _corpus(done[c], ready.samples[c], drawn[c], level, said) for c in done}
    made = {c: replace(one, base_tokens=part.seen) for c, one in made.items()}
    return Fit(
        law=ready.law,
        general=made.get("general"),
        domain=made.get("domain"),
        base=part.bases,
        burn_in=ready.burn_in.value,
        level=level,
        provenance=Provenance(table.source, len(table.frame), "", VERSION),
        objective=ready.minimised(),
        resampling=origin,
    )


def _check_options(level: float, draws: int, seed: int, resample: str) -> None:
    if not 0 < level < 1:
        raise InputError(f"level is {level:g}, but it must be between 0 and 1")
    for name, value in (("draws", draws), ("seed", seed)):
        if value < 0:
            raise InputError(f"{name} is {value}, but it cannot be negative")
    if resample not in METHODS:
        raise InputError(f"resample is {resample!r}, but it must be one of {', '.join(METHODS)}")


def _draw(
    ready: Prepared, done: dict[str, Estimation], draws: int, seed: int, asked: str, level: float
) -> tuple[dict[str, Array], list[Note], str]:
    """Resampled fits of every corpus from the same resampled runs, so that they are paired; notes on them; and where they
    come from. None for all where one corpus cannot have them."""
    runs = min(len(np.unique(s.run)) for s in ready.samples.values())
    parameters = max(e.fitted for e in done.values())
    method, why = choose_method(asked, runs, parameters)
    said = [why] if why else []
    if not draws:
        return {c: np.zeros((0, len(one.law.names))) for c, one in done.items()}, [], "none asked for"
    # Runs that only hold base losses, or nothing after the burn-in, have no luck to resample.
    there = np.unique(np.concatenate([s.run for s in ready.samples.values()]))
    frame = ready.table.frame
    sizes = frame.groupby(units(frame), sort=False)["params"].first().reindex(ready.runs[there]).to_numpy()
    strata = np.unique(sizes, return_inverse=True)[1]
    drawn = spread_over(resample_runs(method, strata, draws, seed, parameters), there, len(ready.runs))
    fits = {c: resampled(e, drawn, seed, ready.options) for c, e in done.items()}
    empty = [c for c, found in fits.items() if not len(found)]
    if draws and empty:
        said = [note("no_intervals", runs=counted(runs, "run"), corpora=" and ".join(empty))]
        return {c: found[:0] for c, found in fits.items()}, said, "none"
    if draws and draws * (1 - level) < 2 - 1e-9:
        said.append(note("few_draws", draws=draws, percent=100 * level))
    return fits, said, f"{ORIGINS[method]}, {draws} draws, seed {seed}"


def provenance(table: Runs) -> Provenance:
    """Where a fit to this table comes from."""
    digest = hashlib.sha256()
    for column in ("params", "tokens", "ratio", "general_loss", "domain_loss"):
        if column in table.frame:
            digest.update(column.encode() + np.ascontiguousarray(table.frame[column], "<f8").tobytes())
    digest.update("\n".join(table.frame["run"]).encode())
    return Provenance(table.source, len(table.frame), digest.hexdigest(), VERSION)


def _corpus(done: Estimation, made: Sample, draws: Array, level: float, said: list[Note]) -> CorpusFit:
    """The result of one corpus from its estimation, its rows, its resampled parameters (B, p) and notes on those."""
    theta = done.full_theta(done.optimum.q)
    quality = _quality(done, made)
    warnings = (*warnings_of(done, made, theta, quality["r2"]), *said)
    known = np.isfinite(made.ratio)  # a table for laws that do not look at the ratio may have none
    status: Status = "warning" if warnings else "ok"
    if done.reduction.pulled or done.unseen:
        status = "not_identified"
    return CorpusFit(
        law=done.law,
        corpus=made.corpus,
        parameters=_estimates(done, theta, draws, level),
        theta=theta,
        draws=draws,
        dropped=done.reduction.dropped,
        held=_held(done, made),
        ranges={
            "params": value_range(made.x["params"]),
            "tokens": value_range(made.x["tokens"]),
            "ratio": value_range(made.ratio) if known.all() else (0.0, 1.0),
        },
        rows=len(made.observed),
        runs=len(np.unique(made.run)),
        level=level,
        status=status,
        warnings=warnings,
        ratios=tuple(float(r) for r in np.unique(made.ratio[known])),
        others=made.others,
        misses=_misses(done, made),
        huber=quality["huber"],
        r2=quality["r2"],
        mape=quality["mape"],
        residual_sd=quality["residual_sd"],
    )


def _estimates(done: Estimation, theta: Array, draws: Array, level: float) -> dict[str, Estimate[float]]:
    names = done.law.names
    return {n: interval(theta[names.index(n)], draws[:, names.index(n)], level) for n in done.model.law.names}


def _held(done: Estimation, made: Sample) -> dict[str, float]:
    """Variables with one value in the table, by the table's names; also those that the law does not look at."""
    columns = {"params": made.x["params"], "tokens": made.x["tokens"], "ratio": made.ratio}
    return {name: float(np.median(v)) for name, v in columns.items() if level_count(name, v, made.run) == 1}


def _misses(done: Estimation, made: Sample) -> tuple[float, ...]:
    """Root mean squares, in nats, of what the law misses at the last checkpoints of the runs of each ratio, in order."""
    fitted = predictions(done)
    predicted = np.exp(fitted) if done.objective.residual == "log" else fitted
    last = progress(made.x["tokens"], made.run) > 1 - 1e-9
    squares = (predicted - made.observed) ** 2
    there = [squares[last & (made.ratio == ratio)] for ratio in np.unique(made.ratio[np.isfinite(made.ratio)])]
    return tuple(float(np.sqrt(one.mean())) if len(one) else float("nan") for one in there)


def _quality(done: Estimation, made: Sample) -> dict[str, float]:
    """On log residuals for laws of losses, whatever the objective was, so that fits can be compared."""
    fitted = predictions(done)
    predicted = np.exp(fitted) if done.objective.residual == "log" else fitted
    error = predicted - made.observed
    losses = done.law.target == "loss"
    residual = np.log(predicted / made.observed) if losses else error
    robust = Objective(delta=done.objective.delta) if losses else done.objective
    spread = float(((made.observed - made.observed.mean()) ** 2).sum())
    freedom = max(len(residual) - done.fitted, 1)
    return {
        "huber": float(robust.total(residual, robust.influence(residual))),
        "r2": 1 - float((error**2).sum()) / spread if spread > 0 else float("nan"),
        "mape": float(np.mean(np.abs(error / made.observed if losses else error))),
        "residual_sd": float(np.sqrt((residual**2).sum() / freedom)),
    }
