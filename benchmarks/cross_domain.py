"""The Cross-Domain D-CPT law on our own domains: `python benchmarks/cross_domain.py`.

The sweeps of data/runs/ that have the same bases, tokens and schedule and differ in their domain, laid one below the
other. Learnability k1 is the domain loss of the base, k2 how far it falls over the first evaluations.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

import scaling
from scaling.fitting.estimation.learnability import learnability
from scaling.runs import Runs, validate

FOLDER = Path(__file__).resolve().parents[1] / "data" / "runs"
SWEEPS = ("prose-german", "prose-code", "prose-metamath")
LAWS = ("dcpt_cross_k1", "dcpt_cross_k2", "dcpt_cross_k3")


def together() -> Runs:
    """One table of all domains, of the sizes, ratios and seeds that all have."""
    tables = [scaling.load_runs(FOLDER / f"{name}.parquet").frame for name in SWEEPS]
    keys = ["params", "ratio", "seed"]
    shared = set.intersection(*(set(map(tuple, table[keys].to_numpy())) for table in tables))
    kept = [table[[tuple(row) in shared for row in table[keys].to_numpy()]] for table in tables]
    return validate(pd.concat(kept, ignore_index=True), "the sweeps of three domains")


def main() -> None:
    """Print the features, what each law makes of all domains at once, and of one that was left out."""
    runs = together()
    print("| domain | base loss, k1 | early fall, k2 | tokens at k2 |\n|---|---|---|---|")
    for row in learnability(runs).itertuples():
        print(f"| {row.domain} | {row.k1:.3f} | {row.k2:.3f} | {row.tokens:,.0f} |")
    print("\nMAPE of the domain loss, %. Without the last term, the law cannot tell domains apart.\n")
    print("| law | all domains in the fit | each domain by a fit to the others |\n|---|---|---|")
    pooled = scaling.fit(runs, law="dcpt", draws=0)
    assert pooled.domain
    burn_in = pooled.burn_in
    print(f"| dcpt, domains pooled | {100 * pooled.domain.mape:.1f} | - |")
    for law in LAWS:
        fit = scaling.fit(runs, law=law, draws=0, burn_in=burn_in)
        assert fit.domain
        held_out = scaling.validate_law(runs, law, "domain", burn_in=burn_in)
        parts = [f"{group.split.name.split()[-1]} {100 * group.scores['domain'].mape:.1f}" for group in held_out.groups]
        print(f"| {law} | {100 * fit.domain.mape:.1f} | {', '.join(parts)} |")


if __name__ == "__main__":
    main()
