"""The base loss of a target that may never have been measured, with its uncertainty."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from scaling.arrays import Array
from scaling.fitting import BaseLosses, CorpusFit, Fit
from scaling.fitting.intervals.interval import scattered
from scaling.laws import Law, TermLaw
from scaling.notes import note
from scaling.planning.target import NoBaseLoss, Target

SizeCurve = Callable[[Array], Array]  # sizes (k,) -> losses (B, k) at one token count and ratio, for B draws
Origin = Literal["given", "measured", "size term", "power law", "unknown"]


@dataclass(frozen=True, eq=False)
class BaseLoss:
    """Base losses by draw (B,), the first being the point estimate, nats per token; NaN where not known.

    origin: given with the target; measured at its size; carried from other sizes by the law's size term, or by a power law;
    or unknown, `why` saying why. sizes (k,), rising, and offsets (k,): what the measured base losses lie above the size term.
    """

    draws: Array
    origin: Origin
    sizes: tuple[float, ...] = ()
    offsets: tuple[float, ...] = ()
    why: str = ""


def base_loss(fit: Fit, target: Target) -> BaseLoss:
    """The base loss at a target, of a fit with a general corpus: the one given with it, or that of the table.

    Raises `NoBaseLoss` where it is needed and cannot be had: for a law of losses, or a tolerance that is a share of it.
    """
    general = fit.general
    assert general is not None
    count = 1 + len(general.draws)
    if target.base_general_loss is not None:
        return BaseLoss(np.full(count, target.base_general_loss), "given")
    differences = general.law.target == "delta"

    def size_term(sizes: Array) -> Array:
        return general.values(sizes, target.tokens, middle_ratio(general), base_tokens=target.base_tokens)

    try:
        return carried(fit.base_losses("general"), target.params, count, size_term if by_size_term(general) else None)
    except NoBaseLoss as reason:
        if not differences or target.relative:
            raise
        return BaseLoss(np.full(count, math.nan), "unknown", why=reason.args[0])


def middle_ratio(general: CorpusFit) -> float:
    """A ratio inside the probed range, where differences between sizes are taken."""
    return float(np.mean(general.ranges["ratio"]))


def by_size_term(general: CorpusFit) -> bool:
    """Whether base losses of other sizes are carried by the law's own size term."""
    return general.law.target == "loss" and additive_in_size(general.law) and "params" not in general.held


def additive_in_size(law: Law) -> bool:
    """Whether model size stands alone in the law, so that a loss at another size differs by a constant."""
    if not isinstance(law, TermLaw):
        return False
    touched = [term.variables for term in law.terms if "params" in term.variables]
    return bool(touched) and all(variables == ("params",) for variables in touched)


def carried(bases: BaseLosses, params: float, count: int, curve: SizeCurve | None) -> BaseLoss:
    """The base loss at `params` from those that the table measured, in `count` draws.

    A size within 1 % of the target is taken as it is: base and probes are scored on the same held-out text, so that the
    sampling error of the two cancels in the rise. Other sizes carry it through `curve`, the fitted size term (any
    constant added): base(N) = term(N) + offset, so that errors of the term cancel between base and trained loss.
    Without a curve (None) a power law in N is drawn through the base losses. Raises `NoBaseLoss`.
    """
    if not bases:
        raise NoBaseLoss(note("no_base_loss"))
    own = bases.at(params)
    if own is not None:
        return BaseLoss(np.full(count, own), "measured")
    sizes, losses = bases.table()
    return _by_power_law(sizes, losses, params, count) if curve is None else _by_size_term(sizes, losses, params, curve)


def _by_size_term(sizes: Array, losses: Array, params: float, curve: SizeCurve) -> BaseLoss:
    terms = curve(np.append(sizes, params))
    offsets = losses - terms[:, :-1]
    spread = float(np.std(offsets[0], ddof=1)) if len(sizes) > 1 else 0.0
    noise = scattered(len(terms), spread * np.sqrt(1 + 1 / len(sizes)), len(sizes) - 1)
    order = np.argsort(sizes)
    return BaseLoss(
        terms[:, -1] + offsets.mean(axis=1) + noise, "size term", tuple(sizes[order]), tuple(offsets[0][order])
    )


def _by_power_law(sizes: Array, losses: Array, params: float, count: int) -> BaseLoss:
    if len(np.unique(sizes)) < 2:
        raise NoBaseLoss(note("one_base_loss", size=sizes[0]))
    x, y = np.log(sizes), np.log(losses)
    slope, level = np.polyfit(x, y, 1)
    value = np.exp(level + slope * np.log(params))
    free = len(sizes) - 2
    spread = float(np.sqrt(np.sum((y - level - slope * x) ** 2) / free)) if free > 0 else 0.0
    leverage = 1 + 1 / len(sizes) + (np.log(params) - x.mean()) ** 2 / np.sum((x - x.mean()) ** 2)
    noise = scattered(count, spread * np.sqrt(leverage), free)
    return BaseLoss(value * np.exp(noise), "power law")
