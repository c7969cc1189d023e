"""What repeated text is worth, and how often the probes repeated theirs."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from scaling.nearness import SAME
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


def repetition_warnings(epochs: float, runs: Runs | None) -> list[str]:
    """What an answer that shows the domain data `epochs` times rests on, beside what the probes showed."""
    if epochs <= 1 + SAME:
        return []
    answer = f"the domain data is seen {epochs:.3g} times; repeats count by the discount of Muennighoff et al. 2023"
    if runs is None:
        return [f"{answer}, and how often the probes repeated theirs is not known from the fit"]
    probed = probe_epochs(runs)
    if math.isnan(probed):
        return [f"{answer}, and without a column unique_domain_tokens it is not known how often the probes did"]
    if probed < epochs * (1 - SAME):
        return [f"{answer}, which the probes do not test: they saw theirs at most {probed:.3g} times"]
    return []
