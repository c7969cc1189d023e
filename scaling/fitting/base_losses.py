"""The losses of the models before training, one per model size."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from scaling.arrays import Array
from scaling.nearness import same


@dataclass(frozen=True)
class BaseLosses:
    """Base losses of one corpus: params (k,), losses (k,) and their standard errors (k,), nats per token; NaN where not
    logged. False where there are none.

    >>> bases = BaseLosses((1e6, 4e6), (4.2, 3.9))
    >>> bases.at(1.005e6), bases.at(2e6)
    (4.2, None)
    """

    params: tuple[float, ...] = ()
    losses: tuple[float, ...] = ()
    errors: tuple[float, ...] = ()

    @classmethod
    def of(cls, records: Iterable[Mapping[Any, Any]]) -> BaseLosses:
        """Those of records {"params", "loss", "se"}."""
        rows = [(float(one["params"]), float(one["loss"]), float(one.get("se", np.nan))) for one in records]
        return cls(*(tuple(column) for column in zip(*rows, strict=True))) if rows else cls()

    def __bool__(self) -> bool:
        return bool(self.params)

    def at(self, params: float) -> float | None:
        """The loss of the base of that size, the nearest of those within 1 %; None where there is none."""
        if not self.params:
            return None
        nearest = int(np.argmin(np.abs(np.log(np.array(self.params) / params))))
        return self.losses[nearest] if same(self.params[nearest], params) else None

    def table(self) -> tuple[Array, Array]:
        """Sizes (k,) and losses (k,)."""
        return np.array(self.params, dtype=np.float64), np.array(self.losses, dtype=np.float64)

    def records(self) -> list[dict[str, float]]:
        """The same as records, as a saved fit has them."""
        errors = self.errors or (np.nan,) * len(self.params)
        rows = zip(self.params, self.losses, errors, strict=True)
        return [{"params": size, "loss": loss, "se": error} for size, loss, error in rows]
