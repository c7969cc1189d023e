"""What a plan with limited domain data is asked, and its answer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from scaling.errors import InputError
from scaling.fitting import Estimate
from scaling.planning.question import Question
from scaling.planning.text import brackets, extrapolation_text, span
from scaling.planning.uses.repetition import worth
from scaling.units import finite_or_none, format_count

Array = NDArray[np.float64]
LimitedStatus = Literal["ok", "capped", "edge", "not_identified"]


@dataclass(frozen=True)
class LimitedQuestion:
    """A model, the unique domain tokens there are, and perhaps a budget of `tokens` in all (None: one epoch exactly)."""

    params: float
    domain_tokens: float
    tokens: float | None
    max_epochs: float
    level: float
    far: bool = False

    def __post_init__(self) -> None:
        """Raise `InputError` for a question that makes no sense."""
        if not (math.isfinite(self.domain_tokens) and self.domain_tokens > 0):
            raise InputError(f"domain tokens must be above 0, not {self.domain_tokens:g}")
        self.target(1.0)  # checks params, tokens and level
        if not (math.isfinite(self.max_epochs) and self.max_epochs >= 1):
            raise InputError(f"max epochs must be at least 1, not {self.max_epochs:g}")

    @property
    def cap(self) -> float:
        """The largest ratio that shows the domain data at most `max_epochs` times."""
        return 1.0 if self.tokens is None else min(1.0, self.max_epochs * self.domain_tokens / self.tokens)

    def total(self, ratio: npt.ArrayLike) -> Array:
        """All tokens that are trained on, at ratios of any shape: the budget, or domain_tokens / ratio."""
        ratios = np.asarray(ratio, dtype=np.float64)
        return self.domain_tokens / ratios if self.tokens is None else np.full(ratios.shape, self.tokens)

    def epochs(self, ratio: npt.ArrayLike) -> Array:
        """How often the domain data is seen; below 1 a part of it is not."""
        ratios = np.asarray(ratio, dtype=np.float64)
        return np.ones(ratios.shape) if self.tokens is None else ratios * self.tokens / self.domain_tokens

    def counted(self, ratio: npt.ArrayLike) -> Array:
        """The tokens that the domain law sees: all of them where nothing repeats, fewer by the repeats' discount."""
        return self.domain_tokens * worth(self.epochs(ratio)) / np.asarray(ratio, dtype=np.float64)

    def target(self, ratio: float) -> Question:
        """The model and all tokens at one ratio, as other plans are asked."""
        total = self.domain_tokens / ratio if self.tokens is None else self.tokens
        return Question(self.params, total, 0.0, False, self.level, self.far)

    def text(self) -> str:
        """The question in words."""
        within = "one epoch" if self.tokens is None else f"{format_count(self.tokens)} tokens in all"
        return f"{format_count(self.params)} params, {format_count(self.domain_tokens)} unique domain tokens, {within}"


@dataclass(frozen=True)
class Mix:
    """One ratio with what it implies: all `tokens`, `epochs` of the domain data, losses in nats per token."""

    ratio: Estimate[float]
    tokens: Estimate[float]
    epochs: Estimate[float]
    domain_loss: Estimate[float]
    general_loss: Estimate[float]

    def to_json_dict(self) -> dict[str, Any]:
        """Every estimate with value, low and high; NaN as None."""
        return {name: estimate.to_json_dict() for name, estimate in vars(self).items()}


@dataclass(frozen=True)
class LimitedData:
    """The ratio that makes most of the domain data at hand.

    `best` keeps to max_epochs, `uncapped` does not. `status` is "ok"; "capped" (the cap decides the ratio); "edge" (the
    domain loss is least at an end of the ratios, not inside: a warning says at which); or "not_identified" (the table
    cannot carry the answer, a warning says why). `probe_epochs`: how often the most repetitive probe had seen its domain
    data, NaN where not known. `extrapolation` as in `Plan`, of `best`.
    """

    best: Mix
    uncapped: Mix
    status: LimitedStatus
    probe_epochs: float
    extrapolation: dict[str, float]
    warnings: tuple[str, ...]
    question: LimitedQuestion

    @property
    def value(self) -> float:
        """The best ratio within max_epochs; NaN where not identified."""
        return self.best.ratio.value

    @property
    def interval(self) -> tuple[float, float]:
        """Its interval at the question's level."""
        return self.best.ratio.low, self.best.ratio.high

    def to_json_dict(self) -> dict[str, Any]:
        """The object that `scaling limited --json` prints; NaN becomes None."""
        return {
            **self.best.to_json_dict(),
            "uncapped": self.uncapped.to_json_dict(),
            "status": self.status,
            "level": self.question.level,
            "max_epochs": self.question.max_epochs,
            "probe_epochs": finite_or_none(self.probe_epochs),
            "extrapolation": {name: finite_or_none(value) for name, value in self.extrapolation.items()},
            "warnings": list(self.warnings),
        }

    def summary(self) -> str:
        """The answer in plain words."""
        lines = [f"For {self.question.text()}:"]
        if self.status == "not_identified":
            lines.append("  ratio              not identified by this table")
        else:
            lines += [*self._mix(), f"  extrapolation      {extrapolation_text(self.extrapolation)}"]
        return "\n".join(lines + [f"  note: {warning}" for warning in self.warnings])

    def _mix(self) -> list[str]:
        best = self.best
        level = f" ({100 * self.question.level:g} % interval)" if brackets(best.ratio, ".3f") else ""
        lines = [
            f"  ratio              {span(best.ratio, '.3f')}{level} domain share",
            f"  tokens             {span(best.tokens, 'count')}",
            f"  domain epochs      {span(best.epochs, '.3g')}",
        ]
        for title, loss in (("domain loss", best.domain_loss), ("general loss", best.general_loss)):
            if math.isfinite(loss.value):
                lines.append(f"  {title:<18} {span(loss, '.4f')} nats/token")
        if self.status == "capped":
            free = self.uncapped
            lines.append(f"  without the cap    {span(free.ratio, '.3f')}, at {span(free.epochs, '.3g')} epochs")
        return lines
