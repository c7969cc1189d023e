"""The critical ratio as the finished runs show it, without a law, and the error of one predicted from smaller sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scaling.planning.critical import critical_ratio
from scaling.runs import Runs

if TYPE_CHECKING:
    from scaling.fitting.validation import Validation


def measured_critical_ratio(runs: Runs, tolerance: float = 0.05, *, relative: bool = False) -> pd.DataFrame:
    """Where the general loss of finished runs crosses the tolerance, one row a model size.

    Runs that are more than 1 % short of the largest token count of their size are left out. Seeds are averaged at each ratio;
    between two neighbouring ratios the rise is interpolated, linearly in -log(1 - ratio), in which sweeps are nearly
    straight. Columns: params, tokens, ratio (of the mean over seeds; 1 where every ratio up to 1 passes, NaN where the
    runs do not enclose it), low and high (the smallest and largest of the seeds taken one by one), seeds.

    >>> import scaling
    >>> runs = scaling.load_runs("data/runs/prose-code.parquet")
    >>> measured_critical_ratio(runs, tolerance=0.05)[["params", "ratio", "seeds"]].round(2)
          params  ratio  seeds
    0   332448.0   0.14      2
    1   803968.0   0.16      1
    2  1512160.0   0.19      1
    3  2656704.0   0.20      1
    """
    rows = finished_rises(runs)
    answers = []
    for params, own in rows.groupby("params"):
        base = float(own["base"].iloc[0])
        limit = tolerance * base if relative else tolerance
        single = [_crossing(part, limit) for _, part in own.groupby("seed")]
        answers.append(
            {
                "params": params,
                "tokens": own["tokens"].max(),
                "ratio": _crossing(own, limit),
                "low": np.fmin.reduce(single),  # ignores seeds whose runs do not enclose it
                "high": np.fmax.reduce(single),
                "seeds": len(single),
            }
        )
    return pd.DataFrame(answers, columns=["params", "tokens", "ratio", "low", "high", "seeds"])


def finished_rises(runs: Runs) -> pd.DataFrame:
    """The change of the general loss over the base at the end of every finished run that has a base loss.

    Columns: params, ratio, seed (0 where none is logged), tokens, base, rise.
    """
    if "general" not in runs.corpora:
        return pd.DataFrame(columns=["params", "ratio", "seed", "tokens", "base", "rise"], dtype=np.float64)
    base = runs.base("general").set_index("params")["loss"]
    last = runs.finished("general")
    last = last[last["params"].isin(base.index) & last["ratio"].notna()]
    seed = last["seed"].fillna(0) if "seed" in last else 0
    start = last["params"].map(base)
    rises = last[["params", "ratio", "tokens"]].assign(seed=seed, base=start, rise=last["general_loss"] - start)
    return rises.reset_index(drop=True)


def _crossing(rows: pd.DataFrame, limit: float) -> float:
    """The largest ratio up to which the rise stays within the limit."""
    mean = rows.groupby("ratio")["rise"].mean().sort_index()
    ratios, rises = mean.index.to_numpy(dtype=np.float64), mean.to_numpy(dtype=np.float64)
    over = np.flatnonzero(rises > limit)
    if not over.size:
        return 1.0 if ratios[-1] == 1.0 else float("nan")
    above = int(over[0])
    if above == 0:
        return float("nan")
    part = (limit - rises[above - 1]) / (rises[above] - rises[above - 1])
    low, high = ratios[above - 1], ratios[above]
    if high == 1.0:  # the axis in which sweeps are straight has no such point
        return float(low + part * (high - low))
    folds = -np.log1p(-low) + part * (np.log1p(-low) - np.log1p(-high))
    return float(-np.expm1(-folds))


@dataclass(frozen=True)
class CriticalError:
    """One size held out. predicted: all from the smaller sizes, the base loss too, with its interval (NaN without
    draws); given_base: the same with the size's own base loss; measured: interpolated in its finished runs (NaN where
    they do not enclose it); tokens: theirs. Predictions are NaN where the status says so."""

    params: float
    tokens: float
    predicted: float
    low: float
    high: float
    given_base: float
    measured: float
    status: str

    @property
    def error(self) -> float:
        """Predicted less measured, in ratio."""
        return self.predicted - self.measured

    def to_json_dict(self) -> dict[str, Any]:
        """All numbers and the error; NaN as None."""
        values = {**vars(self), "error": self.error}
        return {k: None if isinstance(v, float) and not np.isfinite(v) else v for k, v in values.items()}


def critical_ratio_errors(
    validation: Validation, runs: Runs, tolerance: float = 0.05, *, relative: bool = False, level: float = 0.9
) -> list[CriticalError]:
    """The critical ratio predicted and measured at every size that a validation over params held out.

    tolerance: nats per token, or a share of the base loss with `relative`. level: of the
    intervals. Empty for other hold-outs, for a fit of several domains, and where the table has no general loss or no base loss.
    """
    if validation.hold_out != "params" or "general" not in runs.corpora:
        return []
    table = measured_critical_ratio(runs, tolerance, relative=relative)
    measured = {float(n): (float(d), float(r)) for n, d, r in table[["params", "tokens", "ratio"]].to_numpy()}
    base = {float(n): float(loss) for n, loss in runs.base("general")[["params", "loss"]].to_numpy()}
    found = []
    for group in validation.groups:
        size, general = group.split.value, group.fit.general
        if general is None or size not in measured or len(general.others) > 1:
            continue
        tokens, ratio = measured[size]
        plan = critical_ratio(group.fit, size, tokens, tolerance, relative=relative, level=level)
        given = critical_ratio(group.fit, size, tokens, tolerance, relative=relative, base_general_loss=base[size])
        found.append(CriticalError(size, tokens, plan.value, *plan.interval, given.value, ratio, plan.status))
    return found
