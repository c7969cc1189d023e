"""Seconds that a plan of a saved fit takes: `python benchmarks/plan_speed.py [--draws 1000] [--turns 7]`.

The forgetting law fitted to data/runs/prose-code.parquet, the target four times its largest size: in Python, the fit loaded, and
as the command, start of the interpreter and imports included. Medians of turns; the smallest beside them.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import scaling

SWEEP = Path(__file__).resolve().parent.parent / "data" / "runs" / "prose-code.parquet"
PARAMS, TOKENS = 10.6e6, 262_144


def seconds(what: Callable[[], object], turns: int) -> tuple[float, float]:
    """Median and least seconds of the turns."""
    taken = []
    for _ in range(turns):
        start = time.perf_counter()
        what()
        taken.append(time.perf_counter() - start)
    return float(np.median(taken)), min(taken)


def main() -> None:
    """Print the table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--turns", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fit.json"
        scaling.fit(scaling.load_runs(SWEEP), law="forgetting", draws=options.draws).save(path)
        fit = scaling.load_fit(path)
        words = ["plan", str(path), "--params", f"{PARAMS:g}", "--tokens", f"{TOKENS:g}", "--json"]
        command = [sys.executable, "-m", "scaling.cli", *words]
        ways: dict[str, Callable[[], object]] = {
            "critical_ratio in Python": lambda: scaling.critical_ratio(fit, PARAMS, TOKENS),
            "load_fit and critical_ratio": lambda: scaling.critical_ratio(scaling.load_fit(path), PARAMS, TOKENS),
            "the command `scaling plan`": lambda: subprocess.run(command, check=True, capture_output=True),
            "of which: a command that imports pandas alone": lambda: subprocess.run(
                [sys.executable, "-c", "import pandas"], check=True
            ),
        }
        print(f"| a plan from {options.draws} draws | median, s | least, s |\n|---|---|---|")
        for name, way in ways.items():
            median, least = seconds(way, options.turns)
            print(f"| {name} | {median:.2f} | {least:.2f} |")


if __name__ == "__main__":
    main()
