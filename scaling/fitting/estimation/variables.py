"""What a law's variables are in a run table: adding a variable is adding a line to COLUMNS."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from scaling._sizes import LOGGED
from scaling.fitting.estimation.base_tokens import progress_of
from scaling.fitting.estimation.learnability import feature
from scaling.laws.base import Array, Law
from scaling.runs import Runs, share

ALWAYS = ("params", "tokens", "share")  # those of every fit, whether its law looks at them or not
PLACE = (*ALWAYS, "progress")  # those that a place in the table gives; the others are a domain's

Column = Callable[[Runs, pd.DataFrame, str], Array]  # the table, its rows to fit (n), the corpus -> (n,)


def _plain(name: str) -> Column:
    return lambda runs, rows, corpus: rows[name].to_numpy(dtype=np.float64)


COLUMNS: dict[str, Column] = {
    # a size as it was logged: what counts as one size decides what is identified, not what is fitted
    "params": lambda runs, rows, corpus: rows[LOGGED if LOGGED in rows else "params"].to_numpy(dtype=np.float64),
    "tokens": _plain("tokens"),
    "share": lambda runs, rows, corpus: share(corpus, rows["ratio"]),
    "progress": lambda runs, rows, corpus: _progress(runs, rows),
    "k1": lambda runs, rows, corpus: feature(runs, rows, "k1"),
    "k2": lambda runs, rows, corpus: feature(runs, rows, "k2"),
}


def _progress(runs: Runs, rows: pd.DataFrame) -> Array:
    logged = rows["base_tokens"].to_numpy(dtype=np.float64) if "base_tokens" in rows else None
    params, tokens = (rows[name].to_numpy(dtype=np.float64) for name in ("params", "tokens"))
    return progress_of(runs, params, tokens, logged)


def variables(runs: Runs, rows: pd.DataFrame, corpus: str, wanted: tuple[str, ...]) -> dict[str, Array]:
    """The variables that every fit has and the wanted ones, arrays (n,) over the rows."""
    return {v: COLUMNS[v](runs, rows, corpus) for v in dict.fromkeys((*ALWAYS, *wanted))}


def tells_domains_apart(law: Law) -> bool:
    """Whether a law looks at learnability, so that one fit can hold several domains."""
    return bool({"k1", "k2"} & set(law.variables))


def others(rows: pd.DataFrame, x: dict[str, Array]) -> dict[str, dict[str, float]]:
    """What the variables that a place does not give are in each domain: domain -> variable -> value."""
    more = [v for v in x if v not in PLACE]
    if not more:
        return {}
    names = rows["domain"].fillna("").astype(str) if "domain" in rows else pd.Series("", index=rows.index)
    table = pd.DataFrame({v: x[v] for v in more}).groupby(names.to_numpy()).median()
    return {str(domain): {v: float(row[v]) for v in more} for domain, row in table.iterrows()}
