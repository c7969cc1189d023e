"""Do 90 % intervals hold the truth in 90 % of worlds? The loss at four times the largest size, and the critical ratio.

python benchmarks/coverage.py [--worlds 200] [--first 0] [--jobs 1] [--resample runs]
                              [--sizes 3] [--ratios 9]      about 0.3 s a world

Worlds are those of fit_worlds.py (27 runs, D-CPT true, 0.2 % noise, half of its variance common to a run). The target
has four times the largest size and the largest token count. The base loss is given, as a user would measure it on the
target's checkpoint: the true loss at a ratio drawn between 0.2 and 0.8, less the tolerance of 0.05 nats. So the true
critical ratio is that one, or a larger one where the true general loss is not monotone in the ratio. --sizes and
--ratios keep fewer of the 3 sizes and 9 ratios; with one size the target has that size. --first is the first world's seed.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context

import numpy as np
from fit_worlds import RATIOS, SIZES, world

import scaling
import scaling.fitting
from scaling.laws import get_law
from scaling.runs import validate

TOKENS, TOLERANCE, LEVEL = 10e9, 0.05, 0.9
LOSS_RATIO = 0.3
KEPT = {9: RATIOS, 5: (0.0, 0.2, 0.5, 0.8, 1.0), 4: (0.0, 0.2, 0.5, 1.0), 3: (0.0, 0.5, 1.0), 1: (0.5,)}
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


def true_loss(theta: dict[str, float], params: float, share: np.ndarray) -> np.ndarray:
    """The true loss at the target size for shares (n,) of the corpus."""
    law = get_law("dcpt")
    x = {"params": np.full(len(share), params), "tokens": np.full(len(share), TOKENS), "share": share}
    return law.value(np.array([theta[n] for n in law.names]), x)


def one_world(resample: str, sizes: int, ratios: int, seed: int) -> dict[str, Hit]:
    """The answers of one world; the critical ratio only where the table has several ratios."""
    frame, truth = world(seed)
    frame = frame[frame["params"].isin(SIZES[:sizes]) & frame["ratio"].isin(KEPT[ratios])]
    params, ratio = (4 if sizes > 1 else 1) * SIZES[sizes - 1], LOSS_RATIO if ratios > 1 else KEPT[ratios][0]
    fit = scaling.fit(validate(frame, "world"), "dcpt", resample=resample, seed=seed, threads=1)
    hits = {}
    for corpus, share in (("general", 1 - ratio), ("domain", ratio)):
        there = fit.predict(params, TOKENS, ratio)[f"{corpus}_loss"]
        expected = float(true_loss(truth[corpus], params, np.array([share]))[0])
        hits[f"{corpus} loss"] = Hit(expected, there.value, there.low, there.high)
    if ratios > 1:
        hits["critical ratio"] = critical(fit, truth["general"], params, seed)
    return hits


def critical(fit: scaling.fitting.Fit, theta: dict[str, float], params: float, seed: int) -> Hit:
    """The critical ratio, the base loss given."""
    curve = true_loss(theta, params, 1 - GRID)
    ratio = np.random.default_rng([seed, 7]).uniform(0.2, 0.8)
    limit = float(np.interp(ratio, GRID, curve))
    plan = scaling.critical_ratio(fit, params, TOKENS, TOLERANCE, base_general_loss=limit - TOLERANCE, level=LEVEL)
    answer = plan.critical_ratio
    within = np.flatnonzero(curve <= limit + 1e-12)
    return Hit(float(GRID[within[-1]]), answer.value, answer.low, answer.high)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=200)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--sizes", type=int, default=3, choices=(1, 2, 3))
    parser.add_argument("--ratios", type=int, default=9, choices=tuple(KEPT))
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--resample", default="runs")
    options = parser.parse_args()
    with get_context("spawn").Pool(options.jobs) as pool:
        seeds = range(options.first, options.first + options.worlds)
        done = pool.map(partial(one_world, options.resample, options.sizes, options.ratios), seeds, chunksize=1)
    place = "4 x the largest size" if options.sizes > 1 else "the probes' size"
    design = f"{options.sizes} sizes x {options.ratios} ratios, {options.resample}"
    print(
        f"| worlds {seeds[0]} to {seeds[-1]}: {design}; at {place} | covered | no interval | truth below | truth above |"
        " median width | median error |"
    )
    print("|---|---|---|---|---|---|---|")
    for name in done[0]:
        hits = [d[name] for d in done]
        known = [h for h in hits if np.isfinite(h.low)]
        none = 1 - len(known) / len(hits)
        if not known:
            print(f"| {name} | - | 100.0 % | - | - | - | {np.nanmedian([abs(h.value - h.truth) for h in hits]):.4f} |")
            continue
        covered = np.mean([h.inside for h in known])
        below = np.mean([h.truth < h.low - 1e-5 for h in known])
        width = np.nanmedian([h.high - h.low for h in known])
        error = np.nanmedian([abs(h.value - h.truth) for h in hits])
        share = (
            f"{100 * covered:.1f} % | {100 * none:.1f} % | {100 * below:.1f} % | {100 * (1 - covered - below):.1f} %"
        )
        print(f"| {name} | {share} | {width:.4f} | {error:.4f} |")


if __name__ == "__main__":
    main()
