"""Which form of the forgetting law predicts best: each with one thing changed, `python benchmarks/forgetting_forms.py`.

Fitted here with scipy (soft L1 of 0.01 nats, the first eighth of each run left out), apart from the project's own solver, to
the smaller sizes of every sweep of three or more sizes in data/runs/; printed are mean and largest |error| of the critical
ratio of the largest size, and the law's misses at its runs. Tokens are in 1e5, params in 1e6.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import least_squares

import scaling
from scaling.planning import measured_critical_ratio
from scaling.runs import Runs

FOLDER = Path(__file__).resolve().parent.parent / "data" / "runs"
TOLERANCES, BURN_IN, GRID = (0.05, 0.1, 0.2), 0.125, np.linspace(0.0, 1.0, 20_001)
Array = np.ndarray
Function = Callable[[dict[str, float], Array, Array, Array, Array], Array]  # theta, N, D, D0, share of general text
# name: start, lower, upper
LIMITS = {
    "h": (0.05, -1.0, 1.0),
    "g": (0.4, 0.0, 5.0),
    "C": (0.17, 0.0, 5.0),
    "kappa": (0.1, -1.0, 3.0),
    "delta": (0.1, 0.0, 2.0),
    "log_m": (-5.0, -15.0, 3.0),
    "mu": (0.0, -3.0, 3.0),
    "nu": (0.0, -2.0, 2.0),
    "q": (1.0, 0.0, 5.0),
}
LAW = ("h", "g", "C", "kappa", "delta", "log_m")


def law(t: dict[str, float], n: Array, d: Array, base: Array, share: Array) -> Array:
    """The forgetting law; what a form lacks is 0. mu: m falls with size; nu: the gain grows with size; q: another power of
    the tokens where nothing is replayed."""
    m = np.exp(t["log_m"]) * n ** -t.get("mu", 0.0)
    thinner = np.log((d + m) / (share * d + m))
    if "q" in t:
        level = np.exp(t["log_m"]) * d ** -t["q"]
        thinner = np.log((1 + level) / (share + level))
    slope = t["C"] * n ** -t.get("kappa", 0.0) * d ** t.get("delta", 0.0)
    return t.get("h", 0.0) - t.get("g", 0.0) * n ** t.get("nu", 0.0) * np.log1p(d / base) + slope * thinner


def replayed_gain(t: dict[str, float], n: Array, d: Array, base: Array, share: Array) -> Array:
    """Only what is replayed goes on with the base's training."""
    return law({**t, "g": 0.0}, n, d, base, share) - t["g"] * np.log1p(share * d / base)


def linear_gain(t: dict[str, float], n: Array, d: Array, base: Array, share: Array) -> Array:
    """The gain does not know what the base saw."""
    return law({**t, "g": 0.0}, n, d, base, share) - t["g"] * d / 42


def box_cox(t: dict[str, float], n: Array, d: Array, base: Array, share: Array) -> Array:
    """A power of the share, D-CPT's, in place of its log; q is the exponent."""
    rest = {**t, "C": 0.0}
    rest.pop("q")
    m = np.exp(t["log_m"])
    power = ((d + m) / (share * d + m)) ** t["q"]
    return law(rest, n, d, base, share) + t["C"] * n ** -t["kappa"] * d ** t["delta"] * (power - 1) / max(t["q"], 1e-6)


@dataclass(frozen=True)
class Form:
    """What is fitted, with which parameters, and the weight of rows without replay."""

    function: Function
    names: tuple[str, ...]
    weight: float = 0.1


FORMS = {
    "the law": Form(law, LAW),
    "rows without replay at full weight": Form(law, LAW, 1.0),
    "the same, m a power of size": Form(law, (*LAW, "mu"), 1.0),
    "the same, another power of tokens at no replay": Form(law, (*LAW, "q"), 1.0),
    "rows without replay left out": Form(law, LAW, 0.0),
    "no kappa: forgetting the same at every size": Form(law, ("h", "g", "C", "delta", "log_m")),
    "no delta: forgetting does not grow with tokens": Form(law, ("h", "g", "C", "kappa", "log_m")),
    "no h: warming up costs nothing": Form(law, ("g", "C", "kappa", "delta", "log_m")),
    "no g: replay gains nothing": Form(law, ("h", "C", "kappa", "delta", "log_m")),
    "the gain a power of size as well": Form(law, (*LAW, "nu")),
    "m a power of size as well": Form(law, (*LAW, "mu")),
    "the gain of replayed tokens alone": Form(replayed_gain, LAW),
    "a gain linear in D, blind to D0": Form(linear_gain, LAW),
    "a power of the share in place of its log": Form(box_cox, (*LAW, "q")),
}


