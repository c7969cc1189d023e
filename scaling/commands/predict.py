"""`scaling predict`: both losses at one size, token count and ratio."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tyro.conf import Positional

from scaling.commands.options import Count, print_json, print_notes, print_table
from scaling.errors import InputError
from scaling.notes import coded, note
from scaling.units import format_count

if TYPE_CHECKING:
    from scaling.fitting import Estimate, Fit


@dataclass(frozen=True)
class Predict:
    """Predict both losses at one model size, token count and ratio."""

    fit: Positional[Path]
    """A fit written by `scaling fit --out`."""
    params: Count
    """Model parameters, counted as in the run table; 7e9 or 7B."""
    tokens: Count
    """CPT tokens; 20e9 or 20B."""
    ratio: float
    """Share of domain tokens, 0 to 1."""
    interval: Literal["mean", "prediction"] = "mean"
    """mean: of the law's curve, what many runs would average to. prediction: of one new run, noise included."""
    domain: str | None = None
    """For which domain, where the law was fitted to several."""
    json: bool = False
    """Print one JSON object instead of text."""

    def __call__(self) -> None:
        """Load, predict, print."""
        from scaling.fitting import load_fit
        from scaling.planning.extrapolation import impossible, within

        if not 0 <= self.ratio <= 1:
            raise InputError(f"ratio must lie in 0..1, not {self.ratio:g}; write 0.25 for 25 %")
        for name in ("params", "tokens"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name} must be above 0, not {getattr(self, name):g}")
        fitted = load_fit(self.fit)
        fitted = fitted if self.domain is None else fitted.at(self.domain)
        losses, carried = _losses(fitted, self)
        reason = impossible({name.replace("_", " "): one.value for name, one in losses.items()})
        answer = {name: within(value).to_json_dict() for name, value in losses.items()}
        notes = [*([reason] if reason else []), *carried, *_notes(fitted, self)]
        if self.json:
            print_json({**answer, "warnings": notes, "notes": coded(notes)})
            return
        target = f"{format_count(self.params)} params, {format_count(self.tokens)} tokens, ratio {self.ratio:g}"
        numbers = [
            [name.replace("_", " "), *("-" if value is None else f"{value:.4f}" for value in row.values())]
            for name, row in answer.items()
        ]
        print_table(target, ["nats/token", "value", "low", "high"], numbers)
        print_notes(notes)


def _losses(fitted: Fit, asked: Predict) -> tuple[dict[str, Estimate[Any]], list[str]]:
    """The losses, and notes on a base loss that was carried to a size of which the table has none."""
    from scaling.planning.notes import of_base_loss
    from scaling.planning.rise import general_rise
    from scaling.planning.target import NotIdentified, Target

    found: dict[str, Estimate[Any]] = {}
    notes: list[str] = []
    general = fitted.general
    for corpus in fitted.corpora:
        known = fitted.base_losses(corpus).at(asked.params) is not None
        if corpus == "general" and general and general.law.target == "delta" and not known:
            try:
                rise = general_rise(fitted, Target(asked.params, asked.tokens, level=fitted.level, far=True))
            except NotIdentified as reason:
                raise InputError(f"{asked.fit.name}: the general loss cannot be predicted: {reason}") from reason
            found["general_loss"] = rise.loss_at(asked.ratio)
            notes += of_base_loss(rise.base)
        else:
            where = (asked.params, asked.tokens, asked.ratio)
            found[f"{corpus}_loss"] = fitted.predict_corpus(corpus, *where, kind=asked.interval)
    return found, notes


def _notes(fitted: Fit, asked: Predict) -> Iterator[str]:
    """What makes the numbers doubtful: what every fit of the table says, a law not identified, a place never trained."""
    from scaling.planning.extrapolation import refuse_farther
    from scaling.planning.target import NotIdentified, Target

    yield from fitted.warnings
    target, ratio = Target(asked.params, asked.tokens, 0.0, level=fitted.level), asked.ratio
    try:
        for one in fitted.corpora.values():
            refuse_farther(one.ranges, target)
    except NotIdentified as reason:
        yield note("too_far_to_predict", **reason.args[0].values)
    for corpus, one in fitted.corpora.items():
        if one.status == "not_identified":
            yield note("loss_unidentified", corpus=corpus)
    low, high = zip(*(one.ranges["ratio"] for one in fitted.corpora.values()), strict=True)
    if not min(low) <= ratio <= max(high):
        yield note("ratio_untrained", ratio=ratio, low=min(low), high=max(high))
