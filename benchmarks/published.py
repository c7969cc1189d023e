"""The papers' own numbers that can be checked from their tables: `python benchmarks/published.py`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

import scaling
from scaling.fitting import fit_points
from scaling.laws import get_law
from scaling.planning import critical_ratio

FOLDER = Path(__file__).resolve().parent.parent / "data" / "published"


def critical_ratio_law() -> list[tuple[str, float, float]]:
    """CMR Table 5: R_CMR(T) = a4 T^s4 + b3 at 20B tokens from the printed parameters, beside the printed ratio."""
    law = get_law("cmr_critical")
    table = pd.read_csv(FOLDER / "cmr_table5_critical_ratio.csv").dropna()
    lines = []
    for row in table.itertuples():
        theta = np.array([getattr(row, name) for name in law.names])
        value = law.value(theta, {"tokens": np.array([20e9 / row.token_unit])})[0]
        lines.append((f"CMR Table 5, {row.params:.3g} params", value, row.critical_ratio_at_20e9_tokens))
    return lines


def ratio_law() -> list[tuple[str, float, float]]:
    """CMR Table 2: the 25 % row predicted from the other ratios of its size, beside the measured loss."""
    table = pd.read_csv(FOLDER / "cmr_table2_domain_loss.csv").query("kind == 'measured'")
    lines = []
    for size, rows in table.groupby("params"):
        kept = rows[rows["ratio"] != 0.25]
        fitted = fit_points("cmr_ratio", {"share": kept["ratio"]}, kept["domain_loss"]).iloc[0]
        law = get_law("cmr_ratio")
        value = law.value(fitted[list(law.names)].to_numpy(float), {"share": np.array([0.25])})[0]
        lines.append(
            (f"CMR Table 2, {size:.3g} params, 25 % row", value, rows.query("ratio == 0.25")["domain_loss"].item())
        )
    return lines


def tolerance() -> list[tuple[str, float, float]]:
    """D-CPT Table 5: the ratio for a relative tolerance of 3 %."""
    fit = scaling.fit(scaling.load_runs(FOLDER / "dcpt_table5_chemistry.csv"), law="dcpt")
    plan = critical_ratio(fit, 1.8e9, 10e9, 0.03, relative=True)
    return [("D-CPT Table 5, chemistry, 3 %", plan.value, 0.924)]


def main() -> None:
    """Print the table in Markdown."""
    print("| published number | ours | published | relative difference |\n|---|---|---|---|")
    for name, ours, theirs in [*critical_ratio_law(), *ratio_law(), *tolerance()]:
        print(f"| {name} | {ours:.4f} | {theirs:.4f} | {100 * (ours / theirs - 1):+.2f} % |")


if __name__ == "__main__":
    main()
