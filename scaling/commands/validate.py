"""`scaling validate`: how well a law predicts what it was not fitted to."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tyro.conf import OmitArgPrefixes, Positional

from scaling.commands.options import (
    AUTO,
    LawOption,
    Objective,
    StageOption,
    looks_at_domains,
    print_json,
    print_notes,
    print_table,
    read_runs,
)
from scaling.errors import InputError
from scaling.units import format_count

if TYPE_CHECKING:
    from scaling.planning.measured import CriticalError


@dataclass(frozen=True)
class Validate:
    """Fit a law to parts of a run table and score it on the rest."""

    runs: Positional[Path]
    """The run table: .csv, .tsv, .jsonl or .parquet."""
    law: LawOption = AUTO
    hold_out: Literal["params", "tokens", "ratio", "run", "domain"] = "params"
    """params: fit the smaller sizes, score the next. tokens: the earlier, the later. ratio, domain: leave one out. run:
    folds of runs."""
    folds: int = 5
    """Number of folds, with --hold-out run."""
    tolerance: float = 0.05
    """With --hold-out params the critical ratio is checked too: the rise of the general loss that is allowed."""
    relative: bool = False
    """The tolerance is a share of the base loss: 0.03 allows 3 %."""
    domain: str | None = None
    """Only the rows with this value in the column domain."""
    stage: StageOption = "auto"
    burn_in: float | None = None
    """Share of each run's tokens to leave out at its beginning, in fitting and in scoring."""
    draws: int = 0
    """Number of resampled fits, for an interval of the critical ratio."""
    seed: int = 0
    """Seed of the folds and the resampling."""
    resample: Literal["runs", "wild", "sandwich"] = "runs"
    """How intervals are made, as in `scaling fit`."""
    objective: OmitArgPrefixes[Objective] = field(default_factory=Objective)
    json: bool = False
    """Print one JSON object instead of text."""

    def __call__(self) -> None:
        """Fit, score, print."""
        from scaling.fitting.validation import validate_law
        from scaling.planning.measured import critical_ratio_errors

        if not self.tolerance >= 0:
            raise InputError(f"tolerance must not be negative, and is {self.tolerance:g}")
        runs = read_runs(self.runs, self.domain, self.stage)
        names = ("folds", "burn_in", "draws", "seed", "resample")
        options = {name: getattr(self, name) for name in names}
        found = validate_law(runs, self.law, self.hold_out, **options, **self.objective.options())
        critical = critical_ratio_errors(found, runs, self.tolerance, relative=self.relative)
        if self.json:
            print_json({**found.to_json_dict(), "critical_ratio": [one.to_json_dict() for one in critical]})
            return
        heads, rows = found.table()
        print_table(f"{found.source}: {found.law}, held out: {found.hold_out} (errors in %)", heads, rows)
        if critical:
            _print_critical(critical)
        several = [] if looks_at_domains(found.law) else list(runs.warnings)
        print_notes(dict.fromkeys([*found.notes, *several]))


def _print_critical(critical: list[CriticalError]) -> None:
    heads = ("held out", "tokens", "predicted", "interval", "own base", "measured", "error")
    rows = []
    for one in critical:
        predicted = f"{one.predicted:.3f}" if math.isfinite(one.predicted) else one.status
        interval = f"{one.low:.2f}-{one.high:.2f}" if math.isfinite(one.low) else "-"
        others = [f"{v:.3f}" if math.isfinite(v) else "-" for v in (one.given_base, one.measured)]
        error = f"{one.error:+.3f}" if math.isfinite(one.error) else "-"
        rows.append(
            (f"{format_count(one.params)} params", format_count(one.tokens), predicted, interval, *others, error)
        )
    print_table("critical ratio from the smaller sizes (own base: given the base loss)", heads, rows)
