"""The critical ratio of a public sweep that nobody here trained: `python benchmarks/pythia.py`.

Pythia-70M continued on the Pile and Python, one seed, a tolerance of 0 nats: the critical ratio is the share of Python at which
the general loss ends where it began. Measured is that crossing in the five finished runs. Predicted is the crossing at the end
of the runs from part of the table: without the run nearest to the crossing, and from the first half of every run. "No law"
is the crossing of the same part's own last checkpoints. The last lines assume half the tokens per step of CPT.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import scaling
from scaling.planning import critical_ratio, measured_critical_ratio
from scaling.runs import Runs

TABLE = Path(__file__).resolve().parent.parent / "data" / "published" / "pythia70m_python.csv"
TOLERANCE = 0.0  # nats per token
DRAWS = 500
NO_LAW = "no law"
EVERY, SHARES, HALVES = "all", "all shares but {:.3f}", "first half of every run"


@dataclass(frozen=True)
class Line:
    """One critical ratio. low and high: the 90 % interval, None where nothing was fitted."""

    tokens_per_step: str
    part: str
    method: str
    value: float
    low: float | None = None
    high: float | None = None


def crossing(runs: Runs) -> float:
    """Where the general loss of the last checkpoints crosses the tolerance."""
    return float(measured_critical_ratio(runs, TOLERANCE)["ratio"].iloc[0])


def parts(runs: Runs) -> dict[str, Runs]:
    """What the laws are fitted to: without the run nearest to the measured crossing, and half of every run's tokens."""
    frame, truth = runs.frame, crossing(runs)
    ratios = frame["ratio"].unique()
    nearest = float(ratios[abs(ratios - truth).argmin()])
    last = frame.groupby("run")["tokens"].transform("max")
    return {
        SHARES.format(nearest): runs.select(frame["ratio"] != nearest),
        HALVES: runs.select(frame["tokens"] <= 0.5 * last),
    }


def lines(runs: Runs, tokens_per_step: str) -> list[Line]:
    """The measured crossing, then the predictions from each part."""
    params, tokens = float(runs.frame["params"].iloc[0]), float(runs.frame["tokens"].max())
    found = [Line(tokens_per_step, EVERY, "measured", crossing(runs))]
    for name, part in parts(runs).items():
        for law in ("forgetting", "dcpt"):
            plan = critical_ratio(scaling.fit(part, law, draws=DRAWS), params, tokens, TOLERANCE)
            found.append(Line(tokens_per_step, name, law, plan.value, *plan.interval))
        found.append(Line(tokens_per_step, name, NO_LAW, crossing(part)))
    return found


def halved(runs: Runs) -> Runs:
    """The same sweep with half the CPT tokens per step. The base's tokens stay: Pythia's batch is known."""
    return scaling.load_runs(runs.frame.assign(tokens=runs.frame["tokens"] / 2))


def results() -> list[Line]:
    """Every line of the table."""
    runs = scaling.load_runs(TABLE)
    return [*lines(runs, "2,097,152"), *lines(halved(runs), "1,048,576")]


def main() -> None:
    """Print the table in Markdown."""
    print("| assumed tokens per step | runs | method | critical ratio | 90 % interval |\n|---|---|---|---|---|")
    for line in results():
        interval = "" if line.low is None else f"{line.low:.3f} to {line.high:.3f}"
        print(f"| {line.tokens_per_step} | {line.part} | {line.method} | {line.value:.3f} | {interval} |")


if __name__ == "__main__":
    main()
