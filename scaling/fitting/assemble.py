"""From an estimation to a result: intervals, quality, status and warnings."""

from __future__ import annotations

import numpy as np

from scaling.arrays import Array
from scaling.fitting.corpus_fit import CorpusFit, Status
from scaling.fitting.engine.objective import Objective
from scaling.fitting.estimation.estimate import Estimation, predictions
from scaling.fitting.estimation.identify import level_count
from scaling.fitting.estimation.sample import Sample
from scaling.fitting.estimation.transient import progress
from scaling.fitting.findings import value_range, warnings_of
from scaling.fitting.intervals.interval import Estimate, interval
from scaling.notes import Note


def assemble(done: Estimation, made: Sample, draws: Array, level: float, said: list[Note]) -> CorpusFit:
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
