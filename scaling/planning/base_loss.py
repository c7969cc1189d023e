"""The base loss of a target that may never have been measured, with its uncertainty."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scaling.arrays import Array
from scaling.errors import InputError
from scaling.laws import Law, TermLaw
from scaling.nearness import same
from scaling.notes import note
from scaling.planning.noise import scattered
from scaling.planning.target import NoBaseLoss

SizeCurve = Callable[[Array], Array]  # sizes (k,) -> losses (B, k) at one token count and ratio, for B draws


@dataclass(frozen=True)
class BaseLoss:
    """Base losses by draw, shape (B,), the first being the point estimate; nats per token."""

    draws: Array
    warnings: tuple[str, ...] = ()


def given(value: float, count: int) -> BaseLoss:
    """A measured base loss, the same in every draw."""
    if not (np.isfinite(value) and value > 0):
        raise InputError(note("not_positive", name="base general loss", given=value))
    return BaseLoss(np.full(count, float(value)))


def carried(records: Sequence[dict[str, Any]], params: float, count: int, curve: SizeCurve | None) -> BaseLoss:
    """The base loss at `params` from those the table measured: rows {"params", "loss"}, one a size.

    A size within 1 % of the target is taken as it is: base and probes are scored on the same held-out text, so that the
    sampling error of the two cancels in the rise. Other sizes carry it through `curve`, the fitted size term (any
    constant added): base(N) = term(N) + offset, so that errors of the term cancel between base and trained loss.
    Without a curve (None) a power law in N is drawn through the base losses. Raises `NoBaseLoss`.
    """
    sizes = np.array([record["params"] for record in records], dtype=np.float64)
    losses = np.array([record["loss"] for record in records], dtype=np.float64)
    if not sizes.size:
        raise NoBaseLoss(note("no_base_loss"))
    nearest = int(np.argmin(np.abs(np.log(sizes / params))))
    if same(sizes[nearest], params):
        return BaseLoss(np.full(count, losses[nearest]))
    if curve is not None:
        return _by_size_term(sizes, losses, params, count, curve)
    return _by_power_law(sizes, losses, params, count)


def additive_in_size(law: Law) -> bool:
    """Whether model size stands alone in the law, so that a loss at another size differs by a constant."""
    if not isinstance(law, TermLaw):
        return False
    touched = [term.variables for term in law.terms if "params" in term.variables]
    return bool(touched) and all(variables == ("params",) for variables in touched)


def _by_size_term(sizes: Array, losses: Array, params: float, count: int, curve: SizeCurve) -> BaseLoss:
    terms = curve(np.append(sizes, params))
    offsets = losses - terms[:, :-1]
    spread = float(np.std(offsets[0], ddof=1)) if len(sizes) > 1 else 0.0
    noise = scattered(count, spread * np.sqrt(1 + 1 / len(sizes)), len(sizes) - 1)
    return BaseLoss(terms[:, -1] + offsets.mean(axis=1) + noise, _offset_warnings(sizes, offsets[0]))


def _offset_warnings(sizes: Array, offsets: Array) -> tuple[str, ...]:
    if len(sizes) == 1:
        return (note("base_by_one_size", size=sizes[0]),)
    carried = note("base_by_size_term")
    ordered = offsets[np.argsort(sizes)]
    steps = np.diff(ordered)
    size_of_it = float(np.ptp(ordered))
    if size_of_it < 0.005 or not (np.all(steps > 0) or np.all(steps < 0)):
        return (carried,)
    way = "shrinks" if steps[0] > 0 else "grows"
    return carried, note("rise_by_size", way=way, span=size_of_it)


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
    return BaseLoss(value * np.exp(noise), (note("base_by_power_law"),))