def rises(runs: Runs) -> pd.DataFrame:
    """The late rows with their rise over the base loss, in the units of the fit."""
    rows = runs.rows("general")
    rows = rows[rows["tokens"] >= BURN_IN * rows.groupby("run")["tokens"].transform("max")]
    base = runs.base("general").set_index("params")["loss"]
    rise = rows["general_loss"] - rows["params"].map(base)
    scaled = {"n": rows["params"] / 1e6, "d": rows["tokens"] / 1e5, "base": rows["base_tokens"] / 1e5}
    return pd.DataFrame({**scaled, "share": 1 - rows["ratio"], "rise": rise})


def at(form: Form, values: Array, frame: pd.DataFrame) -> Array:
    """The form's rises (n,) at the rows of a frame."""
    theta = dict(zip(form.names, values, strict=True))
    return form.function(theta, *(frame[name].to_numpy(float) for name in ("n", "d", "base", "share")))


def fitted(form: Form, frame: pd.DataFrame) -> Array:
    """The best parameters of three starts."""
    start, low, high = (np.array([LIMITS[name][k] for name in form.names]) for k in range(3))
    weight = np.sqrt(np.where(frame["share"] == 0, form.weight, 1.0))
    rise = frame["rise"].to_numpy(float)
    tries = [
        least_squares(
            lambda values: weight * (at(form, values, frame) - rise),
            np.clip(start * scale, low + 1e-6, high - 1e-6),
            bounds=(low, high),
            loss="soft_l1",
            f_scale=0.01,
        )
        for scale in (0.5, 1.0, 2.0)
    ]
    return min(tries, key=lambda one: one.cost).x


def scores(form: Form, tables: list[Runs]) -> list[float]:
    """Mean and largest |error| at each tolerance, then the root mean square of the misses at ratios below 1."""
    errors: dict[float, list[float]] = {tolerance: [] for tolerance in TOLERANCES}
    squares: list[float] = []
    for runs in tables:
        size = runs.rows("general")["params"].max()
        own, rows = runs.select(runs.frame["params"] == size), rises(runs)
        held, smaller = rows[rows["n"] == size / 1e6], rows[rows["n"] < size / 1e6]
        values = fitted(form, smaller)
        inner = held[held["share"] > 0]
        squares += list((at(form, values, inner) - inner["rise"]) ** 2)
        last = held.loc[held["d"].idxmax()]
        curve = pd.DataFrame({"n": last["n"], "d": last["d"], "base": last["base"], "share": 1 - GRID})
        for tolerance, found in errors.items():
            within = np.flatnonzero(at(form, values, curve) <= tolerance)
            predicted = GRID[within[-1]] if within.size else 0.0
            found.append(abs(predicted - float(measured_critical_ratio(own, tolerance)["ratio"].iloc[0])))
    both = [number for found in errors.values() for number in (float(np.mean(found)), max(found))]
    return [*both, float(np.sqrt(np.mean(squares)))]


def main() -> None:
    """Print the table in Markdown."""
    tables = [scaling.load_runs(path) for path in sorted(FOLDER.glob("*.parquet"))]
    tables = [runs for runs in tables if runs.frame["params"].nunique() > 2]
    heads = " | ".join(f"mean / largest \\|error\\| at {tolerance:g}" for tolerance in TOLERANCES)
    print(f"| form | parameters | {heads} | held-out misses, nats |\n|---|---|---|---|---|---|")
    for name, form in FORMS.items():
        *errors, miss = scores(form, tables)
        pairs = [f"{errors[k]:.3f} / {errors[k + 1]:.3f}" for k in range(0, len(errors), 2)]
        print(f"| {name} | {len(form.names)} | {' | '.join(pairs)} | {miss:.4f} |", flush=True)


if __name__ == "__main__":
    main()
