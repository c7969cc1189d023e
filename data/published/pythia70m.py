"""Make pythia70m_python_ct.csv from the authors' logs: `python data/published/pythia70m.py CLONE`.

CLONE is a copy of github.com/yegcjs/mixinglaws (commit 8ad3e12), whose data/ct/70M.txt has lines "checkpoint, validation set,
loss", tab-separated, and whose pipeline/valid_weight.json has the weights of the Pile's 22 parts. The general loss is their
weighted mean; the domain loss is that of Python. Not in the logs: the tokens of a step, for which Pythia's batch is assumed
(2,097,152), and params, which are Pythia-70M's without embeddings, rounded.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from pathlib import Path

STEP = 2_097_152  # tokens
BASE_STEPS = 20_000
PARAMS = 19_000_000
RUN = re.compile(r"70M_ct_\d+-[\d.]+-(?P<ratio>[\d.]+)/(?P<step>\d+)$")


def losses(log: str, weights: dict[str, float]) -> dict[str, tuple[float, float]]:
    """Checkpoint -> general and domain loss, nats per token."""
    found: dict[str, dict[str, float]] = {}
    for line in log.splitlines():
        checkpoint, validation, loss = line.split("\t")
        part = Path(validation).name.removesuffix(".bin").removeprefix("pythia-pile.valid.")
        found.setdefault(checkpoint, {})[part] = float(loss)
    total = sum(weights.values())
    return {
        checkpoint: (sum(weights[part] * own[part] for part in weights) / total, own["starcoder.python.valid"])
        for checkpoint, own in found.items()
    }


def rows(found: dict[str, tuple[float, float]]) -> list[list[object]]:
    """The run table: the base at tokens 0 of every run, then its checkpoints."""
    (base,) = (own for checkpoint, own in found.items() if "step20000" in checkpoint)
    runs: dict[float, list[tuple[int, float, float]]] = {}
    for checkpoint, own in found.items():
        match = RUN.search(checkpoint)
        if match:
            runs.setdefault(float(match["ratio"]), []).append((int(match["step"]) * STEP, *own))
    made: list[list[object]] = []
    for ratio, checkpoints in sorted(runs.items(), reverse=True):
        for tokens, general, domain in [(0, *base), *sorted(checkpoints)]:
            own = [f"python-{ratio:.4f}", PARAMS, tokens, ratio, f"{general:.6f}", f"{domain:.6f}", BASE_STEPS * STEP]
            made.append(own)
    return made


def main(clone: Path) -> None:
    """Write the table beside this file."""
    weights = json.loads((clone / "pipeline" / "valid_weight.json").read_text())
    found = losses((clone / "data" / "ct" / "70M.txt").read_text(), weights)
    with Path(__file__).with_name("pythia70m_python_ct.csv").open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["run", "params", "tokens", "ratio", "general_loss", "domain_loss", "base_tokens"])
        table.writerows(rows(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
