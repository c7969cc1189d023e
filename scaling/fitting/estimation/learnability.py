"""How well each domain can be learned, read off a run table: the features k1 and k2 of the Cross-Domain D-CPT law.

k1 is the domain loss before training, k2 how far it has fallen by an early token count that is the same for all
domains: the third evaluation of the run that has it first. Both are in nats per token. Domains are compared like with
like: only at the (params, ratio) that all of them have, each counting once; a short run is enough for a new domain.

Source: Que et al. 2024, arXiv 2406.01375, Cross-Domain D-CPT Law. The paper's k2 is the rate of that fall; at one token
count for all domains the two differ by a constant that the law's coefficients take up.
"""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np
import pandas as pd

from scaling.errors import InputError
from scaling.runs import Runs
from scaling.stages import units

EVALUATIONS = 3
FEATURES = ("k1", "k2")


def learnability(runs: Runs) -> pd.DataFrame:
    """One row a domain: columns domain, k1, k2 (nats per token), tokens (where k2 was read).

    A table without a column domain is one domain, called "". Raises InputError without a domain loss before training,
    or where the domains have no (params, ratio) in common.
    """
    frame = _labelled(runs)
    starts = _starts(frame, runs.source)
    early = frame[(frame["tokens"] > 0) & (frame["ratio"] > 0)]
    keys = _common(early, runs.source)
    early = early.merge(keys, on=["params", "ratio"])
    until = min(rows["tokens"].nsmallest(EVALUATIONS).max() for _, rows in early.groupby(["domain", units(early)]))
    records = []
    for key, rows in early.groupby(["domain", "params", "ratio", units(early)]):
        domain, params, ratio, _run = cast("tuple[str, float, float, str]", key)
        start = starts[domain, params]
        tokens, losses = np.append(0.0, rows["tokens"]), np.append(start, rows["domain_loss"])
        records.append((domain, params, ratio, start, start - float(np.interp(until, tokens, losses))))
    table = pd.DataFrame(records, columns=["domain", "params", "ratio", *FEATURES])
    each = table.groupby(["domain", "params", "ratio"]).mean().groupby("domain").mean()
    return each.assign(tokens=float(until)).reset_index()


def with_learnability(runs: Runs) -> Runs:
    """The table with its features as columns k1 and k2, so that parts of it are read on one scale; columns of these
    names that are there already are kept."""
    if set(FEATURES) <= set(runs.frame):
        return runs
    found = learnability(runs).set_index("domain")
    labels = _labels(runs.frame)
    columns = {name: labels.map(found[name]).to_numpy(dtype=np.float64) for name in FEATURES}
    return replace(runs, frame=runs.frame.assign(**columns))


def feature(runs: Runs, rows: pd.DataFrame, name: str) -> np.ndarray:
    """k1 or k2 (n,) of some rows of the table. Raises InputError for values that are not above 0."""
    if name in rows:
        values = pd.to_numeric(rows[name], errors="coerce").to_numpy(dtype=np.float64)
    else:
        found = learnability(runs).set_index("domain")[name]
        values = _labels(rows).map(found).to_numpy(dtype=np.float64)
    bad = np.flatnonzero(~(np.isfinite(values) & (values > 0)))
    if bad.size:
        domain = _labels(rows).iloc[bad[0]] or "the table"
        why = "its loss does not fall over the first evaluations" if name == "k2" else "that is no loss"
        raise InputError(
            f"{runs.source}: the learnability {name} of {domain} is {values[bad[0]]:g}, not above 0: {why}"
        )
    return values


def _labels(frame: pd.DataFrame) -> pd.Series[str]:
    if "domain" not in frame:
        return pd.Series("", index=frame.index)
    return frame["domain"].fillna("").astype(str)


def _labelled(runs: Runs) -> pd.DataFrame:
    """The rows with a domain loss, their domain as text."""
    if "domain_loss" not in runs.frame or runs.frame["domain_loss"].isna().all():
        raise InputError(f"{runs.source}: there is no domain_loss, from which learnability is read")
    frame = runs.frame[runs.frame["domain_loss"].notna()]
    return frame.assign(domain=_labels(frame)).sort_values(["domain", "tokens", "run"])


def _starts(frame: pd.DataFrame, source: str) -> dict[tuple[str, float], float]:
    """The domain loss before training by (domain, params)."""
    rows = frame[frame["tokens"] == 0]
    column = "domain_loss"
    if rows.empty and "base_domain_loss" in frame:
        rows, column = frame, "base_domain_loss"
    means = rows.groupby(["domain", "params"], as_index=False)[column].mean()
    found = dict(zip(zip(means["domain"], means["params"], strict=True), means[column], strict=True))
    trained = frame[frame["tokens"] > 0]
    for domain, params in zip(trained["domain"], trained["params"], strict=True):
        if (domain, params) not in found:
            of = f" of {domain}" if domain else ""
            raise InputError(
                f"{source}: learnability needs the domain loss{of} at tokens 0, at params = {params:g} too"
            )
    return found


def _common(early: pd.DataFrame, source: str) -> pd.DataFrame:
    """The (params, ratio) that every domain has."""
    pairs = early[["domain", "params", "ratio"]].drop_duplicates()
    counts = pairs.groupby(["params", "ratio"]).size()
    keys = counts[counts == pairs["domain"].nunique()].reset_index()[["params", "ratio"]]
    if keys.empty:
        raise InputError(
            f"{source}: the domains have no runs of one size and ratio, so their learnability cannot be compared"
        )
    return keys
