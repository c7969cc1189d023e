"""The published critical ratios from the published tables: `python benchmarks/critical_ratio_published.py`.

D-CPT Table 5: chemistry, a relative tolerance of 3 %, by the forgetting law and by D-CPT. CMR Table 5: the critical ratio of
each model size from those of the other three, by the link that `scaling plan --route link` and `--definition cmr` use.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

import scaling
from scaling.planning import critical_ratio
from scaling.planning.link import carry
from scaling.units import format_count

FOLDER = Path(__file__).resolve().parent.parent / "data" / "published"
Line = tuple[str, float, float, float]  # what, ours, published, the error that was promised at most


def chemistry() -> list[Line]:
    """D-CPT Table 5."""
    runs = scaling.load_runs(FOLDER / "dcpt_table5_chemistry.csv")
    plans = {
        law: critical_ratio(scaling.fit(runs, law), 1.8e9, 10e9, 0.03, relative=True) for law in ("forgetting", "dcpt")
    }
    return [(f"D-CPT Table 5, chemistry, 3 %, {law}", plan.value, 0.924, 0.005) for law, plan in plans.items()]


def sizes() -> list[Line]:
    """CMR Table 5, finance."""
    table = pd.read_csv(FOLDER / "cmr_table5_critical_ratio.csv").query("domain == 'finance'")
    params = table["params"].to_numpy(float)
    ratios = table["critical_ratio_at_20e9_tokens"].to_numpy(float)
    lines: list[Line] = []
    for left, (size, ratio) in enumerate(zip(params, ratios, strict=True)):
        others = np.arange(len(params)) != left
        ours = float(carry(params[others], ratios[None, others], size)[0])
        what = f"CMR Table 5, {format_count(size)} from the other three sizes"
        lines.append((what, ours, ratio, 0.01 if size == params.max() else 0.015))
    return lines


def main() -> None:
    """Print the table in Markdown."""
    print("| published critical ratio | ours | published | error | promised at most |\n|---|---|---|---|---|")
    for what, ours, published, most in [*chemistry(), *sizes()]:
        kept = "" if abs(ours - published) <= most else ", missed"
        print(f"| {what} | {ours:.3f} | {published:.3f} | {ours - published:+.3f} | {most:g}{kept} |")


if __name__ == "__main__":
    main()
