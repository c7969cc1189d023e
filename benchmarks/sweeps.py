"""What the shipped sweeps say side by side: one line a sweep and size, and a figure a sweep.

    python benchmarks/sweeps.py [--figures FOLDER] [RUNS ...]

By default every table in data/runs/ and docs/figures/sweeps/. Measured in the finished runs, no law in between.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

import scaling
from scaling.planning import measured_critical_ratio
from scaling.planning.measured import finished_rises
from scaling.runs import Runs
from scaling.units import format_count

ROOT = Path(__file__).resolve().parent.parent
TOLERANCE, HALF = 0.05, 0.5
HEADS = [
    "sweep", "stage", "params", "runs", "base tokens", "CPT tokens", "base loss, general", "base loss, domain",
    "rise at ratio 0.5", "spread over seeds", "critical ratio",
]  # fmt: skip


def stages(path: Path) -> Iterator[tuple[str, Runs]]:
    """The table, or its trunks and its branches where it holds both."""
    runs = scaling.load_runs(path, stage="all")
    if "trunk" not in runs.frame or runs.frame["trunk"].isna().all():
        yield "", runs
        return
    for which in ("trunk", "branches"):
        yield which, scaling.load_runs(path, stage=which)


def lines(name: str, stage: str, runs: Runs) -> Iterator[list[str]]:
    """A line of the table for each size."""
    rises = finished_rises(runs)
    bases = [runs.base(corpus).set_index("params")["loss"] for corpus in ("general", "domain")]
    ratios = measured_critical_ratio(runs, TOLERANCE).set_index("params")
    for params, own in rises.groupby("params"):
        half = own.loc[own["ratio"] == HALF, "rise"]
        first = runs.frame[runs.frame["params"] == params].iloc[0]
        ratio = ratios.loc[params]
        spread = np.ptp(half) if len(half) > 1 else None
        span = f" ({ratio['low']:.2f} to {ratio['high']:.2f})" if ratio["seeds"] > 1 else ""
        yield [
            name,
            stage,
            format_count(float(params)),
            f"{len(own)}",
            format_count(first.get("base_tokens", np.nan)),
            format_count(float(own["tokens"].max())),
            *(f"{base[params]:.3f}" for base in bases),
            f"{half.mean():+.3f}" if len(half) else "",
            f"{spread:.3f}" if spread is not None else "",
            "outside the ratios" if np.isnan(ratio["ratio"]) else f"{ratio['ratio']:.3f}{span}",
        ]


def draw(runs: Runs, path: Path) -> None:
    """Change of the general loss, and the domain loss, over the ratio."""
    figure, axes = plt.subplots(1, 2, figsize=(10, 4.0), layout="constrained")
    scaling.plot.loss_by_ratio(runs, over_base=True, tolerance=TOLERANCE, ax=axes[0])
    scaling.plot.loss_by_ratio(runs, corpus="domain", ax=axes[1])
    figure.suptitle(path.stem)
    figure.savefig(path, dpi=100)
    plt.close(figure)


def main() -> None:
    """Print the table in Markdown and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*", type=Path, default=sorted((ROOT / "data" / "runs").glob("*.parquet")))
    parser.add_argument("--figures", type=Path, default=ROOT / "docs" / "figures" / "sweeps")
    options = parser.parse_args()
    mpl.use("agg")
    options.figures.mkdir(parents=True, exist_ok=True)
    print(
        f"Tolerance {TOLERANCE:g} nats; losses in nats a token; of several seeds the mean, and their range in brackets.\n"
    )
    print(f"| {' | '.join(HEADS)} |\n|{'---|' * len(HEADS)}")
    for path in options.runs:
        for stage, runs in stages(path):
            for line in lines(path.stem, stage, runs):
                print(f"| {' | '.join(line)} |")
            draw(runs, options.figures / f"{path.stem}{f'-{stage}' if stage else ''}.png")


if __name__ == "__main__":
    main()
