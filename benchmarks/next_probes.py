"""Do the runs that `next_probes` chooses reach the width of a full grid with half of its FLOPs?

python benchmarks/next_probes.py [--worlds 16] [--first 3000] [--jobs 1] [--shares 0.3 0.5]   about 30 s a world

In the worlds of forgetting_worlds.py, whose forgetting follows none of our laws: a pilot (the smallest size at 4 ratios, the
middle one at 3: about 15 % of the grid's FLOPs) is fitted, `next_probes` chooses runs for the target at 8 times the largest
size of the grid, they are drawn from the world, and the plan is made again from the larger table. Its interval and error
stand beside those of the full grid of 3 sizes x 7 ratios. Bases of all three sizes are there, as in a family of models.
Shares are of the grid's FLOPs, the pilot's included. "random" draws runs of the grid's sizes and ratios as the budget allows.

Widths and errors are of the critical ratio; an answer of "no ratio" counts as 0 and its width as 1, as nothing is known.
Widths and what is compared with the grid's are of the worlds in which the grid's plan has an interval; errors are of all.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
from forgetting_worlds import RATIOS, TOLERANCE, World, world

import scaling
from scaling.planning import critical_ratio
from scaling.planning.next.next_probes import next_probes
from scaling.runs import validate

Run = tuple[float, float, int]  # params, ratio, seed
PILOT = ((0, (0.0, 0.25, 0.75, 1.0)), (1, (0.0, 0.5, 0.9)))
Way = Callable[[World, list[Run], float], list[Run]]


def cost(here: World, runs: list[Run]) -> float:
    """FLOPs."""
    return sum(6 * size * here.longest for size, _, _ in runs)


def pilot(here: World) -> list[Run]:
    """The runs that are there at first."""
    return [(here.sizes[i], ratio, 0) for i, ratios in PILOT for ratio in ratios]


def ask(here: World, start: list[Run], budget: float) -> list[Run]:
    """The runs that next_probes chooses."""
    table = validate(here.table(start), "pilot")
    target = here.base_tokens(here.target)
    found = next_probes(
        table, here.target, here.longest, TOLERANCE, budget=budget, base_tokens=target, bases=here.sizes[2:]
    )
    return [(float(r.params), float(r.ratio), int(r.seed)) for r in found.runs.itertuples()]


def at_random(here: World, start: list[Run], budget: float) -> list[Run]:
    """Runs of the grid, each as likely as any other that is still affordable; repeats have other seeds."""
    rng = np.random.default_rng([here.seed, 3])
    chosen: list[Run] = []
    while True:
        left = budget - cost(here, chosen)
        possible = [(n, r) for n in here.sizes for r in RATIOS if 6 * n * here.longest <= left]
        if not possible:
            return chosen
        size, ratio = possible[rng.integers(len(possible))]
        chosen.append((size, ratio, sum((size, ratio) == one[:2] for one in (*start, *chosen))))


WAYS: dict[str, Way] = {"next_probes": ask, "random": at_random}


def plan(here: World, runs: list[Run]) -> dict[str, float]:
    """Width and error of the plan from these runs, and what share of the grid's FLOPs they cost."""
    fit = scaling.fit(validate(here.table(runs), "world"), "forgetting", threads=1)
    base = here.base_tokens(here.target)
    found = critical_ratio(fit, here.target, here.longest, TOLERANCE, base_tokens=base)
    truth = here.critical(here.target)
    low, high = found.interval
    whole = cost(here, [(n, r, 0) for n in here.sizes for r in RATIOS])
    return {
        "width": high - low if np.isfinite(high - low) else 1.0,
        "error": abs(float(np.nan_to_num(found.value)) - truth),
        "covered": float(low <= truth <= high) if np.isfinite(high - low) else np.nan,
        "cost": cost(here, runs) / whole,
        "runs": len(runs),
    }


def one_world(shares: list[float], seed: int) -> pd.DataFrame:
    """All designs in one world."""
    here = world(seed)
    grid = [(n, r, 0) for n in here.sizes for r in RATIOS]
    start, whole = pilot(here), cost(here, grid)
    rows = [{"design": "full grid", "share": 1.0, **plan(here, grid)}]
    rows.append({"design": "pilot", "share": 0.15, **plan(here, start)})
    for share in shares:
        for name, way in WAYS.items():
            more = way(here, start, share * whole - cost(here, start))
            rows.append({"design": name, "share": share, **plan(here, [*start, *more])})
    frame = pd.DataFrame(rows).assign(world=seed, answered=np.isfinite(rows[0]["covered"]))
    return frame.assign(relative=frame["width"] / rows[0]["width"], worse=frame["error"] - rows[0]["error"])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=16)
    parser.add_argument("--first", type=int, default=3000)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--shares", type=float, nargs="+", default=[0.3, 0.5])
    parser.add_argument("--rows", type=Path, help="write what is in the table world by world to this CSV file")
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.worlds)
    with get_context("spawn").Pool(options.jobs) as pool:
        done = pd.concat(pool.map(partial(one_world, options.shares), seeds, chunksize=1))
    if options.rows:
        done.to_csv(options.rows, index=False)
    print(table(done, f"worlds {seeds[0]} to {seeds[-1]}"))


def table(done: pd.DataFrame, title: str) -> str:
    """The table in Markdown."""
    known = done[done["answered"]]
    heads = [title, "budget", "cost", "runs", f"median width ({known['world'].nunique()} worlds)", "over the grid's"]
    heads += [
        "at most the grid's",
        f"median error (all {done['world'].nunique()})",
        "90th percentile",
        "covered (90 %)",
    ]
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for (share, name), rows in done.groupby(["share", "design"], sort=False):
        own = rows[rows["answered"]]
        cells = [name, f"{share:.0%}", f"{rows['cost'].median():.0%}", f"{rows['runs'].median():.0f}"]
        cells += [
            f"{own['width'].median():.3f}",
            f"{own['relative'].median():.2f}",
            f"{(own['relative'] <= 1).mean():.0%}",
        ]
        cells += [
            f"{rows['error'].median():.3f}",
            f"{rows['error'].quantile(0.9):.3f}",
            f"{rows['covered'].mean():.0%}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
