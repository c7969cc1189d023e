"""The fit of a law to one corpus: immutable, predicts, and knows what it cannot answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from scaling.arrays import Array
from scaling.corpora import share
from scaling.errors import InputError
from scaling.fitting.estimation.base_tokens import BaseTokens
from scaling.fitting.intervals.interval import Estimate, interval
from scaling.fitting.known import elsewhere
from scaling.laws import Law, TermLaw
from scaling.notes import coded
from scaling.show.text import corpus_summary
from scaling.units import finite_or_none

Status = Literal["ok", "warning", "not_identified"]


@dataclass(frozen=True, eq=False)
class CorpusFit:
    """A law fitted to one corpus' losses.

    parameters: the free ones, natural units. theta (p,): all parameters in the law's order; dropped terms hold the
    neutral value. draws (B, p): resampled fits, paired by index between corpora. dropped: parameter -> why the table
    does not identify it. held: variable -> the only value the table has. ranges: params, tokens, ratio as fitted;
    ratios: every ratio that was trained; misses: by how much the law misses the last checkpoints of its runs, root mean
    square in nats, NaN where none is left. base_tokens: what the bases saw (None where a fit was made by hand). others:
    domain -> values of the law's variables beyond size, tokens and share (a prediction needs them of one domain, see
    `Fit.at`). huber: sum over rows of Huber's loss of log residuals (delta
    as given to the fit). r2: on losses. mape: mean |relative error|, a fraction. residual_sd: standard deviation of log
    residuals, corrected for the free parameters (of plain residuals where the law gives differences).
    """

    law: Law
    corpus: str
    parameters: Mapping[str, Estimate[float]]
    theta: Array
    draws: Array
    dropped: Mapping[str, str]
    held: Mapping[str, float]
    ranges: Mapping[str, tuple[float, float]]
    rows: int
    runs: int
    huber: float
    r2: float
    mape: float
    residual_sd: float
    level: float
    status: Status = "ok"
    warnings: tuple[str, ...] = ()
    ratios: tuple[float, ...] = ()
    others: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    base_tokens: BaseTokens | None = None
    misses: tuple[float, ...] = ()

    @property
    def looks_at_base(self) -> bool:
        """Whether the fit makes a difference of what the base saw."""
        terms = self.law.terms if isinstance(self.law, TermLaw) else ()
        return any("progress" in term.variables and term.coefficient not in self.dropped for term in terms)

    @property
    def thetas(self) -> Array:
        """Parameters (B, p), B = 1 + draws: those of the fit first."""
        return np.concatenate([self.theta[None, :], self.draws])

    def values(
        self,
        params: npt.ArrayLike,
        tokens: npt.ArrayLike,
        ratio: npt.ArrayLike,
        *,
        base_tokens: npt.ArrayLike | None = None,
        thetas: Array | None = None,
    ) -> Array:
        """What the law gives (losses, or changes of them) in the fit and in its draws: (B, n), the fit first.

        Places broadcast to (n,) or (B, n), so that each draw may be asked at another place. base_tokens: of the bases, by
        default what the table says of that size. thetas (K, p): others than the fit's. Nothing is refused (`unknown` says
        where a fit does not know), and a law may be infinite at share 0: no tolerance reaches it, and it is never the least.
        """
        x = self._variables(params, tokens, ratio, base_tokens)
        return np.asarray(self.law.value(self.thetas if thetas is None else thetas, x))

    def gradient(
        self,
        thetas: Array,
        params: npt.ArrayLike,
        tokens: npt.ArrayLike,
        ratio: npt.ArrayLike,
        base_tokens: npt.ArrayLike | None = None,
    ) -> Array:
        """Derivatives (K, p, n) of what the law gives to its parameters, at thetas (K, p) and places as in `values`."""
        return np.asarray(self.law.gradient(thetas, self._variables(params, tokens, ratio, base_tokens)))

    def curve(
        self,
        params: npt.ArrayLike,
        tokens: npt.ArrayLike,
        ratio: npt.ArrayLike,
        draws: bool = False,
        base_tokens: npt.ArrayLike | None = None,
    ) -> Array:
        """What the law gives (losses, or changes of them) at inputs that broadcast to a shape S: an array of shape S, or
        (B - 1, *S) of the draws.

        Raises InputError for a place along a dimension that the table does not have.
        """
        places = np.broadcast_arrays(*(np.asarray(value, float) for value in (params, tokens, ratio)))
        self._check(dict(zip(("params", "tokens", "ratio"), places, strict=True)))
        shape = places[0].shape
        seen = None if base_tokens is None else np.broadcast_to(np.asarray(base_tokens, float), shape).ravel()
        thetas = self.draws if draws else self.theta[None, :]
        values = self.values(*(place.ravel() for place in places), base_tokens=seen, thetas=thetas)
        return values.reshape((len(values), *shape)) if draws else values.reshape(shape)

    def _variables(
        self, params: npt.ArrayLike, tokens: npt.ArrayLike, ratio: npt.ArrayLike, base_tokens: npt.ArrayLike | None
    ) -> dict[str, Array]:
        """The law's variables at places; InputError for several domains of which none was chosen, and for base tokens where
        the table has none to compare them with."""
        size, count, r = np.broadcast_arrays(*(np.asarray(value, float) for value in (params, tokens, ratio)))
        others = {name: np.full(r.shape, value) for name, value in self.other_values().items()}
        x = {"params": size, "tokens": count, "share": share(self.corpus, r), **others}
        if "progress" in self.law.variables:
            assert self.base_tokens is not None
            if base_tokens is not None and not self.base_tokens.known:
                raise InputError(
                    "the table does not say how long every base was trained, so base tokens cannot be used"
                )
            x["progress"] = count / (
                self.base_tokens.at(size) if base_tokens is None else np.asarray(base_tokens, float)
            )
        return x

    def estimate(self, params: float, tokens: float, ratio: float, level: float) -> Estimate[float]:
        """What the law gives at one place with its interval at a level; nothing is refused."""
        values = self.values(params, tokens, np.array([ratio]))[:, 0]
        return interval(values[0], values[1:], level)

    def predict(
        self,
        params: npt.ArrayLike,
        tokens: npt.ArrayLike,
        ratio: npt.ArrayLike,
        kind: Literal["mean", "prediction"] = "mean",
    ) -> Estimate[Any]:
        """The loss at params, tokens, ratio with its interval: floats for single numbers, else arrays of the broadcast
        shape.

        kind: "mean" is the interval of the law's curve (what many runs would average to), "prediction" that of one new
        run, which adds the residual noise.
        """
        value = self.curve(params, tokens, ratio)
        spread = self.curve(params, tokens, ratio, draws=True)
        if kind == "prediction":
            noise = np.random.default_rng(0).normal(0.0, self.residual_sd, size=(len(spread),))
            noise = noise.reshape(-1, *([1] * value.ndim))
            spread = spread * np.exp(noise) if self.law.target == "loss" else spread + noise
        elif kind != "mean":
            raise ValueError(f"kind is {kind!r}, but it must be 'mean' or 'prediction'")
        return interval(value, spread, self.level)

    def _check(self, where: Mapping[str, Array]) -> None:
        for name, low, high in (("params", 0, np.inf), ("tokens", 0, np.inf), ("ratio", 0, 1)):
            outside = ~((where[name] >= low) & (where[name] <= high))
            if outside.any() or (name != "ratio" and (where[name] == 0).any()):
                must = "between 0 and 1" if name == "ratio" else "above 0"
                raise InputError(f"{name} must be {must} to predict a loss")
        if why := elsewhere(self, **where):
            raise InputError(f"the {self.corpus} loss cannot be predicted there: {why}")

    def other_values(self) -> dict[str, float]:
        """The law's variables beyond size, tokens and share.

        Raises InputError for a fit of several domains, of which none was chosen.
        """
        if len(self.others) > 1:
            there = ", ".join(self.others)
            raise InputError(f"the law {self.law} was fitted to several domains ({there}); say for which to predict")
        return {v: value for one in self.others.values() for v, value in one.items()}

    def summary(self) -> str:
        """A text table of the fit, to be pasted into a report."""
        return corpus_summary(self)

    def to_json_dict(self) -> dict[str, Any]:
        """The contract's object for one corpus."""
        return {
            "parameters": {name: e.to_json_dict() for name, e in self.parameters.items()},
            "rows": self.rows,
            "runs": self.runs,
            "huber": self.huber,
            "r2": finite_or_none(self.r2),
            "mape": self.mape,
            "status": self.status,
            "warnings": list(self.warnings),
            "notes": coded(self.warnings),
            "dropped": dict(self.dropped),
            "held": dict(self.held),
        }
