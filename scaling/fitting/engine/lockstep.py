"""Fits of one law to several tables in one batch: hold-outs, which differ in rows, units and weights.

A problem of the batch has its own variables, so the arrays of a table get a leading axis, one row per problem. Shorter tables
are filled up: their rows with copies of the first, of weight 0, their combinations with the last, on which no row looks.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from scaling.arrays import Array, Index
from scaling.fitting.engine.function_model import FunctionModel
from scaling.fitting.engine.model import Model, TermModel
from scaling.fitting.engine.part import Part
from scaling.fitting.engine.problems import Data, Problems, Pull


def alike(one: Model, other: Model) -> bool:
    """Whether two models are of one law, so that they can be stacked."""
    return type(one) is type(other) and one.law.names == other.law.names and one.law.variables == other.law.variables


def stacked(models: Sequence[Model]) -> Any:
    """One model of G tables (see `Model`), in which problem g is of table g; `take` gives others."""
    if isinstance(models[0], TermModel):
        return _Terms([one for one in models if isinstance(one, TermModel)])
    return _Function([one for one in models if isinstance(one, FunctionModel)])


@dataclass(frozen=True)
class RowProblems(Problems):
    """Problems whose tables differ: target (B, n), and row_weights (B, n), 0 for rows that fill a table up."""

    def take(self, index: Index) -> RowProblems:
        """See Problems."""
        pull = self.pull
        if pull is not None:
            pull = Pull(pull.centre[index], pull.precision[index])
        assert self.row_weights is not None
        return replace(
            self, starts=self.starts[index], target=self.target[index], row_weights=self.row_weights[index], pull=pull
        )

    def targets(self, rows: slice) -> Array:
        """See Problems."""
        return self.target[:, rows]

    def row_weight(self, rows: slice) -> Array:
        """See Problems."""
        assert self.row_weights is not None
        return self.row_weights[:, rows]


def problems(data: Sequence[Data], starts: Sequence[Array], pulls: Sequence[Pull | None]) -> RowProblems:
    """Those of all tables, table by table; starts: (k, p) of each."""
    owner = np.repeat(np.arange(len(data)), [len(own) for own in starts])
    most = max(len(one.target) for one in data)
    target = np.stack([_filled(one.target, most, one.target[0]) for one in data])
    weights = np.stack(
        [_filled(np.ones(len(one.target)) if one.row_weights is None else one.row_weights, most, 0.0) for one in data]
    )
    groups = np.zeros(most, np.intp)
    return RowProblems(
        np.concatenate(starts), target[owner], groups, row_weights=weights[owner], pull=_pull(pulls, owner)
    )


def _pull(pulls: Sequence[Pull | None], owner: Index) -> Pull | None:
    """One pull for all, of no precision where a table has none."""
    known = [one for one in pulls if one is not None]
    if not known:
        return None
    none = Pull(np.zeros_like(known[0].centre), np.zeros_like(known[0].precision))
    centre, precision = (
        np.stack([getattr(one or none, name) for one in pulls])[owner] for name in ("centre", "precision")
    )
    return Pull(centre, precision)


def _filled(values: Array, most: int, by: float) -> Array:
    return np.concatenate([values, np.full(most - len(values), by)])


def _to_end(arrays: Sequence[Array], most: int) -> Array:
    """Arrays (..., u) filled up with their last column and stacked: (..., G, most)."""
    filled = [np.concatenate([a, np.repeat(a[..., -1:], most - a.shape[-1], axis=-1)], axis=-1) for a in arrays]
    return np.stack(filled, axis=-2)


class _StackedPart(Part):
    """A term on several tables: what depends on the table has an axis of problems."""

    def __init__(self, parts: Sequence[Part], rows: int) -> None:
        first = parts[0]
        self.term, self.slots, self._logged = first.term, first.slots, first._logged
        self.counts = np.array([part.count for part in parts])
        self.count = int(self.counts.max())
        self._prepared = [
            _to_end([part._prepared[k] for part in parts], self.count) for k in range(len(first._prepared))
        ]
        self._inverse = np.stack(
            [np.concatenate([p._inverse, np.full(rows - len(p._inverse), p._inverse[0])]) for p in parts]
        )
        self._share = np.stack([_filled(part._share, self.count, 0.0) for part in parts])
        self._flat: dict[int, Index] = {}

    def take(self, index: Index) -> _StackedPart:
        """The part of those problems."""
        own = copy.copy(self)
        own.counts, own._share, own._inverse = self.counts[index], self._share[index], self._inverse[index]
        own._prepared = [array[..., index, :] for array in self._prepared]
        own._flat = {}
        return own

    def follow(self, product: Array, aim: Array, floor: bool) -> tuple[Array, Array]:
        """See Part; the fit of a straight line for tables with one combination only has no floor."""
        weighted = product * self._share
        bare = (weighted * aim).sum(axis=1) / (weighted * product).sum(axis=1)
        if not floor:
            return bare, np.zeros(len(aim))
        middle, goal = weighted.sum(axis=1), (aim * self._share).sum(axis=1)
        centred = product - middle[:, None]
        weighted = centred * self._share
        coefficient = (weighted * aim).sum(axis=1) / (weighted * centred).sum(axis=1)
        one = self.counts == 1
        return np.where(one, bare, coefficient), np.where(one, 0.0, goal - coefficient * middle)

    def gather(self, table: Array, rows: slice) -> Array:
        """See Part."""
        return np.take(np.ascontiguousarray(table), self._places(self.count)[:, rows], mode="clip")

    def write(self, columns: Array, rows: slice, out: Array, written: set[int]) -> None:
        """See Part."""
        index = self._places(columns.shape[1] * self.count)[:, rows]
        flat = columns.reshape(-1)
        for k, slot in enumerate(self.slots):
            if slot in written:
                out[:, slot] += np.take(flat[k * self.count :], index, mode="clip")
            else:
                np.take(flat[k * self.count :], index, out=out[:, slot], mode="clip")
                written.add(slot)

    def _places(self, stride: int) -> Index:
        """Where the rows (b, n) of every problem look in a flat array of b blocks of `stride`."""
        if stride not in self._flat:
            self._flat[stride] = self._inverse + (np.arange(len(self._inverse)) * stride)[:, None]
        return self._flat[stride]


class _Terms(TermModel):
    """A law of terms on several tables."""

    def __init__(self, models: Sequence[TermModel]) -> None:
        first = models[0]
        self.law, self.terms, self._floor, self._logged = first.law, first.terms, first._floor, first._logged
        self.rows = max(one.rows for one in models)
        self._parts = [_StackedPart([one._parts[k] for one in models], self.rows) for k in range(len(first._parts))]
        self.lower = np.stack([one.lower for one in models])
        self.upper = np.stack([one.upper for one in models])

    def take(self, index: Index) -> _Terms:
        """See Model."""
        own = copy.copy(self)
        own._parts = [part.take(index) for part in self._parts if isinstance(part, _StackedPart)]
        own.lower, own.upper = self.lower[index], self.upper[index]
        return own


class _Function(FunctionModel):
    """A law that is a pure function on several tables."""

    def __init__(self, models: Sequence[FunctionModel]) -> None:
        first = models[0]
        self.law, self._logged = first.law, first._logged
        self.rows = max(one.rows for one in models)
        self._scaled = {
            name: np.stack([_filled(one._scaled[name], self.rows, one._scaled[name][0]) for one in models])
            for name in first._scaled
        }
        self.lower = np.stack([one.lower for one in models])
        self.upper = np.stack([one.upper for one in models])

    def take(self, index: Index) -> _Function:
        """See Model."""
        own = copy.copy(self)
        own._scaled = {name: values[index] for name, values in self._scaled.items()}
        own.lower, own.upper = self.lower[index], self.upper[index]
        return own

    def _slice(self, rows: slice) -> dict[str, Array]:
        return {name: values[:, rows] for name, values in self._scaled.items()}
