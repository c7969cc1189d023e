"""Predict the critical ratio of each sweep's largest size from its smaller ones, and compare with what was measured.

    python benchmarks/critical_ratio_rollout.py [RUNS ...]

By default every table in data/runs/. The target's base loss is carried from the smaller sizes, and then given, which
a user can always do: measuring it needs only the base checkpoint.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

import scaling
from scaling.fitting import Estimate
from scaling.planning import cmr_plan, critical_ratio, measured_critical_ratio
from scaling.runs import Runs
from scaling.units import format_count

TOLERANCES = (0.05, 0.1, 0.2)  # nats per token


def rollout(runs: Runs, tolerance: float) -> list[tuple[str, Estimate[float]]]:
    """The measured critical ratio of the largest size, then the predictions: (label, value with interval)."""
    sizes = runs.rows("general")["params"]
    largest = float(sizes.max())
    own = runs.select(runs.frame["params"] == largest)
    smaller = runs.select(runs.frame["params"] < largest)
    tokens = float(own.frame["tokens"].max())
    measured = measured_critical_ratio(own, tolerance).iloc[0]
    base = float(own.base("general")["loss"].iloc[0])
    fit = scaling.fit(smaller, law="dcpt", draws=500)
    carried = critical_ratio(fit, largest, tokens, tolerance)
    given = critical_ratio(fit, largest, tokens, tolerance, base_general_loss=base)
    cmr = cmr_plan(smaller, largest, tokens, tolerance, draws=500)
    bounds = (float(measured["low"]), float(measured["high"])) if measured["seeds"] > 1 else (math.nan, math.nan)
    return [
        ("measured", Estimate(float(measured["ratio"]), *bounds)),
        ("D-CPT, base loss carried", carried.critical_ratio),
        ("D-CPT, base loss given", given.critical_ratio),
        ("CMR per size, carried in log N", cmr.critical_ratio),
    ]


def main(paths: list[Path]) -> None:
    """Print the table in Markdown."""
    print("Largest size held out; 90 % intervals (measured: range over seeds, where there are several).")
    print("A dash stands where no ratio passes.\n")
    print("| sweep | held out | tolerance | from | critical ratio | interval | error |\n|---|---|---|---|---|---|---|")
    for path in paths:
        runs = scaling.load_runs(path)
        if runs.frame["params"].nunique() < 3:
            continue
        size = format_count(float(runs.frame["params"].max()))
        for tolerance in TOLERANCES:
            lines = rollout(runs, tolerance)
            truth = lines[0][1].value
            for label, estimate in lines:
                cells = [path.stem, size, f"{tolerance:g}", label, *_cells(estimate, truth, label == "measured")]
                print(f"| {' | '.join(cells)} |")


def _cells(estimate: Estimate[float], truth: float, measured: bool) -> list[str]:
    value = f"{estimate.value:.3f}" if math.isfinite(estimate.value) else "-"
    bounds = f"{estimate.low:.3f} to {estimate.high:.3f}" if math.isfinite(estimate.low) else "-"
    error = estimate.value - truth
    return [value, bounds, "-" if measured or not math.isfinite(error) else f"{error:+.3f}"]


if __name__ == "__main__":
    folder = Path(__file__).resolve().parent.parent / "data" / "runs"
    main([Path(name) for name in sys.argv[1:]] or sorted(folder.glob("*.parquet")))
