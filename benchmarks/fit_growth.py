"""How do seconds and memory grow with rows? D-CPT, both corpora, 200 draws, 1e3 to 1e6 rows, a fresh process each.

python benchmarks/fit_growth.py [--rows 1000 10000 100000 1000000] [--runs 27] [--draws 200]

The sweep is that of fit_worlds.py; more rows are denser logs of the same runs, or with --runs more seeds of them. Seconds
are those of validating the table in memory and of the fit; memory is the peak of the process, imports and table included.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time

import pandas as pd
from fit_worlds import RATIOS, SIZES, world

CELLS = len(SIZES) * len(RATIOS)


def table(rows: int, runs: int) -> pd.DataFrame:
    """About that many rows in that many runs; every seed is another draw of the noise on the same truth."""
    seeds = max(runs // CELLS, 1)
    checkpoints = max(rows // (CELLS * seeds), 2)
    parts = [world(0, checkpoints=checkpoints, noise_seed=s)[0].assign(seed=s) for s in range(seeds)]
    frame = pd.concat(parts, ignore_index=True)
    return frame.assign(run=frame["run"] + "-" + frame["seed"].astype(str))


def once(rows: int, runs: int, draws: int) -> None:
    """Fit in this process and print a row of the table."""
    import scaling
    from scaling.runs import validate

    frame = table(rows, runs)
    begin = time.perf_counter()
    valid = validate(frame, "growth")
    checked = time.perf_counter()
    fit = scaling.fit(valid, "dcpt", draws=draws)
    end = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    width = fit.predict(4 * max(SIZES), 10e9, 0.3)["domain_loss"]
    print(
        f"| {len(frame)} | {frame['run'].nunique()} | {checked - begin:.2f} | {end - checked:.2f} | {peak:.0f} |"
        f" {width.value:.5f} ({width.low:.5f} to {width.high:.5f}) |",
        flush=True,
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[10**3, 10**4, 10**5, 10**6])
    parser.add_argument("--runs", type=int, default=CELLS)
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.once:
        once(options.rows[0], options.runs, options.draws)
        return
    print("| rows | runs | validate, s | fit, s | peak MB | domain loss at 4 x the largest size |", flush=True)
    print("|---|---|---|---|---|---|", flush=True)
    for rows in options.rows:
        again = [sys.executable, __file__, "--once", "--rows", str(rows)]
        subprocess.run([*again, "--runs", str(options.runs), "--draws", str(options.draws)], check=True)


if __name__ == "__main__":
    main()
