"""The run table of a sweep: the rows of its CPT runs, gathered and written whole."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from probes.jobs import AnyJob, Job
from probes.results import logged_rows
from scaling.runs import validate
from scaling.storage import write_atomically

WRITERS: dict[str, Callable[[pd.DataFrame, Path], object]] = {
    ".parquet": lambda frame, path: frame.to_parquet(path, index=False),
    ".csv": lambda frame, path: frame.to_csv(path, index=False),
    ".jsonl": lambda frame, path: frame.to_json(path, orient="records", lines=True, double_precision=15),
}


def write_table(everything: list[AnyJob], out: Path) -> int:
    """Write the rows of all CPT runs to the run table; returns their number. Nothing is written (0) before a checkpoint."""
    rows = [row for job in everything if job.kind == "cpt" for row in logged_rows(job)]
    if not any(row["tokens"] > 0 for row in rows):
        return 0
    frame = validate(pd.DataFrame(rows), str(out)).frame
    write_atomically(out, lambda temporary: WRITERS[out.suffix](frame, temporary))
    return len(rows)


def repetition(everything: list[AnyJob]) -> list[str]:
    """A warning for each corpus that a base or a run went through more than once."""
    found = []
    for kind, who in (("pretrain", "a base"), ("cpt", "a run")):
        rows = [row for job in everything if job.kind == kind for row in logged_rows(job)]
        for corpus in ("general", "domain"):
            epochs = max((row[f"{corpus}_epochs"] for row in rows), default=0)
            if epochs > 1:
                found.append(
                    f"the {corpus} corpus is smaller than the tokens asked of it: {who} saw {epochs:.1f} epochs"
                )
    return found


def near_duplicates(everything: list[AnyJob]) -> list[str]:
    """A warning for each corpus of which training documents were left out as near-duplicates of held-out ones."""
    runs = [job for job in everything if isinstance(job, Job)]
    dropped = {corpus.name: corpus.near_duplicates for job in runs for corpus in job.corpora}
    return [
        f"corpus {name!r}: {count} training document{'s were' if count > 1 else ' was'} left out as "
        f"near-duplicate{'s' if count > 1 else ''} of held-out text"
        for name, count in dropped.items()
        if count
    ]
