"""What a validation found: scores by held-out group and corpus, as a table and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from scaling.arrays import Array
from scaling.fitting.engine.objective import Objective
from scaling.fitting.result import Fit
from scaling.fitting.validation.splits import Split
from scaling.laws import get_law
from scaling.notes import coded, note
from scaling.runs import CORPORA


@dataclass(frozen=True)
class Score:
    """One corpus' predictions against its losses. error: mean signed relative error, predicted over observed less 1;
    worst: the largest of them in size; mape: mean |relative error|; r2: on losses, NaN where they do not vary; huber:
    sum over rows of Huber's loss of log residuals. Shares, not per cent."""

    rows: int
    error: float
    worst: float
    mape: float
    r2: float
    huber: float

    def to_json_dict(self) -> dict[str, Any]:
        """All numbers; NaN as None."""
        return {k: None if isinstance(v, float) and not np.isfinite(v) else v for k, v in vars(self).items()}


@dataclass(frozen=True, eq=False)
class Group:
    """One hold-out: the fit without it, and its scores by corpus."""

    split: Split
    fit: Fit
    scores: Mapping[str, Score]

    def to_json_dict(self) -> dict[str, Any]:
        """held_out, what the fit to the rest was like, and the scores."""
        return {
            "held_out": self.split.name,
            "extrapolation": self.split.extrapolation,
            "fitted_rows": {name: one.rows for name, one in self.fit.corpora.items()},
            "status": {name: one.status for name, one in self.fit.corpora.items()},
            "burn_in": self.fit.burn_in,
            **{name: score.to_json_dict() for name, score in self.scores.items()},
        }


@dataclass(frozen=True, eq=False)
class Validation:
    """A law's scores on a table under one kind of hold-out. total: all scored rows together, by corpus; inside: the
    same without the groups that are extrapolation (empty where all or none are). skipped: group -> why it could not be
    fitted or predicted. rows: every scored row with columns corpus, observed, predicted (nats per token), held_out,
    inside (False where it is extrapolation), run, unit (a branch's trunk, else the run), params, tokens, ratio, indexed by
    corpus and row of the table."""

    law: str
    hold_out: str
    source: str
    groups: tuple[Group, ...]
    rows: pd.DataFrame
    total: Mapping[str, Score]
    inside: Mapping[str, Score]
    skipped: Mapping[str, str]
    warnings: tuple[str, ...]

    def to_json_dict(self) -> dict[str, Any]:
        """The object that `scaling validate --json` prints."""
        return {
            "law": self.law,
            "hold_out": self.hold_out,
            "groups": [group.to_json_dict() for group in self.groups],
            "total": {name: score.to_json_dict() for name, score in self.total.items()},
            "inside": {name: score.to_json_dict() for name, score in self.inside.items()},
            "skipped": dict(self.skipped),
            "warnings": list(self.warnings),
            "notes": coded(self.warnings),
        }

    def table(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """Heads and rows of text, a row a held-out group and corpus, the totals last; errors in per cent."""
        heads = ("held out", "corpus", "rows", "error", "worst", "MAPE", "R2", "Huber")
        parts = [(g.split.name + (" *" if self._marked(g) else ""), g.scores) for g in self.groups]
        if self.inside:
            parts.append(("all but *", self.inside))
        parts.append(("all", self.total))
        return heads, [_row(name, corpus, score) for name, scores in parts for corpus, score in scores.items()]

    def _marked(self, group: Group) -> bool:
        return group.split.extrapolation and bool(self.inside)

    def summary(self) -> str:
        """The table and the notes as plain text."""
        heads, rows = self.table()
        widths = [max(len(row[j]) for row in (heads, *rows)) for j in range(len(heads))]
        lines = [f"{get_law(self.law).title} on {self.source}, held out: {self.hold_out} (errors in %)"]
        for row in (heads, *rows):
            cells = [c.ljust(w) if j < 2 else c.rjust(w) for j, (c, w) in enumerate(zip(row, widths, strict=True))]
            lines.append("  " + "  ".join(cells))
        return "\n".join([*lines, *(f"  ! {note}" for note in self.notes)])

    @property
    def notes(self) -> tuple[str, ...]:
        """Warnings, and what was skipped."""
        return (*self.warnings, *(note("not_scored", name=name, why=why) for name, why in self.skipped.items()))


def score(observed: Array, predicted: Array) -> Score:
    """The score of predictions (n,) of losses (n,), nats per token."""
    relative = predicted / observed - 1
    objective, residual = Objective(), np.log(predicted / observed)
    spread = float(((observed - observed.mean()) ** 2).sum())
    return Score(
        rows=len(observed),
        error=float(relative.mean()),
        worst=float(relative[np.argmax(np.abs(relative))]),
        mape=float(np.abs(relative).mean()),
        r2=1 - float(((predicted - observed) ** 2).sum()) / spread if spread > 0 else float("nan"),
        huber=float(objective.total(residual, objective.influence(residual))),
    )


def scores_by_corpus(rows: pd.DataFrame) -> dict[str, Score]:
    """The score of each corpus in rows with columns corpus, observed, predicted."""
    parts = {corpus: rows[rows["corpus"] == corpus] for corpus in CORPORA}
    return {c: score(p["observed"].to_numpy(float), p["predicted"].to_numpy(float)) for c, p in parts.items() if len(p)}


def _row(name: str, corpus: str, score: Score) -> tuple[str, ...]:
    shares = [f"{100 * v:+.2f}" for v in (score.error, score.worst)]
    r2 = "-" if np.isnan(score.r2) else f"{score.r2:.4f}" if score.r2 > -1 else f"{score.r2:.3g}"
    return (name, corpus, str(score.rows), *shares, f"{100 * score.mape:.2f}", r2, f"{score.huber:.2g}")
