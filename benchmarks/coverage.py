"""Do 90 % intervals hold the truth in 90 % of worlds? The loss at four times the largest size, and the critical ratio.

python benchmarks/coverage.py [--worlds 200] [--first 0] [--jobs 1] [--resample runs] [--small]    about 0.3 s a world

Worlds are those of fit_worlds.py (27 runs, D-CPT true, 0.2 % noise, half of its variance common to a run). The target
has four times the largest size and the largest token count. The base loss is given, as a user would measure it on the
target's checkpoint: the true loss at a ratio drawn between 0.2 and 0.8, less the tolerance of 0.05 nats. So the true
critical ratio is that one, or a larger one where the true general loss is not monotone in the ratio. --small keeps 5 of
the 9 ratios: 15 runs, fewer than two a parameter. --first is the seed of the first world.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context

import numpy as np
from fit_worlds import RATIOS, SIZES, world

import scaling
from scaling.laws import get_law
from scaling.runs import validate

PARAMS, TOKENS, TOLERANCE, LEVEL = 4 * max(SIZES), 10e9, 0.05, 0.9
LOSS_RATIO = 0.3
FEW_RATIOS = (0.0, 0.2, 0.5, 0.8, 1.0)
GRID = np.linspace(0.0, 1.0, 100_001)


@dataclass(frozen=True)
class Hit:
    """Truth, estimate and interval of one answer in one world."""

    truth: float
    value: float
    low: float
    high: float

    @property
    def inside(self) -> bool:
        """True if the interval holds the truth; roots are found to 1e-5 on either side."""
        return self.low - 1e-5 <= self.truth <= self.high + 1e-5


def true_loss(theta: dict[str, float], share: np.ndarray) -> np.ndarray:
    """The true loss at the target for shares (n,) of the corpus."""
    law = get_law("dcpt")
    x = {"params": np.full(len(share), PARAMS), "tokens": np.full(len(share), TOKENS), "share": share}
    return law.value(np.array([theta[n] for n in law.names]), x)


def one_world(resample: str, small: bool, seed: int) -> dict[str, Hit]:
    """The three answers of one world."""
    frame, truth = world(seed)
    frame = frame[frame["ratio"].isin(FEW_RATIOS)] if small else frame
    fit = scaling.fit(validate(frame, "world"), resample=resample, seed=seed, threads=1)
    hits = {}
    for corpus, share in (("general", 1 - LOSS_RATIO), ("domain", LOSS_RATIO)):
        there = fit.predict(PARAMS, TOKENS, LOSS_RATIO)[f"{corpus}_loss"]
        expected = float(true_loss(truth[corpus], np.array([share]))[0])
        hits[f"{corpus} loss at 4 x the largest size"] = Hit(expected, there.value, there.low, there.high)
    curve = true_loss(truth["general"], 1 - GRID)
    ratio = np.random.default_rng([seed, 7]).uniform(0.2, 0.8)
    limit = float(np.interp(ratio, GRID, curve))
    plan = scaling.critical_ratio(fit, PARAMS, TOKENS, TOLERANCE, base_general_loss=limit - TOLERANCE, level=LEVEL)
    answer = plan.critical_ratio
    within = np.flatnonzero(curve <= limit + 1e-12)
    hits["critical ratio there"] = Hit(float(GRID[within[-1]]), answer.value, answer.low, answer.high)
    return hits


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=200)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--resample", default="runs")
    options = parser.parse_args()
    with get_context("spawn").Pool(options.jobs) as pool:
        seeds = range(options.first, options.first + options.worlds)
        done = pool.map(partial(one_world, options.resample, options.small), seeds, chunksize=1)
    runs = len(SIZES) * (len(FEW_RATIOS) if options.small else len(RATIOS))
    print(
        f"| worlds {seeds[0]} to {seeds[-1]}, {runs} runs, {options.resample}, nominal 90 % | covered | truth below |"
        " truth above | median width | median error |"
    )
    print("|---|---|---|---|---|---|")
    for name in done[0]:
        hits = [d[name] for d in done]
        covered = np.mean([h.inside for h in hits])
        below = np.mean([h.truth < h.low - 1e-5 for h in hits])
        width = np.nanmedian([h.high - h.low for h in hits])
        error = np.nanmedian([abs(h.value - h.truth) for h in hits])
        share = f"{100 * covered:.1f} % | {100 * below:.1f} % | {100 * (1 - covered - below):.1f} %"
        print(f"| {name} | {share} | {width:.4f} | {error:.4f} |")


if __name__ == "__main__":
    main()
