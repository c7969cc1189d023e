"""B fitting problems on one table that differ only in start, in the weights of groups of rows, and in noise put on
groups.

Weights and noise are held per group (a group is usually a run), never per row: a thousand draws of a million rows would
not fit in memory.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from scaling.arrays import Array, Index


@dataclass(frozen=True)
class Pull:
    """A weak pull of internal parameters to a centre: sum of precision * (q - centre)^2 / 2. centre (B, p), precision
    (p,)."""

    centre: Array
    precision: Array


@dataclass(frozen=True)
class Problems:
    """starts (B, p) internal parameters; target (n,) observations on the objective's scale; groups (n,) group of each
    row.

    weights (B, G): weight of every group. row_weights (n,): the same in all problems. noise (n,) and flips (B, G):
    problem b's targets are target + flips[b, groups] * noise (wild bootstrap). held: places of the parameters that stay
    where their start put them (profiles).
    """

    starts: Array
    target: Array
    groups: Index
    weights: Array | None = None
    row_weights: Array | None = None
    noise: Array | None = None
    flips: Array | None = None
    pull: Pull | None = None
    held: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.starts)

    def take(self, index: Index) -> Problems:
        """The problems of that index."""
        pull = None if self.pull is None else replace(self.pull, centre=self.pull.centre[index])
        weights = None if self.weights is None else self.weights[index]
        flips = None if self.flips is None else self.flips[index]
        return replace(self, starts=self.starts[index], weights=weights, flips=flips, pull=pull)

    def targets(self, rows: slice) -> Array:
        """Targets (m,) or (B, m) of some rows."""
        if self.flips is None or self.noise is None:
            return self.target[rows]
        noisy: Array = self.target[rows] + self.flips[:, self.groups[rows]] * self.noise[rows]
        return noisy

    def row_weight(self, rows: slice) -> Array | None:
        """Weights (m,) or (B, m) of some rows; None where all are one."""
        base = None if self.row_weights is None else self.row_weights[rows]
        if self.weights is None:
            return base
        weights: Array = self.weights[:, self.groups[rows]]
        return weights if base is None else weights * base


@dataclass(frozen=True)
class Data:
    """One corpus' table for the solver: target (n,) on the objective's scale, groups (n,), row weights (n,) or None."""

    target: Array
    groups: Index
    row_weights: Array | None = None

    def problems(self, starts: Array, pull: Pull | None = None) -> Problems:
        """Unweighted problems from those starts; pull's centre (p,) is repeated."""
        if pull is not None:
            pull = replace(pull, centre=np.broadcast_to(pull.centre, starts.shape))
        return Problems(starts, self.target, self.groups, row_weights=self.row_weights, pull=pull)
