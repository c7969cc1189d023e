"""Does the cold fit find the best optimum known? Random D-CPT worlds, against many starts of scipy's least_squares.

python benchmarks/fit_optimum.py [--worlds 200] [--starts 200]
"""

from __future__ import annotations

import argparse
import time

import fit_referee
import numpy as np
from fit_worlds import world

from scaling.fitting.objective import Objective
from scaling.fitting.search import Data, cold_fit
from scaling.fitting.solver import Options


def main() -> None:
    """Print one row a world that missed, and the count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=200)
    parser.add_argument("--starts", type=int, default=200)
    options = parser.parse_args()
    reached, beaten, ours, theirs = 0, 0, 0.0, 0.0
    for seed in range(options.worlds):
        case = fit_referee.problem(world(seed)[0], "general" if seed % 2 else "domain")
        begin = time.perf_counter()
        found = cold_fit(
            case.model, Data(case.target, np.zeros(case.model.rows, np.intp)), Objective(), Options(threads=1)
        )
        ours += time.perf_counter() - begin
        begin = time.perf_counter()
        referee = min(fit_referee.by_least_squares(case, q) for q in fit_referee.starts(case, options.starts))
        theirs += time.perf_counter() - begin
        best = min(referee, found.objective)
        excess = found.objective / best - 1
        reached += excess <= 1e-6
        beaten += referee / best - 1 > 1e-6
        if excess > 1e-6 or seed % 20 == 0:
            print(
                f"world {seed:3d}  ours {found.objective:.10e}  scipy {referee:.10e}  excess {excess:.1e}", flush=True
            )
    print(f"{'worlds':>8}{'ours at best (1e-6)':>22}{'scipy short of best':>22}{'ours s/fit':>12}{'scipy s/fit':>12}")
    print(f"{options.worlds:>8}{reached:>22}{beaten:>22}{ours / options.worlds:>12.3f}{theirs / options.worlds:>12.1f}")


if __name__ == "__main__":
    main()
