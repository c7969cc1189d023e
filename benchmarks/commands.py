"""Seconds and memory of every command beside an earlier commit's, in turn on the same machine.

python benchmarks/commands.py [--against 82d71e2] [--turns 5] [--old-python PATH] [--rows 1000000]

The earlier commit is installed with its own constraints into an environment in a temporary folder, or run by --old-python from
its files alone. Commands take turns, old and new and old again; medians and the ratio of them are printed, and the peak of
either process, imports included. --rows adds a fit of that many rows from parquet, 200 draws.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
RUNS = str(ROOT / "data" / "runs" / "prose-python.parquet")
TARGET = ["--params", "10.6M", "--tokens", "524288"]


def commands(folder: Path) -> dict[str, list[str]]:
    """A name and the arguments of every command; the first writes the fit that others read."""
    fit = str(folder / "fit.json")
    return {
        "fit RUNS": ["fit", RUNS, "--out", fit],
        "check": ["check", RUNS],
        "predict FIT": ["predict", fit, *TARGET, "--ratio", "0.3"],
        "plan FIT": ["plan", fit, *TARGET],
        "plan RUNS": ["plan", RUNS, *TARGET],
        "plan --route link": ["plan", RUNS, *TARGET, "--route", "link"],
        "plan --definition cmr": ["plan", RUNS, *TARGET, "--definition", "cmr"],
        "tradeoff RUNS": ["tradeoff", RUNS, *TARGET],
        "next": ["next", RUNS, *TARGET, "--budget", "2e13"],
        "validate": ["validate", RUNS],
        "compare": ["compare", RUNS],
        "report": ["report", RUNS, *TARGET, "--out", str(folder / "page.html")],
    }


def timed(python: str, package: Path, arguments: list[str]) -> tuple[float, float]:
    """Wall seconds and peak MB of one command."""
    command = [python, "-m", "scaling.cli", *arguments]
    begin = time.perf_counter()
    process = subprocess.Popen(command, cwd=package, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} failed")
    return time.perf_counter() - begin, usage.ru_maxrss / 1024


def unpacked(commit: str, folder: Path) -> Path:
    """The files of a commit."""
    archive = folder / "old.tar"
    subprocess.run(["git", "archive", "-o", str(archive), commit], cwd=ROOT, check=True)
    with tarfile.open(archive) as packed:
        packed.extractall(folder / "old", filter="data")
    return folder / "old"


def installed(package: Path, folder: Path) -> str:
    """A Python with what that commit needs."""
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
    python = str(folder / "venv" / "bin" / "python")
    constraints = str(package / "constraints.txt")
    subprocess.run([python, "-m", "pip", "install", "-q", "-c", constraints, str(package)], check=True)
    return python


def large(rows: int, folder: Path) -> dict[str, list[str]]:
    """A fit of a long table."""
    path = folder / "long.parquet"
    write = f"from fit_growth import table; table({rows}, 27).to_parquet({str(path)!r})"
    # in another process: the peak of a child counts what its parent had when it was made
    subprocess.run([sys.executable, "-c", write], cwd=ROOT / "benchmarks", check=True)
    return {f"fit of {rows:.0e} rows, D-CPT": ["fit", str(path), "--law", "dcpt", "--out", str(folder / "long.json")]}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", default="82d71e2")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--old-python")
    parser.add_argument("--rows", type=int)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        old = unpacked(options.against, folder)
        python = options.old_python or installed(old, folder)
        long = large(options.rows, folder) if options.rows else {}
        sides = [(python, old, commands(folder / "old") | long), (sys.executable, ROOT, commands(folder) | long)]
        print(
            f"| command | {options.against}, s | now, s | ratio | {options.against}, MB | now, MB |\n|---|---|---|---|---|---|"
        )
        for what in sides[0][2]:
            both: list[list[tuple[float, float]]] = [[], []]
            for _ in range(options.turns):
                for taken, (run, package, asked) in zip(both, sides, strict=True):
                    taken.append(timed(run, package, asked[what]))
            (before, peak), (now, least) = (
                (median(one[0] for one in taken), max(one[1] for one in taken)) for taken in both
            )
            print(f"| {what} | {before:.2f} | {now:.2f} | {now / before:.2f} | {peak:.0f} | {least:.0f} |", flush=True)


if __name__ == "__main__":
    main()
