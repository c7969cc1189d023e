"""The critical ratio at 8 times the largest probe, in worlds whose forgetting depends on size and follows no law of ours.

python benchmarks/worlds.py [--worlds 100] [--first 0] [--jobs 1]      about 3 s a world

Worlds are those of forgetting_worlds.py: three families of forgetting at random, runs and noise like those of our own
sweeps. The tolerance is 0.05 nats, the tokens those of the longest run, and the target's base tokens are given to the law
that looks at them. Nothing was tuned on these worlds: neither law, fit and intervals, nor the worlds on what came out.

Errors are |estimate - truth|, an answer of "no ratio" counted as 0; "covered" is of the worlds that have an interval, of
width above 0. By family below: the median error of each way.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context

import numpy as np
from forgetting_worlds import FAMILIES, TOLERANCE, World, world

import scaling
from scaling.planning import Plan, critical_ratio
from scaling.runs import Runs, validate

WAYS = ("forgetting", "D-CPT L3, base loss carried", "link of one forgetting fit a size")


@dataclass(frozen=True)
class Answer:
    """Truth, estimate and interval of one way in one world."""

    family: str
    truth: float
    value: float
    low: float
    high: float

    @property
    def error(self) -> float:
        """|estimate - truth|."""
        return abs(self.value - self.truth)

    @property
    def known(self) -> bool:
        """Whether there is an interval."""
        return bool(np.isfinite(self.low) and self.high > self.low)

    @property
    def inside(self) -> bool:
        """Whether the interval holds the truth."""
        return self.low <= self.truth <= self.high


def ask(way: str, runs: Runs, here: World) -> Plan:
    """The plan for the world's target by one way."""
    if way == WAYS[2]:
        return critical_ratio(runs, here.target, here.longest, TOLERANCE, method="link")
    if way == WAYS[1]:
        return critical_ratio(scaling.fit(runs, "dcpt", threads=1), here.target, here.longest, TOLERANCE)
    fit = scaling.fit(runs, "forgetting", threads=1)
    return critical_ratio(fit, here.target, here.longest, TOLERANCE, base_tokens=here.base_tokens(here.target))


def one_world(seed: int) -> dict[str, Answer]:
    """The answers of all ways in one world."""
    here = world(seed)
    runs = validate(here.table(), "world")
    truth = here.critical(here.target)
    plans = {way: ask(way, runs, here) for way in WAYS}
    return {way: Answer(here.family, truth, float(np.nan_to_num(p.value)), *p.interval) for way, p in plans.items()}


def line(answers: list[Answer]) -> list[str]:
    """One way's cells."""
    errors = np.array([a.error for a in answers])
    known = [a for a in answers if a.known]
    covered = f"{100 * np.mean([a.inside for a in known]):.0f} %" if known else "-"
    width = f"{np.median([a.high - a.low for a in known]):.3f}" if known else "-"
    families = [f"{np.median([a.error for a in answers if a.family == f]):.3f}" for f in FAMILIES]
    return [f"{np.median(errors):.3f}", f"{np.quantile(errors, 0.9):.3f}", covered, width, str(len(known)), *families]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=100)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.worlds)
    with get_context("spawn").Pool(options.jobs) as pool:
        done = pool.map(partial(one_world), seeds, chunksize=1)
    counts = [sum(d[WAYS[0]].family == f for d in done) for f in FAMILIES]
    heads = [f"worlds {seeds[0]} to {seeds[-1]}", "median error", "90th percentile", "covered (90 %)", "median width"]
    heads += ["intervals", *(f"{f} ({n})" for f, n in zip(FAMILIES, counts, strict=True))]
    print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    for way in WAYS:
        print(f"| {' | '.join([way, *line([d[way] for d in done])])} |")


if __name__ == "__main__":
    main()
