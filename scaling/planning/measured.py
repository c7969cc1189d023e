"""The critical ratio as the finished runs themselves show it, without a law: what a plan is held against."""

from __future__ import annotations

import numpy as np
import pandas as pd

from scaling.runs import Runs


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
