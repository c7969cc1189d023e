"""CMR's token laws, one fit a run: each loss' change over the base against tokens, and where the general one turns."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scaling.arrays import Array
from scaling.fitting import fit_groups
from scaling.laws import get_law
from scaling.nearness import SAME
from scaling.notes import note
from scaling.planning.target import NotIdentified
from scaling.runs import Runs

LAWS = {"general": "cmr_token2", "domain": "cmr_token"}
NEVER = math.inf
_STEPS = 600


@dataclass(frozen=True, eq=False)
class TokenLaws:
    """The token laws of every run of a table.

    `runs` has a row a run (run, params, ratio, base_general, base_domain); `thetas` maps a corpus to parameters
    (runs, p), NaN for a run with too few checkpoints.
    """

    table: Runs
    runs: pd.DataFrame
    thetas: dict[str, Array]

    def deltas(self, corpus: str, tokens: Array) -> Array:
        """Changes over the base (runs, n) at token counts (n,), nats per token."""
        with np.errstate(invalid="ignore"):
            return np.asarray(get_law(LAWS[corpus]).value(self.thetas[corpus], {"tokens": tokens}))

    def turning(self, tokens: float, multiplier: float = NEVER) -> Array:
        """T_0 (runs,): the token count from which dF/dT <= 0 up to `tokens`, F = dL_dom + multiplier * dL_gen.

        0 where it holds from the start, infinity where it does not hold at `tokens`, NaN where it cannot be told: a run
        with fewer checkpoints than the law has parameters has no slope at its end. The default is the paper's limit of a
        large multiplier, where T_0 is the top of the general loss. Read off a grid even in log T (0.8 % steps), since only
        the sign of the slope is needed.
        """
        grid = np.geomspace(tokens / 100, tokens, _STEPS)
        path = self.deltas("general", grid)
        if math.isfinite(multiplier) and "domain" in self.thetas:
            path = path + self.deltas("domain", grid) / multiplier
        rising = np.diff(path, axis=1) > 0
        last = _STEPS - 2 - np.argmax(rising[:, ::-1], axis=1)
        turned = np.where(rising.any(axis=1), grid[last + 1], 0.0)
        told = np.isfinite(path).all(axis=1) & self._end_is_seen()
        return np.where(told, np.where(rising[:, -1], NEVER, turned), math.nan)

    def _end_is_seen(self) -> NDArray[np.bool_]:
        """Whether each run (runs,) has two checkpoints in its second half, so that it has a slope at its end."""
        rows = self.table.rows("general")
        late = rows[rows["tokens"] >= (0.5 - 1e-9) * rows.groupby("run")["tokens"].transform("max")]
        return (self.runs["run"].map(late["run"].value_counts()).fillna(0) >= 2).to_numpy(bool)

    def losses_at(self, tokens: float) -> pd.DataFrame:
        """The run table at one token count: a run's own checkpoint where it has one there, else its token law."""
        out = self.runs[["run", "params", "ratio"]].assign(tokens=tokens)
        for corpus in self.thetas:
            law = self.runs[f"base_{corpus}"].to_numpy() + self.deltas(corpus, np.array([tokens]))[:, 0]
            measured = out["run"].map(_measured(self.table, corpus, tokens)).to_numpy(dtype=np.float64)
            out[f"{corpus}_loss"] = np.where(np.isfinite(measured), measured, law)
        return out


def token_laws(runs: Runs) -> TokenLaws:
    """Fit both token laws to every run through the batched solver. Raises `NotIdentified` without base losses."""
    listed = runs.rows("general").groupby("run", as_index=False, sort=False)[["params", "ratio"]].first()
    corpora = [corpus for corpus in LAWS if corpus in runs.corpora and not runs.base(corpus).empty]
    if "general" not in corpora:
        raise NotIdentified(note("cmr_needs_base"))
    thetas = {}
    for corpus in corpora:
        base = dict(zip(*(runs.base(corpus)[name] for name in ("params", "loss")), strict=True))
        listed[f"base_{corpus}"] = listed["params"].map(base)
        fitted = fit_groups(runs, LAWS[corpus], "run", corpus).set_index("run").reindex(listed["run"])
        thetas[corpus] = fitted[list(get_law(LAWS[corpus]).names)].to_numpy(dtype=np.float64)
    return TokenLaws(runs, listed, thetas)


def _measured(runs: Runs, corpus: str, tokens: float) -> dict[str, float]:
    rows = runs.rows(corpus)
    near = rows[np.abs(np.log(rows["tokens"] / tokens)) <= math.log1p(SAME)]
    return dict(zip(near["run"], near[f"{corpus}_loss"], strict=True))
