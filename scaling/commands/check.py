"""`scaling check`: what a run table holds, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tyro.conf import Positional

from scaling.commands.options import StageOption, print_json, print_notes, print_table, read_runs
from scaling.notes import coded, note
from scaling.stages import described
from scaling.units import counted, format_count

if TYPE_CHECKING:
    from scaling.runs import Runs


@dataclass(frozen=True)
class Check:
    """Report what a run table contains and what is wrong with it."""

    runs: Positional[Path]
    """The run table: .csv, .tsv, .jsonl or .parquet."""
    domain: str | None = None
    """Only the rows with this value in the column domain."""
    stage: StageOption = "auto"
    json: bool = False
    """Print one JSON object instead of text."""

    def __call__(self) -> None:
        """Read, validate, describe."""
        whole = read_runs(self.runs, self.domain, "all")
        runs = whole.stage(self.stage)
        found = {**describe(runs), **described(whole.frame)}
        if self.json:
            print_json(found)
            return
        _print_sizes(runs, found)
        if found["branches"]:
            print(_branches(found))
        rising = found["rise_then_fall"]
        some = ", ".join(rising[:3]) + (", ..." if len(rising) > 3 else "")
        early = [note("rises_then_falls", many=counted(len(rising), "run"), runs=some)] if rising else []
        print_notes([*runs.warnings, *early])


def describe(runs: Runs) -> dict[str, Any]:
    """What the table holds, as plain numbers and lists."""
    from scaling.fitting.estimation.transient import transient_runs

    trained = runs.frame[runs.frame["tokens"] > 0]
    return {
        "source": runs.source,
        "rows": len(runs.frame),
        "runs": int(trained["run"].nunique()),
        "params": sorted(map(float, trained["params"].unique())),
        "ratios": sorted(map(float, trained["ratio"].dropna().unique())),
        "tokens": [float(trained["tokens"].min()), float(trained["tokens"].max())],
        "corpora": list(runs.corpora),
        "base": {corpus: runs.base(corpus).to_dict("records") for corpus in runs.corpora},
        "rise_then_fall": transient_runs(runs),
        "warnings": list(runs.warnings),
        "notes": coded(runs.warnings),
    }


def _branches(found: dict[str, Any]) -> str:
    ends = ", ".join(map(format_count, found["branch_ends"]))
    return f"branches in the table: {found['branches']}, of trunks: {found['trunks']}, ending at tokens: {ends}"


def _print_sizes(runs: Runs, found: dict[str, Any]) -> None:
    base = {corpus: {row["params"]: row["loss"] for row in rows} for corpus, rows in found["base"].items()}
    heads = ["params", "runs", "rows", "ratios", "tokens", *(f"base {corpus}" for corpus in base)]
    rows = []
    for params, group in runs.frame[runs.frame["tokens"] > 0].groupby("params"):
        size = float(str(params))
        ratios = " ".join(f"{ratio:g}" for ratio in sorted(group["ratio"].dropna().unique())) or "-"
        tokens = f"{format_count(group['tokens'].min())} to {format_count(group['tokens'].max())}"
        losses = [f"{known[size]:.4f}" if size in known else "-" for known in base.values()]
        rows.append([format_count(size), str(group["run"].nunique()), str(len(group)), ratios, tokens, *losses])
    title = f"{found['source']}: {counted(found['rows'], 'row')}, {counted(found['runs'], 'run')}"
    print_table(title, heads, rows)
