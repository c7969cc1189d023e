"""How well D-CPT (L3) describes the shipped sweeps, with and without the early transient.

python benchmarks/shipped_fit.py [RUNS ...]
"""

from __future__ import annotations

import sys
from pathlib import Path

import scaling
from scaling.runs import Runs

BURN_INS = (0.0, 1 / 8, 1 / 4, 1 / 3, 1 / 2)


def line(name: str, runs: Runs, burn_in: float | None) -> str:
    """One row of the table: fit quality of both corpora at a burn-in (None: the fit's own choice)."""
    fit = scaling.fit(runs, law="dcpt", burn_in=burn_in, draws=0)
    assert fit.general is not None
    assert fit.domain is not None
    label = f"{fit.burn_in:.3g}{' (chosen)' if burn_in is None else ''}"
    cells = [name, label, str(fit.general.rows)]
    for part in (fit.general, fit.domain):
        cells += [f"{part.r2:.4f}", f"{100 * part.mape:.2f} %"]
    return f"| {' | '.join(cells)} |"


def main(paths: list[Path]) -> None:
    """Print the table in Markdown."""
    print("D-CPT (L3) on whole sweeps; burn-in is the share of each run's tokens left out at its beginning.\n")
    print("| sweep | burn-in | rows | R2, general | MAPE, general | R2, domain | MAPE, domain |")
    print("|---|---|---|---|---|---|---|")
    for path in paths:
        runs = scaling.load_runs(path)
        for burn_in in (None, *BURN_INS):
            print(line(path.stem, runs, burn_in))


if __name__ == "__main__":
    folder = Path(__file__).resolve().parent.parent / "data" / "runs"
    main([Path(name) for name in sys.argv[1:]] or sorted(folder.glob("*.parquet")))
