"""The fit of a law to a run table as a result: immutable, predicts, saves and prints itself."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from scaling.arrays import Array
from scaling.errors import InputError
from scaling.fitting.base_losses import BaseLosses
from scaling.fitting.corpus_fit import CorpusFit
from scaling.fitting.intervals.interval import Estimate
from scaling.laws import Law
from scaling.notes import coded
from scaling.show.text import fit_summary


def _placed(one: CorpusFit, domain: str | None, values: Mapping[str, float]) -> CorpusFit:
    if values:
        wanted = sorted({v for there in one.others.values() for v in there})
        if sorted(values) != wanted:
            needed = ", ".join(wanted) or "nothing"
            raise InputError(f"beside size, tokens and ratio the law {one.law} looks at {needed}")
        if len(one.others) == 1:
            only = f" ({next(iter(one.others))})" if next(iter(one.others)) else ""
            raise InputError(f"the fit is for one domain{only}, so it cannot predict another one")
        return replace(one, others={domain or "": dict(values)})
    if domain is None or domain not in one.others:
        there = ", ".join(one.others) or "none by name"
        raise InputError(f"the fit has no domain {domain!r}; it has {there}")
    return replace(one, others={domain: one.others[domain]})


@dataclass(frozen=True)
class Provenance:
    """Where a fit comes from: table, number of its rows, its hash, and the version that fitted it."""

    source: str
    rows: int
    sha256: str
    version: str


@dataclass(frozen=True, eq=False)
class Fit:
    """A law fitted to a run table, one CorpusFit a corpus. base: corpus -> its base losses, one
    per model size.

    burn_in: the share of each run's token budget that was left out at its beginning. objective: what was minimised, in
    words. resampling: where the intervals come from, in words.
    """

    law: Law
    general: CorpusFit | None
    domain: CorpusFit | None
    base: Mapping[str, BaseLosses]
    burn_in: float
    level: float
    provenance: Provenance
    warnings: tuple[str, ...] = field(default=())
    objective: str = ""
    resampling: str = ""

    @property
    def corpora(self) -> dict[str, CorpusFit]:
        """The corpora that were fitted."""
        both = {"general": self.general, "domain": self.domain}
        return {name: fit for name, fit in both.items() if fit is not None}

    def predict(
        self,
        params: npt.ArrayLike,
        tokens: npt.ArrayLike,
        ratio: npt.ArrayLike,
        kind: Literal["mean", "prediction"] = "mean",
    ) -> dict[str, Estimate[Any]]:
        """{"general_loss": Estimate, "domain_loss": Estimate}, of the corpora that were fitted.

        A law of differences needs the base loss of that size, to which it adds; InputError where the table has none.

        >>> import scaling
        >>> fit = scaling.fit(scaling.load_runs("data/runs/prose-code.parquet"), law="forgetting", draws=50)
        >>> found = fit.predict(params=2.66e6, tokens=262144, ratio=0.25)
        >>> {name: round(one.value, 2) for name, one in found.items()}
        {'general_loss': 3.57, 'domain_loss': 3.77}
        >>> mean = fit.predict_corpus("general", 2.66e6, 262144, [0.1, 0.5])
        >>> one_run = fit.predict_corpus("general", 2.66e6, 262144, [0.1, 0.5], kind="prediction")
        >>> mean.value.round(1), bool((one_run.high - one_run.low > mean.high - mean.low).all())
        (array([3.5, 3.6]), True)
        """
        return {f"{name}_loss": self.predict_corpus(name, params, tokens, ratio, kind) for name in self.corpora}

    def predict_corpus(
        self,
        corpus: str,
        params: npt.ArrayLike,
        tokens: npt.ArrayLike,
        ratio: npt.ArrayLike,
        kind: Literal["mean", "prediction"] = "mean",
    ) -> Estimate[Any]:
        """The loss of one corpus that was fitted; see `predict`."""
        one = self.corpora[corpus]
        found = one.predict(params, tokens, ratio, kind)
        if one.law.target == "loss":
            return found
        shape = np.broadcast_shapes(*(np.shape(v) for v in (params, tokens, ratio)))
        return found.shifted(self._base_losses(corpus, np.broadcast_to(np.asarray(params, float), shape)))

    def base_losses(self, corpus: str) -> BaseLosses:
        """The base losses of a corpus; none where the table has none."""
        return self.base.get(corpus, BaseLosses())

    def added_to(self, corpus: str, params: float) -> float:
        """What a law's values are added to for the loss of a size: 0 for a law of losses, the base loss for one of
        differences, NaN where the table has none at that size; nats per token."""
        if self.corpora[corpus].law.target == "loss":
            return 0.0
        base = self.base_losses(corpus).at(params)
        return math.nan if base is None else base

    def _base_losses(self, corpus: str, sizes: Array) -> Any:
        """The base losses at sizes of any shape; a number for one size."""
        known = {}
        for size in np.unique(sizes):
            known[size] = self.base_losses(corpus).at(size)
            if known[size] is None:
                raise InputError(
                    f"the law {self.corpora[corpus].law} gives changes of the loss, and the table has no base {corpus} loss"
                    f" (a row with tokens = 0) at params = {size:g} to add them to"
                )
        losses = np.vectorize(known.__getitem__, otypes=[float])(sizes)
        return float(losses) if losses.ndim == 0 else losses

    def at(self, domain: str | None = None, **values: float) -> Fit:
        """The fit for one of its domains, or for values of the law's variables beyond size, tokens and share (k1=...,
        k2=... of a domain that was not fitted; `scaling.fitting.estimation.learnability` computes them).

        Raises InputError for a domain that was not fitted, or for values that the law does not look at or lacks.
        """
        placed = {name: _placed(one, domain, values) for name, one in self.corpora.items()}
        return replace(self, general=placed.get("general"), domain=placed.get("domain"))

    def summary(self) -> str:
        """A text table of the fit, to be pasted into a report.

        >>> import scaling
        >>> fit = scaling.fit(scaling.load_runs("data/runs/prose-code.parquet"), law="forgetting", draws=0)
        >>> print(fit.summary())
        Forgetting law fitted to prose-code.parquet (350 rows)
        ...
        general loss: dL = h + g * (-log(1 + D/D0)) + C * D^delta * log((D + m) / (r * D + m)) / N^kappa
          r is the share of the general corpus
          140 rows in 35 runs, status ok
        ...
        """
        return fit_summary(self)

    def _repr_html_(self) -> str:
        from scaling.show.html import fit_html

        return fit_html(self)

    def to_json_dict(self) -> dict[str, Any]:
        """The object that `scaling fit --json` prints."""
        return {
            "law": self.law.name,
            "general": None if self.general is None else self.general.to_json_dict(),
            "domain": None if self.domain is None else self.domain.to_json_dict(),
            "burn_in": self.burn_in,
            "objective": self.objective,
            "resampling": self.resampling,
            "level": self.level,
            "warnings": list(self.warnings),
            "notes": coded(self.warnings),
        }

    def save(self, path: str | Path) -> None:
        """Write fit.json atomically: everything that predictions and plans need, draws included."""
        from scaling.fitting.written import save_fit

        save_fit(self, path)
