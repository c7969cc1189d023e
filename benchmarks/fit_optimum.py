"""Does the cold fit find the best optimum known? Random D-CPT worlds, against many starts of scipy's least_squares.

python benchmarks/fit_optimum.py [--worlds 200] [--starts 200] [--jobs 1]      about 14 s a world of 200 starts and job

The starts are our own screened ones (coefficients already solved for), best first: better than a user of scipy would
have, so that the best optimum known is as good as we can make it. Corpora alternate. Interrupted (Ctrl-C), it prints
the table of the worlds done.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context

import fit_referee
import numpy as np
from fit_worlds import world

from scaling.fitting.engine.search import Data, cold_fit
from scaling.fitting.engine.solver import Options

DIGITS = 1e-6


@dataclass(frozen=True)
class Contest:
    """Both objectives on one world, relative to the better, and seconds."""

    seed: int
    ours: float
    scipy: float
    first: float
    seconds: float
    scipy_seconds: float

    @property
    def best(self) -> float:
        """The best optimum known."""
        return min(self.ours, self.scipy)

    def short(self, value: float) -> bool:
        """True if a value misses the best known by more than DIGITS."""
        return value > self.best * (1 + DIGITS)


def contest(starts: int, seed: int) -> Contest:
    """One world, fitted by both."""
    return fitted(fit_referee.problem(world(seed)[0], "general" if seed % 2 else "domain"), starts, seed)


def fitted(case: fit_referee.Problem, starts: int, seed: int) -> Contest:
    """One problem, fitted by both."""
    begin = time.perf_counter()
    found = cold_fit(
        case.model, Data(case.target, np.zeros(case.model.rows, np.intp)), case.objective, Options(threads=1)
    )
    middle = time.perf_counter()
    values = [fit_referee.by_least_squares(case, q) for q in fit_referee.starts(case, starts)]
    end = time.perf_counter()
    return Contest(seed, found.objective, min(values), values[0], middle - begin, end - middle)


def contests(worlds: int, starts: int, jobs: int) -> list[Contest]:
    """All worlds, in `jobs` processes; progress and the time left on standard error."""
    done: list[Contest] = []
    begin = time.perf_counter()
    with (
        get_context("spawn").Pool(jobs, signal.signal, (signal.SIGINT, signal.SIG_IGN)) as pool,
        suppress(KeyboardInterrupt),
    ):
        for one in pool.imap_unordered(partial(contest, starts), range(worlds)):
            done.append(one)
            left = (time.perf_counter() - begin) / len(done) * (worlds - len(done))
            note = f"  world {one.seed} short by {one.ours / one.best - 1:.1e}\n" if one.short(one.ours) else ""
            print(f"\r{len(done)} of {worlds} worlds, {left / 60:.0f} min left {note}", end="", file=sys.stderr)
    print(file=sys.stderr)
    return sorted(done, key=lambda one: one.seed)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=200)
    parser.add_argument("--starts", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    done = contests(options.worlds, options.starts, options.jobs)
    rows = [
        ("cold fit", [c.ours for c in done], np.mean([c.seconds for c in done])),
        (f"scipy, best of {options.starts}", [c.scipy for c in done], np.mean([c.scipy_seconds for c in done])),
        (
            "scipy, best screened start",
            [c.first for c in done],
            np.mean([c.scipy_seconds for c in done]) / options.starts,
        ),
    ]
    print(f"| {len(done)} worlds | at the best optimum known (1e-6) | worst excess | seconds a fit |")
    print("|---|---|---|---|")
    for name, values, took in rows:
        reached = sum(not c.short(v) for c, v in zip(done, values, strict=True))
        worst = max(v / c.best - 1 for c, v in zip(done, values, strict=True))
        print(f"| {name} | {reached} | {worst:.1e} | {took:.3g} |")
    missed = [c for c in done if c.short(c.ours)]
    for c in missed:
        print(f"\nWorld {c.seed}: ours {c.ours:.10e}, scipy {c.scipy:.10e}, excess {c.ours / c.best - 1:.1e}.")


if __name__ == "__main__":
    main()
