"""What repeated text is worth, and how often the probes repeated theirs."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from scaling.nearness import SAME
from scaling.notes import Note, note
from scaling.runs import Runs

HALF_LIFE = 15.4  # R_D^* of Muennighoff et al. 2023, in repeats, from training with up to 1,500 epochs


def worth(epochs: npt.ArrayLike) -> NDArray[np.float64]:
    """How many epochs of new text so many epochs of the same text are worth: 1 + R (1 - exp(-(epochs - 1) / R)).

    Up to one epoch nothing is repeated and all counts. Source: Muennighoff et al. 2023, Scaling Data-Constrained
    Language Models, arXiv 2305.16264, section 3.1, R = 15.4.
    """
    seen = np.asarray(epochs, dtype=np.float64)
    repeats = np.maximum(seen - 1.0, 0.0)
    return np.minimum(seen, 1.0) - HALF_LIFE * np.expm1(-repeats / HALF_LIFE)


def probe_epochs(runs: Runs) -> float:
    """How often the most repetitive run had seen its domain data; NaN where column unique_domain_tokens does not tell."""
    rows = runs.rows("domain")
    if "unique_domain_tokens" not in rows:
        return math.nan
    rows = rows[rows["unique_domain_tokens"] > 0]
    return float((rows["ratio"] * rows["tokens"] / rows["unique_domain_tokens"]).max())


def repetition_notes(epochs: float, probed: float, known: bool) -> list[Note]:
    """What an answer that shows the domain data `epochs` times rests on, beside the most that the probes showed theirs (NaN
    where no column says); known: whether there is a table to say so."""
    if epochs <= 1 + SAME:
        return []
    if not known:
        return [note("repeats_no_table", epochs=epochs)]
    if math.isnan(probed):
        return [note("repeats_not_logged", epochs=epochs)]
    return [note("repeats_untested", epochs=epochs, probed=probed)] if probed < epochs * (1 - SAME) else []
