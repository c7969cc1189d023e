"""A public sweep that nobody here trained: Pythia-70M continued on Python, predicted and measured.

python benchmarks/pythia.py      prints the table of benchmarks/results/pythia.md, from data/published

The tolerance is 0, so that the critical ratio is the share at which the general loss ends where it began. The shares are
judged twice: without all rows of the share nearest to that crossing, and from the first half of every run.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

import scaling
from scaling.planning import Plan, critical_ratio, measured_critical_ratio

TABLE = Path(__file__).resolve().parent.parent / "data" / "published" / "pythia70m_python_ct.csv"
HELD_OUT = 0.71484375  # the share nearest to the crossing
LAWS = ("forgetting", "dcpt")
KINDS = ("all shares but 0.715", "the first half of every run")


def table(tokens_per_step: float = 1.0) -> pd.DataFrame:
    """The sweep, its CPT tokens times a factor: the authors do not state the tokens of a step. Those of the base are known."""
    frame = pd.read_csv(TABLE)
    return frame.assign(tokens=frame["tokens"] * tokens_per_step)


def fitted(frame: pd.DataFrame, kind: str) -> pd.DataFrame:
    """The rows that a law may see."""
    if kind == KINDS[0]:
        return frame[frame["ratio"] != HELD_OUT]
    return frame[frame["tokens"] <= frame["tokens"].max() / 2]


def predicted(frame: pd.DataFrame, kind: str, law: str, draws: int = 200) -> Plan:
    """The critical ratio at the end of the runs, tolerance 0."""
    runs = scaling.load_runs(fitted(frame, kind))
    fit = scaling.fit(runs, law, draws=draws)
    return critical_ratio(fit, float(frame["params"].iloc[0]), float(frame["tokens"].max()), 0.0)


def main() -> None:
    """Print the table in Markdown."""
    whole = table()
    measured = measured_critical_ratio(scaling.load_runs(whole), 0.0)["ratio"].iloc[0]
    print(
        f"Measured: {measured:.3f}.\n\n| fitted to | law | tokens per step | predicted | 90 % interval |\n|---|---|---|---|---|"
    )
    for kind in KINDS:
        for law in LAWS:
            for factor, tokens in ((1.0, "2,097,152"), (0.5, "1,048,576")):
                plan = predicted(table(factor), kind, law)
                low, high = plan.interval
                print(f"| {kind} | {law} | {tokens} | {plan.value:.3f} | {low:.3f} to {high:.3f} |", flush=True)


if __name__ == "__main__":
    main()
