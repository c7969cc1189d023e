"""Predict the critical ratio of each sweep's largest size from its smaller ones, and compare with what was measured.

    python benchmarks/critical_ratio_rollout.py [RUNS ...]

By default every table of three or more sizes in data/runs/. Compared are the default of `scaling plan` (the forgetting law),
the same law size by size with the link across sizes (`--route link`), every D-CPT form (the base loss carried from the
smaller sizes, for L3 also given), and the CMR definition. What the held-out base saw (base_tokens) is given, as its owner knows
it. Two more blocks: every size at the end of its runs from the first half of them, and the default law of one sweep asked about
another one, whose bases saw other numbers of tokens.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

import scaling
from scaling.fitting import Estimate
from scaling.planning import critical_ratio, measured_critical_ratio
from scaling.runs import Runs
from scaling.units import format_count

TOLERANCES = (0.05, 0.1, 0.2)  # nats per token
FOLDER = Path(__file__).resolve().parent.parent / "data" / "runs"
MEASURED, DEFAULT, DCPT = "measured", "forgetting law (default)", "D-CPT L3, base loss carried"
LAWS = {
    DEFAULT: "forgetting",
    DCPT: "dcpt",
    "D-CPT L1, base loss carried": "dcpt_l1",
    "D-CPT L4, base loss carried": "dcpt_l4",
    "D-CPT L5, base loss carried": "dcpt_l5",
}
GIVEN, LINK, CMR = (
    "D-CPT L3, base loss given",
    "forgetting law per size, carried in log N",
    "CMR per size, carried in log N",
)
CROSS = (("prose-code", "prose-python"), ("prose-python", "prose-code"))


@dataclass(frozen=True)
class Line:
    """One prediction (or the measurement, whose bounds are the range over seeds)."""

    sweep: str
    size: float
    tolerance: float
    route: str
    answer: Estimate[float]
    truth: float

    @property
    def error(self) -> float:
        """Predicted less measured; where no ratio was said to pass, less 0."""
        return float(np.nan_to_num(self.answer.value)) - self.truth

    @property
    def inside(self) -> bool:
        """Whether the interval holds what was measured."""
        return bool(self.answer.low - 1e-9 <= self.truth <= self.answer.high + 1e-9)


def rollout(runs: Runs, sweep: str) -> Iterator[Line]:
    """The measured critical ratio of the largest size, then the predictions, at every tolerance."""
    size = float(runs.rows("general")["params"].max())
    own, smaller = (runs.select(mask) for mask in (runs.frame["params"] == size, runs.frame["params"] < size))
    tokens, seen = float(own.frame["tokens"].max()), float(own.frame["base_tokens"].max())
    base = float(own.base("general")["loss"].iloc[0])
    fits = {route: scaling.fit(smaller, law=law, draws=500) for route, law in LAWS.items()}
    for tolerance in TOLERANCES:
        measured = measured_critical_ratio(own, tolerance).iloc[0]
        bounds = (float(measured["low"]), float(measured["high"])) if measured["seeds"] > 1 else (math.nan, math.nan)
        truth = float(measured["ratio"])
        yield Line(sweep, size, tolerance, MEASURED, Estimate(truth, *bounds), truth)
        plans = {route: critical_ratio(fit, size, tokens, tolerance, base_tokens=seen) for route, fit in fits.items()}
        plans[GIVEN] = critical_ratio(fits[DCPT], size, tokens, tolerance, base_general_loss=base)
        plans[LINK] = critical_ratio(smaller, size, tokens, tolerance, method="link", draws=500)
        plans[CMR] = critical_ratio(smaller, size, tokens, tolerance, method="cmr", draws=500)
        for route, plan in plans.items():
            yield Line(sweep, size, tolerance, route, plan.critical_ratio, truth)


def later(tables: dict[str, Runs]) -> Iterator[Line]:
    """The default and D-CPT, fitted to the first half of every run, asked about the end of every size."""
    for name, runs in tables.items():
        last = runs.frame.groupby("run")["tokens"].transform("max")
        first = runs.select(runs.frame["tokens"] <= 0.5 * last)
        for route in (DEFAULT, DCPT):
            fit = scaling.fit(first, law=LAWS[route], draws=500)
            for tolerance in TOLERANCES:
                for row in measured_critical_ratio(runs, tolerance).itertuples():
                    plan = critical_ratio(fit, row.params, row.tokens, tolerance)
                    yield Line(name, row.params, tolerance, route, plan.critical_ratio, float(row.ratio))


def across(tables: dict[str, Runs]) -> Iterator[Line]:
    """The default, fitted to one sweep and asked about every size of another."""
    for source, target in CROSS:
        fit = scaling.fit(tables[source], law="forgetting", draws=500)
        for tolerance in TOLERANCES:
            for row in measured_critical_ratio(tables[target], tolerance).itertuples():
                frame = tables[target].frame
                seen = float(frame.loc[frame["params"] == row.params, "base_tokens"].max())
                plan = critical_ratio(fit, row.params, row.tokens, tolerance, base_tokens=seen)
                name = f"{source} about {target}"
                yield Line(name, row.params, tolerance, DEFAULT, plan.critical_ratio, float(row.ratio))


def main(paths: list[Path]) -> None:
    """Print the tables in Markdown."""
    tables = {path.stem: scaling.load_runs(path) for path in paths}
    several = {name: runs for name, runs in tables.items() if runs.frame["params"].nunique() > 2}
    lines = [line for name, runs in several.items() for line in rollout(runs, name)]
    print("Largest size held out; 90 % intervals (measured: range over seeds, where there are several).")
    print("A dash stands where no ratio passes, which counts as 0 in the errors.\n")
    _print_summary(lines)
    print()
    _print_lines(lines)
    print("\nEvery size at the end of its runs, from the first half of each run's tokens:\n")
    _print_summary([line for line in later(several) if math.isfinite(line.truth)])
    if {name for pair in CROSS for name in pair} <= set(tables):
        print(
            "\nThe default law of one sweep asked about the sizes of another, whose bases saw other numbers of tokens:\n"
        )
        _print_lines(list(across(tables)), measured=True)


def _print_summary(lines: list[Line]) -> None:
    frame = pd.DataFrame(
        [(line.tolerance, line.route, abs(line.error), line.inside) for line in lines if line.route != MEASURED],
        columns=["tolerance", "route", "error", "inside"],
    )
    print(
        "| mean / largest \\|error\\| of the critical ratio; intervals that hold the measured one | 0.05 nats | 0.1 | 0.2 |"
    )
    print("|---|---|---|---|")
    for route, own in frame.groupby("route", sort=False):
        cells = [
            f"{part['error'].mean():.3f} / {part['error'].max():.3f}; {part['inside'].sum()} of {len(part)}"
            for _, part in own.groupby("tolerance")
        ]
        print(f"| {route} | {' | '.join(cells)} |")


def _print_lines(lines: list[Line], measured: bool = False) -> None:
    extra = " measured |" if measured else ""
    print(f"| sweep | size | tolerance | from | critical ratio | interval | error |{extra}")
    print("|---|---|---|---|---|---|---|" + ("---|" if measured else ""))
    for line in lines:
        value = f"{line.answer.value:.3f}" if math.isfinite(line.answer.value) else "-"
        bounds = f"{line.answer.low:.3f} to {line.answer.high:.3f}" if math.isfinite(line.answer.low) else "-"
        known = line.route != MEASURED and math.isfinite(line.answer.value)
        cells = [line.sweep, format_count(line.size), f"{line.tolerance:g}", line.route, value, bounds]
        cells += [f"{line.error:+.3f}" if known else "-", *([f"{line.truth:.3f}"] if measured else [])]
        print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]] or sorted(FOLDER.glob("*.parquet")))
