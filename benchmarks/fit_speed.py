"""How fast is the fit? D-CPT on 540 rows, side by side with scipy; both corpora with 1000 draws; Chinchilla.

python benchmarks/fit_speed.py [--starts 50]      L-BFGS-B and least_squares are timed on --starts starts and scaled up.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import fit_referee
import numpy as np
import pandas as pd
from fit_worlds import world

import scaling
from scaling.fitting.objective import Objective
from scaling.fitting.search import Data, cold_fit
from scaling.fitting.solver import Options
from scaling.runs import validate


def seconds(work: Callable[[], object], repeats: int = 1) -> float:
    """The median wall time of a few calls."""
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return float(np.median(times))


def chinchilla_table() -> pd.DataFrame:
    """8 sizes x 30 token counts at one ratio, Hoffmann's constants, 0.5 % noise."""
    rng = np.random.default_rng(0)
    rows = [(n, d, 0.5, f"{n:.3g}") for n in np.geomspace(1e8, 1e10, 8) for d in np.geomspace(1e9, 1e11, 30)]
    frame = pd.DataFrame(rows, columns=["params", "tokens", "ratio", "run"])
    frame["general_loss"] = 1.69 + 406.4 / frame["params"] ** 0.34 + 410.7 / frame["tokens"] ** 0.28
    frame["general_loss"] *= np.exp(rng.normal(0, 0.005, len(frame)))
    return frame


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=50)
    count = parser.parse_args().starts
    frame = world(0)[0]
    case = fit_referee.problem(frame, "domain")
    data = Data(case.target, np.zeros(case.model.rows, np.intp))
    one = Options(threads=1)
    cold = seconds(lambda: cold_fit(case.model, data, Objective(), one), 5)
    starts = fit_referee.starts(case, count)
    lbfgs = (
        seconds(lambda: [fit_referee.by_lbfgs(case, q) for q in starts[: max(count // 5, 1)]])
        / max(count // 5, 1)
        * 500
    )
    squares = seconds(lambda: [fit_referee.by_least_squares(case, q) for q in starts]) / count * 64
    runs, chinchilla = validate(frame, "world"), validate(chinchilla_table(), "chinchilla")
    rows = [
        ("D-CPT, 540 rows, cold, one thread", cold, ""),
        ("  L-BFGS-B, numeric gradient, 500 starts (scaled up)", lbfgs, f"{lbfgs / cold:.0f} x"),
        ("  least_squares, our Jacobian, 64 starts (scaled up)", squares, f"{squares / cold:.0f} x"),
        ("D-CPT, both corpora, 1000 draws, all threads", seconds(lambda: scaling.fit(runs, draws=1000), 3), ""),
        ("Chinchilla, 240 rows, 200 draws", seconds(lambda: scaling.fit(chinchilla, "chinchilla", draws=200), 5), ""),
    ]
    for name, took, ratio in rows:
        print(f"{name:<56}{took:>10.3f} s{ratio:>10}")


if __name__ == "__main__":
    main()
