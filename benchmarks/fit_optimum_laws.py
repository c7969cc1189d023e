"""Do the other laws reach the best optimum known as well, and does D-CPT on real, misspecified tables?

python benchmarks/fit_optimum_laws.py [--worlds 10] [--starts 100] [--jobs 1]

Every D-CPT form on D-CPT worlds (so that all but L3 are misspecified), Chinchilla's law on their rows at one ratio, and
all forms on our own sweep with its transient in and out. CMR's two token laws run by run on that sweep, as the CMR plan
fits them. The referee is scipy's least_squares from our own screened starts, as in fit_optimum.py.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import fit_referee
import pandas as pd
from fit_optimum import Contest, fitted
from fit_worlds import world

import scaling
from scaling.fitting import fit_groups
from scaling.fitting.engine.objective import Objective

SWEEP = Path(__file__).parents[1] / "data" / "runs" / "prose-python.parquet"
FORMS = ("dcpt", "dcpt_l1", "dcpt_l2", "dcpt_l4", "dcpt_l5")
TOKEN_LAWS = ("cmr_token", "cmr_token2")
TOKEN_STARTS = 20  # for each of 45 runs and both losses


@dataclass(frozen=True)
class Case:
    """A law on one corpus of a table: the name of the kind of table, and a world's seed or a burn-in."""

    law: str
    table: str
    corpus: str
    number: float


def cases(worlds: int) -> Iterator[Case]:
    """Everything to be fitted."""
    for law in (*FORMS, "chinchilla"):
        for seed in range(worlds):
            yield Case(law, "D-CPT worlds", "general" if seed % 2 else "domain", seed)
    for law in FORMS:
        for corpus in ("general", "domain"):
            for burn_in in (0.0, 0.125, 0.5):
                yield Case(law, "our sweep", corpus, burn_in)


def frame_of(case: Case) -> pd.DataFrame:
    """The rows to fit."""
    if case.table == "D-CPT worlds":
        frame = world(int(case.number))[0]
        return frame[frame["ratio"] == 0.5] if case.law == "chinchilla" else frame
    frame = scaling.load_runs(SWEEP).frame
    return frame[(frame["tokens"] > 0) & (frame["tokens"] >= case.number * frame["tokens"].max())]


def contest(starts: int, case: Case) -> tuple[Case, Contest]:
    """One case, fitted by both."""
    return case, fitted(fit_referee.problem(frame_of(case), case.corpus, case.law), starts, int(case.number))


def token_law(law: str, corpus: str, starts: int) -> tuple[int, int, float]:
    """A token law run by run on our sweep: the number of runs, those at the best objective known, the worst excess.

    The objective is the squares of plain residuals; an excess below 1e-9 of the runs' own squares is rounding.
    """
    runs = scaling.load_runs(SWEEP)
    found = fit_groups(runs, law, "run", corpus).set_index("run")
    rows = runs.rows(corpus)
    base = runs.base(corpus).set_index("params")["loss"]
    excess = []
    for name, part in rows.groupby("run"):
        delta = part[f"{corpus}_loss"].to_numpy() - part["params"].map(base).to_numpy()
        case = fit_referee.of_points(law, {"tokens": part["tokens"].to_numpy()}, delta, Objective("raw", "squared"))
        best = min(fit_referee.by_least_squares(case, q) for q in fit_referee.starts(case, starts))
        ours = float(found.loc[str(name), "objective"])  # type: ignore[arg-type]
        excess.append((ours - best) / (best + 1e-9 * float(delta @ delta)))
    return len(excess), sum(e <= 1e-6 for e in excess), max(excess)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=10)
    parser.add_argument("--starts", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    with get_context("spawn").Pool(options.jobs) as pool:
        done = pool.map(partial(contest, options.starts), cases(options.worlds), chunksize=1)
        tokens = [(law, corpus) for law in TOKEN_LAWS for corpus in ("general", "domain")]
        by_run = pool.starmap(token_law, [(*pair, TOKEN_STARTS) for pair in tokens], chunksize=1)
    print("| law | tables | fits | at the best optimum known (1e-6) | worst excess |")
    print("|---|---|---|---|---|")
    for key in dict.fromkeys((case.law, case.table) for case, _ in done):
        these = [one for case, one in done if (case.law, case.table) == key]
        reached = sum(not one.short(one.ours) for one in these)
        print(f"| {key[0]} | {key[1]} | {len(these)} | {reached} | {max(c.ours / c.best - 1 for c in these):.1e} |")
    for (law, corpus), (count, reached, worst) in zip(tokens, by_run, strict=True):
        print(f"| {law} | our sweep, run by run, {corpus} loss | {count} | {reached} | {max(worst, 0):.1e} |")
    print()
    for case, one in done:
        if one.short(one.ours):
            print(f"{case}: ours {one.ours:.10e}, scipy {one.scipy:.10e}.")


if __name__ == "__main__":
    main()
