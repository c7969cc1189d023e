"""The fit of a law to one corpus: immutable, predicts, and knows what it cannot answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from scaling.errors import InputError
from scaling.fitting.estimation.base_tokens import BaseTokens
from scaling.fitting.intervals.interval import Estimate, interval
from scaling.laws import get_law
from scaling.laws.base import Array
from scaling.nearness import SAME
from scaling.units import finite_or_none

Status = Literal["ok", "warning", "not_identified"]
_LABELS = {"params": "model size", "tokens": "token count", "ratio": "ratio"}


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

    law: str
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

    def curve(
        self,
        params: npt.ArrayLike,
        tokens: npt.ArrayLike,
        ratio: npt.ArrayLike,
        draws: bool = False,
        base_tokens: npt.ArrayLike | None = None,
    ) -> Array:
        """What the law gives (losses, or changes of them) at inputs that broadcast to a shape S: an array of shape S, or
        (B, *S) with `draws`. base_tokens: of the bases, by default what the table says of that size.

        Raises InputError for a place along a dimension that the table does not have.
        """
        where = {"params": params, "tokens": tokens, "ratio": ratio}
        arrays = dict(zip(where, np.broadcast_arrays(*(np.asarray(v, float) for v in where.values())), strict=True))
        self._check(arrays)
        share = arrays["ratio"] if self.corpus == "domain" else 1.0 - arrays["ratio"]
        shape = share.shape
        seen = None if base_tokens is None else np.broadcast_to(np.asarray(base_tokens, float), shape).ravel()
        x = self.variables(arrays["params"].ravel(), arrays["tokens"].ravel(), share.ravel(), seen)
        theta = self.draws if draws else self.theta
        values = get_law(self.law).value(theta, x)
        return np.asarray(values.reshape((*theta.shape[:-1], *shape)))

    def variables(
        self, params: Array, tokens: Array, share: Array, base_tokens: Array | None = None
    ) -> dict[str, Array]:
        """The law's variables (n,) at places (n,) of the table or beyond it.

        Raises InputError for a fit of several domains of which none was chosen, and for base tokens where the table has
        none to compare them with.
        """
        x = {"params": params, "tokens": tokens, "share": share, **self.elsewhere(share.shape)}
        if "progress" in get_law(self.law).variables:
            assert self.base_tokens is not None
            if base_tokens is not None and not self.base_tokens.known:
                raise InputError("the table does not say how long every base was trained, so base tokens have no use")
            x["progress"] = tokens / (self.base_tokens.at(params) if base_tokens is None else base_tokens)
        return x

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
            spread = spread * np.exp(noise) if get_law(self.law).target == "loss" else spread + noise
        elif kind != "mean":
            raise ValueError(f"kind is {kind!r}, but it must be 'mean' or 'prediction'")
        return interval(value, spread, self.level)

    def _check(self, where: Mapping[str, Array]) -> None:
        for name, low, high in (("params", 0, np.inf), ("tokens", 0, np.inf), ("ratio", 0, 1)):
            outside = ~((where[name] >= low) & (where[name] <= high))
            if outside.any() or (name != "ratio" and (where[name] == 0).any()):
                must = "between 0 and 1" if name == "ratio" else "above 0"
                raise InputError(f"{name} must be {must} to predict a loss")
        for name, only in self.held.items():
            slack = 1e-6 if name == "ratio" else SAME * abs(only)
            far = np.abs(where[name] - only) > slack
            if far.any():
                asked, label = float(where[name][far].flat[0]), _LABELS[name]
                raise InputError(
                    f"the {self.corpus} loss was fitted at one {label} ({name} = {only:g}), so it cannot be predicted"
                    f" at {name} = {asked:g}; a table with runs at three or more {label}s would tell"
                )

    def elsewhere(self, shape: tuple[int, ...]) -> dict[str, Array]:
        """The law's variables beyond size, tokens and share, as arrays of that shape.

        Raises InputError for a fit of several domains, of which none was chosen.
        """
        if len(self.others) > 1:
            there = ", ".join(self.others)
            raise InputError(f"the law {self.law} was fitted to several domains ({there}); say for which to predict")
        return {v: np.full(shape, value) for one in self.others.values() for v, value in one.items()}

    def summary(self) -> str:
        """A text table of the fit, to be pasted into a report."""
        from scaling.fitting.summary import corpus_summary

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
            "dropped": dict(self.dropped),
            "held": dict(self.held),
        }
