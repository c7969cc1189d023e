"""What the values of a valid run table make doubtful: units that cannot be, and several values of what must be one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from scaling._schema import LOSSES
from scaling._sizes import LOGGED
from scaling.nearness import distinct, groups
from scaling.notes import Note, note
from scaling.stages import branch_rows, units
from scaling.units import format_count

BASES = ("base_general_loss", "base_domain_loss")
LEAST_PARAMS, LEAST_TOKENS = 1e4, 1e3  # no language model has fewer parameters, no run of one fewer tokens
MOST_NATS = 12.5  # the log of 262,144, the largest vocabularies: what a model loses that knows nothing
BASE_SPREAD = 0.005  # nats, a tenth of the usual tolerance: runs of one size have one base
MOST_SPREAD = 0.05  # nats, the usual tolerance: so much is too much whatever the standard error
_ERRORS = 3.0  # standard errors that two evaluations of one base may lie apart
FEW_LEVELS = 5  # different ends of runs; with more, rounding hides nothing
_MANY = 0.1  # of the rows: so many do not diverge
_SHOWS_PEAK = 3  # checkpoints, of which one is near the peak of the rate
_ALIKE_RATES = 0.05  # learning rates that differ by less (relative) are one: warm-up may not have ended at a checkpoint


def wrong_units(frame: pd.DataFrame) -> list[Note]:
    """Sentences on sizes, token counts and losses that no language model has."""
    trained = frame[frame["tokens"] > 0]
    return [*_wrong_counts(trained), *_wrong_losses(frame)]


def _wrong_counts(trained: pd.DataFrame) -> list[Note]:
    found = []
    sizes = trained.loc[trained["params"] < LEAST_PARAMS, "params"]
    if len(sizes):
        written = _span(sizes.min(), sizes.max())
        found.append(note("params_small", span=written))
    ends = trained.groupby("run", sort=False)["tokens"].max()
    short = ends[ends < LEAST_TOKENS]
    if len(short):
        where = "" if len(short) == len(ends) else f" in run {short.index[0]}" + (", ..." if len(short) > 1 else "")
        found.append(note("tokens_small", most=short.max(), where=where))
    if "base_tokens" in trained:
        few = trained.loc[
            (trained["base_tokens"] > 0) & (trained["base_tokens"] < trained["params"] / 1e3), "base_tokens"
        ]
        if len(few):
            found.append(note("base_tokens_small", span=_span(few.min(), few.max())))
    return found


def _wrong_losses(frame: pd.DataFrame) -> list[Note]:
    """Losses above what any vocabulary allows; of a base or of many rows they are perplexities, else of a run that diverged."""
    bases, trained = frame[frame["tokens"] == 0], frame[frame["tokens"] > 0]
    asked = [(loss, rows) for loss in LOSSES if loss in frame for rows in (trained, bases)]
    asked += [(name, frame) for name in BASES if name in frame]
    found: dict[str, Note] = {}
    for loss, rows in asked:
        values = rows[loss].dropna()
        high = values[values > MOST_NATS]
        if high.empty or loss in found:
            continue
        if rows is trained and len(high) < _MANY * len(values):
            run = rows.loc[high.index[0], "run"]
            found[loss] = note("loss_diverged", loss=loss, most=high.max(), run=run, limit=MOST_NATS)
        else:
            found[loss] = note("loss_perplexity", loss=loss, most=high.max(), limit=MOST_NATS)
    return list(found.values())


def joined_values(frame: pd.DataFrame) -> list[Note]:
    """Sentences on counts that differ by less than 1 % and count as one: on sizes, and on what runs end at where so few
    different ends are left that it decides what the table identifies."""
    trained = frame[frame["tokens"] > 0]
    ends = trained.loc[trained.groupby("run", sort=False)["tokens"].idxmax()]
    found = _joined("sizes", frame[LOGGED]) if LOGGED in frame else []
    tokens = _joined("final token counts", ends["tokens"], FEW_LEVELS)
    if "base_tokens" not in ends or not (ends["base_tokens"] > 0).all():
        return found + tokens
    bases = _joined("base_tokens", ends["base_tokens"], FEW_LEVELS)
    progress = (ends["tokens"] / ends["base_tokens"]).to_numpy()
    varies = len(set(groups(ends["tokens"]))) > 1 and len(set(groups(progress))) == 1 and distinct(progress) > 1
    share = [note("progress_joined", span=_span(progress.min(), progress.max(), 4))] if varies else []
    return [*found, *tokens, *bases, *share]


def _joined(what: str, values: pd.Series[float], most: float = np.inf) -> list[Note]:
    near = groups(values)
    parts = [own for _, own in values.groupby(near) if distinct(own) > 1]
    if not parts or near.max() >= most:
        return []
    listed = ", ".join(f"{format_count(own.min(), 6)} to {format_count(own.max(), 6)}" for own in parts[:3])
    return [note("counts_joined", what=what, listed=listed + (", ..." if len(parts) > 3 else ""))]


def several_values(frame: pd.DataFrame) -> list[Note]:
    """Sentences on what must be one value for a size or a table, and is several."""
    trained = frame[frame["tokens"] > 0]
    return [*_base_losses(frame), *_base_tokens(trained), *_schedules(trained), *_rates(trained)]


def _base_losses(frame: pd.DataFrame) -> list[Note]:
    """The bases of one size, where their losses lie further apart than evaluations of one model do."""
    found = []
    for corpus in ("general", "domain"):
        logged = f"base_{corpus}_loss"
        column = frame[frame[logged].notna()] if logged in frame else frame.iloc[:0]
        rows = base_rows(frame, corpus)
        if len(column):
            rows = pd.concat([rows, _bases(column, column[logged], np.nan)], ignore_index=True)
        if rows.empty:
            continue
        error = float(np.nan_to_num(rows["se"].max()))
        keys = ["params", "domain"] if corpus == "domain" else ["params"]
        spread = rows.groupby(keys)["loss"].agg(lambda values: values.max() - values.min())
        far = spread[spread > min(max(BASE_SPREAD, _ERRORS * error), MOST_SPREAD)]
        if far.empty:
            continue
        size = float(far.index[0][0] if corpus == "domain" else far.index[0])
        more = f", and at {len(far) - 1} more" if len(far) > 1 else ""
        found.append(note("base_losses_differ", corpus=corpus, size=size, spread=far.iloc[0], more=more))
    return found


def base_rows(frame: pd.DataFrame, corpus: str) -> pd.DataFrame:
    """Every logged loss of a base, one a row: params, loss, se (NaN where none is logged), domain ("" without the column).

    They stand at tokens 0, and for sizes that have no such row in the column base_general_loss or base_domain_loss.
    """
    loss, logged, start = f"{corpus}_loss", f"base_{corpus}_loss", frame["tokens"] == 0
    parts = []
    if loss in frame:
        own = frame[start & frame[loss].notna()]
        parts.append(_bases(own, own[loss], own.get(f"{loss}_se", np.nan)))
    if logged in frame:
        there = frame[frame[logged].notna()]
        if parts:
            there = there[~there["params"].isin(parts[0]["params"])]
        parts.append(_bases(there, there[logged], np.nan))
    return pd.concat([_bases(frame.iloc[:0], frame["params"].iloc[:0], np.nan), *parts], ignore_index=True)


def _bases(rows: pd.DataFrame, loss: pd.Series[float], error: Any) -> pd.DataFrame:
    domain = rows["domain"].fillna("").astype(str) if "domain" in rows else ""
    return pd.DataFrame({"params": rows["params"].astype(float), "loss": loss, "se": error, "domain": domain})


def _base_tokens(trained: pd.DataFrame) -> list[Note]:
    if "base_tokens" not in trained:
        return []
    logged = trained[trained["base_tokens"] > 0]
    for size, own in logged.groupby("params")["base_tokens"]:
        if groups(own).max() > 0:
            span = f"{format_count(own.min())} to {format_count(own.max())}"
            return [note("base_tokens_differ", size=float(str(size)), span=span)]
    return []


def _schedules(trained: pd.DataFrame) -> list[Note]:
    if "schedule" not in trained:
        return []
    names = sorted(trained.loc[~branch_rows(trained), "schedule"].dropna().astype(str).unique())
    if len(names) < 2:
        return []
    return [note("schedules_differ", names=", ".join(names))]


def _rates(trained: pd.DataFrame) -> list[Note]:
    """Peaks of the learning rate that differ between runs of one size; a branch has its trunk's."""
    if "learning_rate" not in trained:
        return []
    rows = trained[~branch_rows(trained) & (trained["learning_rate"] > 0)]
    run = rows.groupby(units(rows), sort=False)
    peaks = run.agg(params=("params", "first"), rate=("learning_rate", "max"))[run.size() >= _SHOWS_PEAK]
    for size, own in peaks.groupby("params")["rate"]:
        if own.max() > (1 + _ALIKE_RATES) * own.min():
            rates = ", ".join(f"{rate:.3g}" for rate in sorted(own.round(12).unique())[:4])
            return [note("rates_differ", size=float(str(size)), peaks=rates)]
    return []


def _span(low: float, high: float, digits: int = 3) -> str:
    return (
        f"{low:.{digits}g}" if f"{low:.{digits}g}" == f"{high:.{digits}g}" else f"{low:.{digits}g} to {high:.{digits}g}"
    )
