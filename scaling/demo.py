"""The whole way from a run table to an answer: what `scaling demo` and `make demo` run.

Fits the law that plans are made with, D-CPT and the CMR laws, prints their critical ratios for a model larger than any probe,
and draws four figures.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from scaling import plot
from scaling.errors import InputError
from scaling.fitting import Fit, fit_points
from scaling.fitting import fit as fit_law
from scaling.planning import Plan, critical_ratio, measured_critical_ratio
from scaling.readers import load_runs
from scaling.runs import Runs
from scaling.units import format_count


@dataclass(frozen=True)
class Answer:
    """A table's fit, its plans by the law's title, and the drawn figures by file name."""

    runs: Runs
    fit: Fit
    plans: dict[str, Plan]
    tolerance: float
    pictures: dict[str, Figure]

    def write(self, out: Path) -> list[Path]:
        """Write fit.json and the figures into a folder, which is made; returns their paths."""
        out.mkdir(parents=True, exist_ok=True)
        paths = [out / "fit.json"]
        self.fit.save(paths[0])
        for name, figure in self.pictures.items():
            paths.append(out / f"{name}.png")
            figure.savefig(paths[-1], dpi=120)
            plt.close(figure)
        return paths

    def to_json_dict(self) -> dict[str, Any]:
        """The target, one object a plan as `scaling plan --json` has it, and the measured ratios of the probed sizes."""
        question = next(iter(self.plans.values())).target
        measured = measured_critical_ratio(self.runs, self.tolerance)
        return {
            "source": self.runs.source,
            "params": question.params,
            "tokens": question.tokens,
            "tolerance": question.tolerance,
            "plans": [plan.to_json_dict() for plan in self.plans.values()],
            "measured": measured.to_dict("records"),
        }


def answer(source: Path, larger: float = 4.0, tolerance: float = 0.05) -> Answer:
    """Fit, plan and draw; nothing is written. The target has `larger` times the parameters of the largest probe.

    Raises:
        InputError: the table cannot carry it, as where it has one model size or no general loss.
    """
    if not 0 < larger < float("inf"):
        raise InputError(f"larger must be above 0, not {larger:g}; write 4 for four times the largest probe")
    table = load_runs(source, stage="all")
    runs = table.stage("auto")
    ends = runs.rows("general")
    if ends.empty or runs.rows("domain").empty:
        raise InputError(f"{runs.source}: the demo needs both losses, general_loss and domain_loss")
    fit = fit_law(runs)
    params, tokens = larger * float(ends["params"].max()), float(ends["tokens"].max())
    plans = {fit.law.title: critical_ratio(fit, params, tokens, tolerance)}
    if fit.law.name != "dcpt":
        plans["D-CPT law"] = critical_ratio(fit_law(runs, law="dcpt"), params, tokens, tolerance)
    plans["CMR law"] = critical_ratio(table, params, tokens, tolerance, method="cmr")
    return Answer(runs, fit, plans, tolerance, draw(runs, fit, plans, tolerance))


def show(found: Answer, files: list[Path]) -> None:
    """Print the fit, the CMR laws, the plans, and which figures were written."""
    console = Console(width=110, highlight=False)
    console.print(found.fit.summary(), markup=False)
    console.print(cmr_table(found.runs, found.tolerance))
    for name, plan in found.plans.items():
        console.print(f"\n{name}", style="bold")
        console.print(plan.summary(), markup=False)
    for path in files:
        if path.suffix == ".png":
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


def draw(runs: Runs, fit: Fit, plans: dict[str, Plan], tolerance: float) -> dict[str, Figure]:
    """The figures by name."""
    mpl.use("agg")
    target = next(iter(plans.values())).target
    measured = measured_critical_ratio(runs, tolerance)
    pictures: dict[str, list[Callable[[Axes], Axes]]] = {
        "loss_by_ratio": [
            lambda ax: plot.loss_by_ratio(runs, fit, over_base=True, tolerance=tolerance, ax=ax),
            lambda ax: plot.loss_by_ratio(runs, fit, "domain", ax=ax),
        ],
        "loss_by_tokens": [
            lambda ax: plot.loss_by_tokens(runs, fit, "general", ax=ax),
            lambda ax: plot.loss_by_tokens(runs, fit, "domain", ax=ax),
        ],
        "tradeoff": [lambda ax: plot.tradeoff(fit, target.params, target.tokens, tolerance, ax=ax)],
        "critical_ratio": [lambda ax: plot.critical_ratio(measured, plans, fit=fit, ax=ax)],
    }
    return {name: _drawn(parts) for name, parts in pictures.items()}


def _drawn(parts: list[Callable[[Axes], Axes]]) -> Figure:
    """The parts of a picture side by side."""
    figure, axes = plt.subplots(
        1, len(parts), figsize=(1.5 + 4.5 * len(parts), 4.2), layout="constrained", squeeze=False
    )
    try:
        for ax, part in zip(axes[0], parts, strict=True):
            part(ax)
    except InputError:
        plt.close(figure)
        raise
    return figure
