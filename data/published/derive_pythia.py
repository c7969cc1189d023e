"""Makes pythia70m_python.csv from the losses that the authors of Data Mixing Laws published.

    git clone https://github.com/yegcjs/mixinglaws
    python data/published/derive_pythia.py mixinglaws > data/published/pythia70m_python.csv

The general loss is the mean of the losses on the Pile's 22 parts, weighted as the authors weight them
(pipeline/valid_weight.json). The domain loss is that on Python. The authors log steps, not tokens: here a step of CPT has as
many tokens as one of Pythia's own training, which is an assumption.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

PARAMS = 19_000_000  # of Pythia-70M without embeddings, rounded
STEP_TOKENS = 1024 * 2048  # of Pythia's own training
BASE_STEPS = 20_000
BASE = "pythia_70m_step20000"
RUN = re.compile(r"70M_ct_\d+-(?P<general>[\d.]+)-(?P<domain>[\d.]+)/(?P<step>\d+)$")
DOMAIN = "starcoder.python"
COLUMNS = ("run", "params", "tokens", "ratio", "general_loss", "domain_loss", "base_tokens")

Losses = dict[str, dict[str, float]]  # checkpoint -> evaluated corpus -> nats per token


def read_losses(path: Path) -> Losses:
    """Every loss of the authors' log, whose lines are checkpoint, file of the corpus and loss. A loss that is logged twice
    counts once; ValueError where the two differ."""
    losses: Losses = defaultdict(dict)
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        checkpoint, file, loss = line.split()
        corpus = file.split("/")[-1].removesuffix(".bin").removesuffix(".valid").removeprefix("pythia-pile.valid.")
        if losses[checkpoint].setdefault(corpus, float(loss)) != float(loss):
            raise ValueError(f"{path}, line {number}: {corpus} has another loss on an earlier line")
    return losses


def pair(losses: dict[str, float], weights: dict[str, float]) -> tuple[str, str]:
    """General and domain loss of one checkpoint, in nats with six decimals. KeyError where a corpus is missing."""
    general = math.fsum(weight * losses[part] for part, weight in weights.items()) / math.fsum(weights.values())
    return f"{general:.6f}", f"{losses[DOMAIN]:.6f}"


def table(losses: Losses, weights: dict[str, float]) -> Iterator[tuple[object, ...]]:
    """The run table, largest ratio first. Each run begins with the losses of the base it left."""
    start = next(pair(found, weights) for checkpoint, found in losses.items() if checkpoint.endswith(BASE))
    runs: dict[float, dict[int, tuple[str, str]]] = defaultdict(lambda: {0: start})
    for checkpoint, found in losses.items():
        if match := RUN.search(checkpoint):
            runs[float(match["domain"])][int(match["step"])] = pair(found, weights)
    for ratio, steps in sorted(runs.items(), reverse=True):
        for step, both in sorted(steps.items()):
            yield f"python-{ratio:.4f}", PARAMS, step * STEP_TOKENS, ratio, *both, BASE_STEPS * STEP_TOKENS


def write(folder: Path, out: TextIO) -> None:
    """Write the table of a checkout of the authors' repository as CSV."""
    weights = json.loads((folder / "pipeline" / "valid_weight.json").read_text(encoding="utf-8"))
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(table(read_losses(folder / "data" / "ct" / "70M.txt"), weights))


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the table to standard output."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("checkout", type=Path, help="a checkout of github.com/yegcjs/mixinglaws")
    write(parser.parse_args(arguments).checkout, sys.stdout)


if __name__ == "__main__":
    main()
