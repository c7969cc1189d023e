"""What a sweep of finished runs costs as a grid, and as runs whose branches are annealed.

    python benchmarks/probe_cost.py [--out FOLDER]

The same question both ways: the critical ratio at 0.1 nats for the largest probe at every token count, interpolated
between finished runs, and its 90 % interval from the standard error of the change on the held-out blocks. (a) The grid
trains one run with the schedule wsd for each; (b) trains one run a ratio at a constant rate, on a GPU all ratios of a
size at once, and lets an anneal leave it for each token count. Bases are trained before and not counted. FLOPs are those of
the runs, evaluations included.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import yaml

from probes import config, prepare, sweep
from scaling.planning import measured_critical_ratio
from scaling.runs import validate

SMALL = Path(__file__).resolve().parent.parent / "data" / "corpora" / "small"
BATCH, STEPS, COUNTS, WARMUP, ANNEAL = 1024, 120, 6, 4, 0.1  # six token counts, evenly spaced
RATIOS = [0, 0.25, 0.5, 0.75, 0.9]
TOLERANCE, NORMAL_90 = 0.1, 1.645


@dataclass(frozen=True)
class Way:
    """One way to get the table: what it cost, and the table."""

    name: str
    runs: int
    flops: float
    seconds: float
    table: pd.DataFrame


def text(*names: str) -> dict[str, list[str]]:
    """A corpus of the repository."""
    return {
        "train": [str(SMALL / f"{name}.train.jsonl.xz") for name in names],
        "held_out": [str(SMALL / f"{name}.heldout.jsonl.xz") for name in names],
    }


def content(name: str, steps: int, **cpt: Any) -> dict[str, Any]:
    """A sweep of two small sizes whose runs have so many steps."""
    return {
        "name": name,
        "general": {"name": "prose", **text("wordnet", "bible")},
        "domain": {"name": "python", **text("python")},
        "tokenizer": {"vocab_size": 1024},
        "context": 128,
        "bases": [{"depth": depth} for depth in (2, 3)],
        "pretrain": {"tokens": 1_500_000, "batch_tokens": BATCH},
        "cpt": {
            "tokens": steps * BATCH,
            "batch_tokens": BATCH,
            "ratios": RATIOS,
            "warmup": WARMUP / steps,
            "anneal": ANNEAL,
            "checkpoints": 1,
            "learning_rate_fraction": 0.5,
            **cpt,
        },
        "evaluate": {"blocks": 48},
        "workers": 2,
    }


def train(name: str, sweeps: list[dict[str, Any]], folder: Path) -> Way:
    """Train the sweeps one after the other, on bases that are there."""
    flops, runs, tables = 0.0, 0, []
    start = time.perf_counter()
    for one in sweeps:
        path, out = folder / f"{one['name']}.yaml", folder / f"{one['name']}.parquet"
        path.write_text(yaml.safe_dump(one), encoding="utf-8")
        sweep.run(path, out, work=folder / "work")
        mine = [job for job in prepare.unfold(config.load_sweep(path), folder, folder / "work") if job.kind == "cpt"]
        flops, runs = flops + sum(job.flops for job in mine), runs + len(mine)
        tables.append(pd.read_parquet(out))
    table = pd.concat(tables, ignore_index=True)
    return Way(name, runs, flops, time.perf_counter() - start, table)


def finished(way: Way) -> pd.DataFrame:
    """The rows that a finished run or a branch ends with, and the base losses once a run."""
    table = way.table
    ends = table.groupby("run")["tokens"].transform("max") == table["tokens"]
    if "trunk" in table and table["trunk"].notna().any():
        ends = table["trunk"].notna()
    return table[ends | (table["tokens"] == 0)]


def answers(way: Way, tokens: list[int]) -> list[tuple[float, float, float]]:
    """The critical ratio of the largest probe at each token count, with its 90 % interval; NaN where it is not enclosed."""
    rows = finished(way)
    rows = rows[rows["params"] == rows["params"].max()]
    return [
        (measured(rows, count, 0.0), measured(rows, count, NORMAL_90), measured(rows, count, -NORMAL_90))
        for count in tokens
    ]


def measured(rows: pd.DataFrame, tokens: int, errors: float) -> float:
    """The critical ratio at a token count, where every change is so many standard errors larger than it was scored."""
    own = rows[rows["tokens"].isin([0, tokens])]
    own = own.assign(general_loss=own["general_loss"] + errors * own["general_change_se"])
    return float(measured_critical_ratio(validate(own, "probes"), TOLERANCE)["ratio"].iloc[0])


def main() -> None:
    """Print both costs, then both answers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="keep the tables there")
    options = parser.parse_args()
    steps = [STEPS * (i + 1) // COUNTS for i in range(COUNTS)]
    with TemporaryDirectory() as temporary:
        folder = options.out or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        train("bases", [content("bases", 2, ratios=[0], warmup=0.0)], folder)
        grid = train("full grid", [content(f"grid-{n}", n, schedule="wsd") for n in steps], folder)
        branches = content("branches", STEPS, branches=[n * BATCH for n in steps])
        cheap = train("branches", [{**branches, "together": len(RATIOS)}], folder)
    print("| way | runs | FLOPs | seconds | share of the grid's FLOPs | of its seconds |\n|---|---|---|---|---|---|")
    for way in (grid, cheap):
        cells = [way.name, f"{way.runs}", f"{way.flops:.2e}", f"{way.seconds:.0f}"]
        print(f"| {' | '.join([*cells, f'{way.flops / grid.flops:.2f}', f'{way.seconds / grid.seconds:.2f}'])} |")
    tokens = [n * BATCH for n in steps]
    print("\n| tokens | critical ratio, grid | interval | critical ratio, branches | interval |\n|---|---|---|---|---|")
    for count, *both in zip(tokens, answers(grid, tokens), answers(cheap, tokens), strict=True):
        cells = [cell for value, low, high in both for cell in (f"{value:.3f}", f"{low:.3f} to {high:.3f}")]
        print(f"| {count:,} | {' | '.join(cells)} |")
    shared = ["params", "ratio", "tokens"]
    ends = [finished(way).query("tokens > 0").set_index(shared)["general_loss"] for way in (grid, cheap)]
    print(
        f"\nLargest difference between a branch's general loss and its grid run's: {(ends[0] - ends[1]).abs().max():.1e}"
    )


if __name__ == "__main__":
    main()
