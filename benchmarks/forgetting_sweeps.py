"""The forgetting law's parameters on every shipped sweep of two or more sizes: `python benchmarks/forgetting_sweeps.py`."""

from __future__ import annotations

from pathlib import Path

import scaling

FOLDER = Path(__file__).resolve().parent.parent / "data" / "runs"


def main() -> None:
    """Print the table in Markdown."""
    names = ("h", "g", "kappa", "delta", "m")
    print(f"| sweep | rows | burn-in | R2 | {' | '.join(names)} |\n|---|---|---|---|{'---|' * len(names)}")
    for path in sorted(FOLDER.glob("*.parquet")):
        runs = scaling.load_runs(path)
        if runs.frame["params"].nunique() < 2:
            continue
        fit = scaling.fit(runs, law="forgetting")
        general = fit.general
        assert general is not None
        found = [general.parameters.get(name) for name in names]
        shown = ["-" if one is None else f"{one.value:.3g} ({one.low:.3g} to {one.high:.3g})" for one in found]
        print(f"| {path.stem} | {general.rows} | {fit.burn_in:g} | {general.r2:.4f} | {' | '.join(shown)} |")


if __name__ == "__main__":
    main()
