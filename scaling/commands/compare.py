"""`scaling compare`: every law that a table can feed, scored on what it was not fitted to."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tyro.conf import OmitArgPrefixes, Positional

from scaling.commands.options import Objective, StageOption, print_json, print_notes, print_table, read_runs
from scaling.commands.progress import watched
from scaling.errors import InputError
from scaling.notes import Note, note
from scaling.units import format_count

if TYPE_CHECKING:
    from scaling.fitting.validation import Comparison, Placing
    from scaling.planning.measured import CriticalError


@dataclass(frozen=True)
class Compare:
    """Score every law that a run table can feed on what it was not fitted to."""

    runs: Positional[Path]
    """The run table: .csv, .tsv, .jsonl or .parquet."""
    laws: tuple[str, ...] = ()
    """Which laws; by default all that use every variable in which the runs differ."""
    hold_outs: tuple[Literal["params", "tokens", "ratio", "run", "domain"], ...] = ("params", "tokens", "ratio")
    """params: fit the smaller sizes, score the next. tokens: the earlier, the later. ratio, domain: leave one out. run:
    folds of runs."""
    folds: int = 5
    """Number of folds of the hold-out run."""
    tolerance: float = 0.05
    """For the critical ratio of held-out sizes: the rise of the general loss that is allowed."""
    relative: bool = False
    """The tolerance is a share of the base loss: 0.03 allows 3 %."""
    domain: str | None = None
    """Only the rows with this value in the column domain."""
    stage: StageOption = "auto"
    burn_in: float | None = None
    """Share of each run's tokens to leave out at its beginning, the same for all laws."""
    seed: int = 0
    """Seed of the folds."""
    objective: OmitArgPrefixes[Objective] = field(default_factory=Objective)
    json: bool = False
    """Print one JSON object instead of text."""

    def __call__(self) -> None:
        """Fit, score, print."""
        from scaling.fitting.validation import compare_laws
        from scaling.planning.measured import critical_ratio_errors

        if not self.tolerance >= 0:
            raise InputError(f"tolerance must not be negative, and is {self.tolerance:g}")
        runs = read_runs(self.runs, self.domain, self.stage)
        options = {"burn_in": self.burn_in, "folds": self.folds, "seed": self.seed, **self.objective.options()}
        with watched("comparing laws") as watch:
            found = compare_laws(runs, self.laws or None, self.hold_outs, watch=watch, **options)
        critical = {
            law: critical_ratio_errors(one, runs, self.tolerance, relative=self.relative)
            for (law, hold_out), one in found.validations.items()
            if hold_out == "params"
        }
        if self.json:
            answers = {law: [one.to_json_dict() for one in errors] for law, errors in critical.items()}
            print_json({**found.to_json_dict(), "critical_ratio": answers})
            return
        _print(found, critical)


def _print(found: Comparison, critical: dict[str, list[CriticalError]]) -> None:
    names = list(dict.fromkeys(name for places in found.placings.values() for name in places))
    corpora = " / ".join(dict.fromkeys(c for v in found.validations.values() for c in v.total))
    measured = _measured(critical)
    rows = [
        [law, *(_cell(places.get(name)) for name in names), *([_predicted(critical.get(law, []))] if measured else [])]
        for law, places in found.placings.items()
    ]
    title = f"{found.source}: mean |error| of held-out losses in %, {corpora} (* best, ~ as good within 2 se)"
    print_table(title, ["law", *names, *([measured] if measured else [])], rows)
    print(f"burn-in {found.burn_in:.3g}; ranked by the mean over hold-outs; ratios at an end of the range do not count")
    print_notes([*found.warnings, *_left_out(found)])


def _cell(placing: Placing | None) -> str:
    if placing is None:
        return "-"
    known = math.isfinite(placing.behind_se)  # not with a single run
    mark = "*" if known and placing.behind == 0 else "~" if placing.tie else " "
    return " / ".join(f"{100 * one.mape:.2f}" for one in placing.scores.values()) + f" {mark}"


def _measured(critical: dict[str, list[CriticalError]]) -> str:
    """The head of the column of critical ratios: what was measured at the largest size held out."""
    last = _last([one for errors in critical.values() for one in errors])
    return f"critical ratio, {last.measured:.3f} at {format_count(last.params)}" if last else ""


def _predicted(errors: list[CriticalError]) -> str:
    last = _last(errors)
    return "-" if last is None else f"{last.predicted:.3f}" if math.isfinite(last.predicted) else last.status


def _last(errors: list[CriticalError]) -> CriticalError | None:
    """The largest held-out size at which there is a measured critical ratio."""
    return max((one for one in errors if math.isfinite(one.measured)), key=lambda one: one.params, default=None)


def _left_out(found: Comparison) -> list[Note]:
    reasons = dict.fromkeys(found.left_out.values())
    grouped = {why: ", ".join(n for n, w in found.left_out.items() if w == why) for why in reasons}
    return [note("not_compared", names=names, why=why) for why, names in grouped.items()]
