"""Every law that our own sweep can feed, scored on what it was not fitted to: `python benchmarks/compare.py`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import scaling
from scaling.planning.measured import critical_ratio_errors

SWEEP = Path(__file__).resolve().parents[1] / "data" / "runs" / "prose-python.parquet"
HEADS = {"params": "largest size held out", "tokens": "later tokens held out", "ratio": "one ratio held out"}


def main() -> None:
    """Print the table."""
    runs = scaling.load_runs(SWEEP)
    found = scaling.compare_laws(runs)
    measured = {one.measured for v in found.validations.values() for one in critical_ratio_errors(v, runs)}
    print(f"Mean |error| of the held-out losses, general / domain, in %; burn-in {found.burn_in:g}.\n")
    print(f"| law | {' | '.join(HEADS.values())} | critical ratio (measured {max(measured):.3f}) |")
    print("|---|" + "---|" * (len(HEADS) + 1))
    for law, places in found.placings.items():
        cells = [" / ".join(f"{100 * one.mape:.2f}" for one in places[name].scores.values()) for name in HEADS]
        marks = ["**" if places[name].behind == 0 else "" for name in HEADS]
        critical = critical_ratio_errors(found.validations[law, "params"], runs)[-1]
        value = f"{critical.predicted:.3f}" if np.isfinite(critical.predicted) else critical.status
        print(f"| {law} | {' | '.join(f'{m}{c}{m}' for m, c in zip(marks, cells, strict=True))} | {value} |")


if __name__ == "__main__":
    main()
