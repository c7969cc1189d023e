"""The two corpora of a run table, and their shares of the mix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scaling.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

CORPORA = ("general", "domain")


def loss_column(corpus: str) -> str:
    """The column of its loss. Raises InputError for another corpus."""
    if corpus not in CORPORA:
        raise InputError(f"corpus {corpus!r} is unknown; the corpora are {' and '.join(CORPORA)}")
    return f"{corpus}_loss"


def share(corpus: str, ratio: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the share of that corpus in the mix: `ratio` for "domain", 1 - ratio for "general"."""
    import numpy as np

    loss_column(corpus)
    values = np.asarray(ratio, dtype=np.float64)
    return values if corpus == "domain" else 1.0 - values
