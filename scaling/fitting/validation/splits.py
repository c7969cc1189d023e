"""What to hold out of a run table: which rows are fitted and which are scored, one `Split` a question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from scaling.errors import InputError
from scaling.fitting.estimation.transient import progress as share_of_run
from scaling.laws.base import Array, Mask
from scaling.runs import Runs
from scaling.stages import units
from scaling.units import format_count

HoldOut = Literal["params", "tokens", "ratio", "run", "domain"]
HOLD_OUTS: tuple[HoldOut, ...] = ("params", "tokens", "ratio", "run", "domain")
STEPS = ((0.25, 0.5), (0.5, 1.0))  # fit up to the first share of a run's tokens, score from there to the second


@dataclass(frozen=True, eq=False)
class Split:
    """Rows of the table (n,) to fit and to score. value: the size or ratio held out (NaN for others). extrapolation:
    whether what is scored lies outside of what is fitted. bases: whether base losses of the sizes that are fitted may be
    kept, whichever run logged them; not where they are another domain's."""

    name: str
    fitted: Mask
    scored: Mask
    extrapolation: bool
    value: float = float("nan")
    bases: bool = True


def splits(runs: Runs, hold_out: str, folds: int = 5, seed: int = 0) -> list[Split]:
    """The splits of a table for one kind of hold-out. Raises InputError where the table has nothing to hold out.

    params: every size from the third on, from all smaller ones. tokens: a quarter to half of
    each run from its first quarter, the second half from the first. ratio, domain: each from all others. run: `folds`
    groups of runs, shuffled by the seed, each from the others. A trunk and its branches are one run.
    """
    if hold_out not in HOLD_OUTS:
        raise InputError(f"hold-out is {hold_out!r}, but it must be one of {', '.join(HOLD_OUTS)}")
    makers: dict[str, Callable[[], list[Split]]] = {
        "params": lambda: _sizes(runs),
        "tokens": lambda: _tokens(runs),
        "ratio": lambda: _ratios(runs),
        "run": lambda: _folds(runs, folds, seed),
        "domain": lambda: _domains(runs),
    }
    return makers[hold_out]()


def progress(frame: pd.DataFrame) -> Array:
    """Tokens as a share of the run's last checkpoint (n,); a trunk and its branches are one run."""
    return share_of_run(frame["tokens"].to_numpy(float), pd.factorize(units(frame))[0])


def _values(runs: Runs, column: str, what: str, least: int = 2) -> Array:
    """The distinct values of a column; InputError where there are fewer than what is held out and what is fitted take."""
    trained = runs.frame[runs.frame["tokens"] > 0]
    # runs in the order of the table, which no name decides
    found = units(trained).unique() if column == "run" else np.unique(trained[column])
    if len(found) < least:
        many = f"one {what}" if len(found) == 1 else f"{len(found)} {what}s"
        needed = f"; it takes {least}, one to hold out and {least - 1} to fit" if least > 2 else ""
        raise InputError(f"{runs.source}: column {column} has {many} only, so none can be held out{needed}")
    return found


def _sizes(runs: Runs) -> list[Split]:
    sizes = np.sort(_values(runs, "params", "model size", 3).astype(float))
    column = runs.frame["params"].to_numpy(float)
    return [Split(f"{format_count(n)} params", column < n, column == n, True, float(n)) for n in sizes[2:]]


def _tokens(runs: Runs) -> list[Split]:
    _values(runs, "tokens", "token count")
    share = progress(runs.frame)
    made = []
    for begin, end in STEPS:
        scored = (share > begin + 1e-9) & (share <= end + 1e-9)
        made.append(Split(f"{100 * begin:g}-{100 * end:g} %", share <= begin + 1e-9, scored, True))
    return made


def _ratios(runs: Runs) -> list[Split]:
    ratios = np.sort(_values(runs, "ratio", "ratio", 3).astype(float))
    column = runs.frame["ratio"].to_numpy(float)
    ends = (ratios[0], ratios[-1])
    return [Split(f"ratio {r:g}", column != r, column == r, bool(r in ends), float(r)) for r in ratios]


def _folds(runs: Runs, folds: int, seed: int) -> list[Split]:
    names = _values(runs, "run", "run")
    if folds < 2:
        raise InputError(f"folds is {folds}, but it must be at least 2")
    shuffled = np.random.default_rng(seed).permutation(names)
    column = units(runs.frame)
    made = []
    for k, fold in enumerate(np.array_split(shuffled, min(folds, len(names))), start=1):
        inside = column.isin(fold).to_numpy()
        made.append(Split(f"fold {k}", ~inside, inside, False))
    return made


def _domains(runs: Runs) -> list[Split]:
    if "domain" not in runs.frame:
        raise InputError(f"{runs.source}: there is no column domain, so no domain can be held out")
    column = runs.frame["domain"].fillna("").astype(str)
    if column.nunique() < 2:
        raise InputError(f"{runs.source}: column domain has one domain only, so none can be held out")
    labels = column.to_numpy()
    return [Split(f"domain {name}", labels != name, labels == name, True, bases=False) for name in sorted(set(labels))]
