"""How fast is the fit? D-CPT side by side with scipy; both corpora with 1000 draws; Chinchilla; the command.

python benchmarks/fit_speed.py [--starts 50]      L-BFGS-B and least_squares are timed on --starts starts and scaled up.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import fit_referee
import numpy as np
import pandas as pd
from fit_worlds import world

import scaling
from scaling.fitting.engine.objective import Objective
from scaling.fitting.engine.search import Data, cold_fit
from scaling.fitting.engine.solver import Options
from scaling.runs import validate

SWEEP = Path(__file__).parents[1] / "data" / "runs" / "prose-python.parquet"


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


def side_by_side(count: int) -> tuple[float, float, float]:
    """Seconds of our cold fit, of 500 L-BFGS-B starts and of 64 least_squares starts, on one thread; a fifth of `count`
    and `count` starts are timed and scaled up, in turns with our fit so that a busy machine is busy for all."""
    case = fit_referee.problem(world(0)[0], "domain")
    data = Data(case.target, np.zeros(case.model.rows, np.intp))
    starts, cold, lbfgs, squares = fit_referee.starts(case, count), [], [], []
    for turn, start in enumerate(starts):
        cold.append(seconds(lambda: cold_fit(case.model, data, Objective(), Options(threads=1))))
        squares.append(seconds(lambda q=start: fit_referee.by_least_squares(case, q)))  # type: ignore[misc]
        if turn % 5 == 0:
            lbfgs.append(seconds(lambda q=start: fit_referee.by_lbfgs(case, q)))  # type: ignore[misc]
    return float(np.mean(cold)), 500 * float(np.mean(lbfgs)), 64 * float(np.mean(squares))


def command(*words: str) -> Callable[[], object]:
    """A Python process with those arguments, its output thrown away."""
    return lambda: subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=50)
    cold, lbfgs, squares = side_by_side(parser.parse_args().starts)
    frame, sweep = world(0)[0], scaling.load_runs(SWEEP)
    runs, chinchilla = validate(frame, "world"), validate(chinchilla_table(), "chinchilla")
    with TemporaryDirectory() as folder:
        table = f"{folder}/runs.csv"
        frame.to_csv(table, index=False)
        rows = [
            ("D-CPT, 540 rows, cold, one thread", cold, ""),
            ("the same, L-BFGS-B, numeric gradient, 500 starts (scaled up)", lbfgs, f"{lbfgs / cold:.0f} x"),
            ("the same, least_squares, our Jacobian, 64 starts (scaled up)", squares, f"{squares / cold:.0f} x"),
            (
                "D-CPT, both corpora, 1000 draws, all threads",
                seconds(lambda: scaling.fit(runs, "dcpt", draws=1000), 5),
                "",
            ),
            ("D-CPT, both corpora, 1000 draws, sandwich", seconds(sandwich(runs), 5), ""),
            (
                "Chinchilla, 240 rows, 200 draws",
                seconds(lambda: scaling.fit(chinchilla, "chinchilla", draws=200), 7),
                "",
            ),
            (
                "D-CPT, our sweep of 540 rows, burn-in chosen, 200 draws",
                seconds(lambda: scaling.fit(sweep, "dcpt"), 5),
                "",
            ),
            ("import scaling, new process", seconds(command("-c", "import scaling"), 5), ""),
            (
                "scaling fit, 540 rows, new process",
                seconds(command("-m", "scaling.cli", "fit", table, "--law", "dcpt"), 5),
                "",
            ),
        ]
    print("| what | seconds | times our cold fit |")
    print("|---|---|---|")
    for name, took, ratio in rows:
        print(f"| {name} | {took:.3f} | {ratio} |")


def sandwich(runs: scaling.Runs) -> Callable[[], object]:
    """The quick option."""
    return lambda: scaling.fit(runs, "dcpt", draws=1000, resample="sandwich")


if __name__ == "__main__":
    main()
