"""From a fitted table to what its runs tell of the critical ratio, and what every possible run would add."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scaling.arrays import Array
from scaling.fitting import Fit
from scaling.fitting.estimation.prepare import prepare
from scaling.laws import Law
from scaling.planning.next.information import Design, blocks, start
from scaling.planning.next.noise_parts import noise_parts
from scaling.planning.next.sensitivity import Sensitivity
from scaling.runs import Runs

_EPS = 1e-9  # checkpoints at the burn-in itself count


def design(
    runs: Runs, fitted: Fit, found: Sensitivity, possible: pd.DataFrame, checkpoints: int
) -> tuple[Design, Array]:
    """What is trained and could be, and the answer's slope (K, p) to the parameters.

    Parameters are scaled to the table's rows. The law's typical values are a prior: it matters only where the table tells
    less than what is usual anyway.
    """
    general = fitted.general
    assert general is not None
    law, rows = general.law, prepare(runs, general.law.name, burn_in=fitted.burn_in).samples["general"]
    slopes = law.gradient(found.theta, rows.x)
    size = np.sqrt(np.mean(slopes**2, axis=-1))
    scale = np.where(size > 0, size, 1.0)
    slopes = slopes / scale[..., None]
    _, first, run = np.unique(rows.run, return_index=True, return_inverse=True)
    place = np.column_stack([np.log(rows.x["params"]), rows.ratio])[first]
    cell = np.unique(place.round(3), axis=0, return_inverse=True)[1].reshape(-1)
    noise = noise_parts(rows.observed - law.value(found.theta[0], rows.x), run, cell, slopes[0])
    there, where = _rows(runs, fitted, found, possible, checkpoints)
    options = np.column_stack([np.log(possible["params"]), possible["ratio"]])
    prior = noise.row * _precision(law, found.theta, scale)
    could = blocks(there / scale[..., None], where, options)
    return start(blocks(slopes, run, place), could, noise, prior), found.slope / scale


def _precision(law: Law, theta: Array, scale: Array) -> Array:
    """1 / variance (K, p) of the scaled parameters by their typical values, 0 where they have none; of a shift it is the
    log's."""
    precision = np.zeros_like(theta)
    for j, parameter in enumerate(law.parameters):
        if parameter.typical is not None:
            unit = theta[:, j] if parameter.kind == "shift" else 1.0
            precision[:, j] = 1 / np.maximum(parameter.typical[1] * unit * scale[:, j], 1e-12) ** 2
    return precision


def _rows(
    runs: Runs, fitted: Fit, found: Sensitivity, possible: pd.DataFrame, checkpoints: int
) -> tuple[Array, NDArray[np.intp]]:
    """Derivatives (K, p, n) at the checkpoints of the possible runs that a fit would look at, and the run of each (n,)."""
    assert fitted.general is not None
    ends = runs.rows("general").groupby("run", sort=False)["tokens"].agg(["min", "max"])
    first = float((ends["min"] / ends["max"]).median())
    done = np.geomspace(first, 1.0, checkpoints) if checkpoints > 1 and first < 1 else np.ones(1)
    done = done[done >= fitted.burn_in - _EPS]
    run = np.repeat(np.arange(len(possible)), len(done))
    at = {name: possible[name].to_numpy(float)[run] for name in ("params", "tokens", "ratio")}
    tokens = at["tokens"] * np.tile(done, len(possible))
    return fitted.general.gradient(found.theta, at["params"], tokens, at["ratio"]), run
