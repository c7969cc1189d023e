"""The whole way from a run table to an answer: `python -m scaling.demo RUNS OUT`, what `make demo` runs.

Fits the law that plans are made with, D-CPT and the CMR laws, prints their critical ratios for a model larger than any probe,
and draws four figures.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import tyro
from matplotlib.axes import Axes
from rich.console import Console
from rich.table import Table

import scaling
from scaling.fitting import Fit, fit_points
from scaling.laws import get_law
from scaling.planning import Plan, cmr_plan, critical_ratio, measured_critical_ratio, planning_law
from scaling.runs import Runs
from scaling.units import format_count


@dataclass(frozen=True)
class Demo:
    """Fit, plan and draw."""

    runs: tyro.conf.Positional[Path]
    """The run table."""
    out: tyro.conf.Positional[Path]
    """The folder for fit.json and the figures."""
    larger: float = 4.0
    """The target is this many times the largest probe."""
    tolerance: float = 0.05
    """Allowed rise of the general loss, nats per token."""


def main(demo: Demo) -> None:
    """Print the answer and write the figures."""
    mpl.use("agg")
    console = Console(width=110, highlight=False)
    table = scaling.load_runs(demo.runs, stage="all")
    runs = table.stage("auto")
    demo.out.mkdir(parents=True, exist_ok=True)
    law = planning_law(runs)[0]
    fit = scaling.fit(runs, law=law)
    fit.save(demo.out / "fit.json")
    console.print(fit.summary(), markup=False)
    console.print(cmr_table(runs, demo.tolerance))
    ends = runs.rows("general")
    params, tokens = demo.larger * float(ends["params"].max()), float(ends["tokens"].max())
    plans = {get_law(law).title: critical_ratio(fit, params, tokens, demo.tolerance)}
    if law != "dcpt":
        plans["D-CPT law"] = critical_ratio(scaling.fit(runs, law="dcpt"), params, tokens, demo.tolerance)
    plans["CMR law"] = cmr_plan(table, params, tokens, demo.tolerance)
    for name, plan in plans.items():
        console.print(f"\n{name}", style="bold")
        console.print(plan.summary(), markup=False)
    for path in draw(runs, fit, plans, demo):
        console.print(f"wrote {path}", markup=False)


def cmr_table(runs: Runs, tolerance: float) -> Table:
    """The ratio law L(R) = a R^s + b of the finished runs, one line a size and corpus, beside the measured ratio."""
    table = Table("params", "corpus", "a", "s", "b", "R2", "measured critical ratio", title="CMR ratio law, per size")
    measured = measured_critical_ratio(runs, tolerance).set_index("params")["ratio"]
    for corpus in runs.corpora:
        rows = runs.finished(corpus)
        # R is the share of domain text; at R = 0 the law of the domain loss, whose exponent is negative, has no value
        rows = rows[(rows["ratio"] > 0) & (rows["ratio"] < 1)]
        sizes, index = np.unique(rows["params"], return_inverse=True)
        share = rows["ratio"] if corpus == "domain" else 1 - rows["ratio"]
        laws = fit_points("cmr_ratio", {"share": share}, rows[f"{corpus}_loss"], index.astype(np.intp))
        for size, (_, law) in zip(sizes, laws.iterrows(), strict=True):
            table.add_row(
                *_cells(size, corpus, law), f"{measured.get(size, np.nan):.3f}" if corpus == "general" else ""
            )
    return table


def _cells(size: float, corpus: str, law: pd.Series) -> list[str]:
    return [format_count(size), corpus, *(f"{law[name]:.4g}" for name in ("a", "s", "b")), f"{law['r2']:.4f}"]


def draw(runs: Runs, fit: Fit, plans: dict[str, Plan], demo: Demo) -> list[Path]:
    """Write the figures to the demo's folder; returns their names."""
    target = next(iter(plans.values())).question
    measured = measured_critical_ratio(runs, demo.tolerance)
    pictures: dict[str, list[Callable[[Axes], Axes]]] = {
        "loss_by_ratio": [
            lambda ax: scaling.plot_loss_by_ratio(runs, fit, over_base=True, tolerance=demo.tolerance, ax=ax),
            lambda ax: scaling.plot_loss_by_ratio(runs, fit, "domain", ax=ax),
        ],
        "loss_by_tokens": [
            lambda ax: scaling.plot_loss_by_tokens(runs, fit, "general", ax=ax),
            lambda ax: scaling.plot_loss_by_tokens(runs, fit, "domain", ax=ax),
        ],
        "tradeoff": [lambda ax: scaling.plot_tradeoff(fit, target.params, target.tokens, demo.tolerance, ax=ax)],
        "critical_ratio": [lambda ax: scaling.plot_critical_ratio(measured, plans, fit=fit, ax=ax)],
    }
    return [_save(demo.out / f"{name}.png", parts) for name, parts in pictures.items()]


def _save(path: Path, parts: list[Callable[[Axes], Axes]]) -> Path:
    """Draw the parts of a picture side by side."""
    figure, axes = plt.subplots(
        1, len(parts), figsize=(1.5 + 4.5 * len(parts), 4.2), layout="constrained", squeeze=False
    )
    for ax, part in zip(axes[0], parts, strict=True):
        part(ax)
    figure.savefig(path, dpi=120)
    plt.close(figure)
    return path


if __name__ == "__main__":
    try:
        main(tyro.cli(Demo))
    except scaling.InputError as error:
        print(f"demo: {error}", file=sys.stderr)
        sys.exit(2)
