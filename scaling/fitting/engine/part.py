"""One term of a law on one table, evaluated on the distinct combinations of its own variables only.

A sweep of 3 sizes, 9 shares and 20 checkpoints has 540 rows but 3, 9 and 180 combinations, and exponentials are the
dear part; rows then only gather.
"""

from __future__ import annotations

import numpy as np

from scaling.arrays import Array, Index
from scaling.laws.base import Variables
from scaling.laws.terms import Term, TermLaw

Table = tuple[
    Array, Array
]  # coefficient * term (b, u), and its derivatives (b, k, u) to coefficient and shape parameters


class Part:
    """b parameter vectors, u distinct combinations, k parameters of the term (its coefficient first), m rows of a
    slice."""

    def __init__(self, law: TermLaw, term: Term, scaled: Variables) -> None:
        self.term = term
        distinct, inverse = _distinct([scaled[v] for v in term.variables])
        self._prepared = term.prepare(dict(zip(term.variables, distinct, strict=True)))
        self.count = len(distinct[0])
        self._inverse = np.ascontiguousarray(inverse, dtype=np.intp)
        self._share = np.bincount(self._inverse, minlength=self.count) / len(self._inverse)
        self.slots = [law.names.index(n) for n in (term.coefficient, *term.shape)]
        self._logged = frozenset(n for n in term.shape if law.parameter(n).kind == "shift")

    def evaluate(self, values: dict[str, Array]) -> tuple[Array, dict[str, Array]]:
        """The term without its coefficient (b, u), and its derivatives to the shape parameters."""
        product, slopes = self.term.evaluate(values, self._prepared, True)
        count = len(values[self.term.coefficient])
        # A term whose factors have no parameters is the same for every parameter vector.
        return np.broadcast_to(product, (count, self.count)), slopes

    def table(self, values: dict[str, Array], coefficient: Array, product: Array, slopes: dict[str, Array]) -> Table:
        """The table of the term with that coefficient (b, 1)."""
        columns = np.empty((len(coefficient), len(self.slots), self.count))
        columns[:, 0] = product
        for k, name in enumerate(self.term.shape, start=1):
            factor = coefficient * values[name] if name in self._logged else coefficient
            np.multiply(factor, slopes[name], out=columns[:, k])
        return coefficient * product, columns

    def follow(self, product: Array, aim: Array, floor: bool) -> tuple[Array, Array]:
        """Coefficient (b,) and addition to the floor (b,) with which coefficient * product (b, u) comes closest to
        aim."""
        weighted = product * self._share
        if not floor or self.count == 1:
            return (weighted * aim).sum(axis=1) / (weighted * product).sum(axis=1), np.zeros(len(aim))
        middle, goal = weighted.sum(axis=1), aim @ self._share
        centred = product - middle[:, None]
        weighted = centred * self._share
        coefficient = (weighted * aim).sum(axis=1) / (weighted * centred).sum(axis=1)
        return coefficient, goal - coefficient * middle

    def gather(self, table: Array, rows: slice) -> Array:
        """A table (b, u) on rows: (b, m)."""
        taken: Array = np.take(table, self._inverse[rows], axis=1, mode="clip")
        return taken

    def write(self, columns: Array, rows: slice, out: Array, written: set[int]) -> None:
        """Put the derivatives on the rows in their places of out (b, p, m); parameters that terms share add up."""
        index = self._inverse[rows]
        for k, slot in enumerate(self.slots):
            if slot in written:
                out[:, slot] += np.take(columns[:, k], index, axis=1, mode="clip")
            else:
                np.take(columns[:, k], index, axis=1, out=out[:, slot], mode="clip")
                written.add(slot)


def _distinct(variables: list[Array]) -> tuple[list[Array], Index]:
    """The distinct combinations of the variables (n,), and for each row which one it has; one sort a variable, not of
    rows."""
    codes, sizes = [], []
    for values in variables:
        unique, inverse = np.unique(values, return_inverse=True)
        codes.append(inverse.reshape(-1))
        sizes.append(len(unique))
    _joint, first, inverse = np.unique(np.ravel_multi_index(codes, sizes), return_index=True, return_inverse=True)
    return [np.asarray(values)[first] for values in variables], inverse.reshape(-1)
