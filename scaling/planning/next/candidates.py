"""The runs that could be trained next, and what each costs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from scaling.errors import InputError
from scaling.fitting.estimation.base_tokens import BaseTokens
from scaling.nearness import SAME, same
from scaling.planning.target import Target
from scaling.runs import Runs
from scaling.units import format_count

NEW = (2.0,)  # sizes that no probe has, times the largest
RATIOS = tuple(round(0.1 * step, 1) for step in range(11))


def candidates(
    runs: Runs,
    question: Target,
    seen: BaseTokens,
    sizes: Sequence[float] | None = None,
    ratios: Sequence[float] | None = None,
    lengths: Sequence[float] | None = None,
    bases: Sequence[float] = (),
) -> pd.DataFrame:
    """One row a possible run: params, ratio, tokens, flops (6 N tokens), base_flops (6 N base tokens, 0 where the table has
    a base of that size, or `bases` says that there is one). Raises `InputError` for sizes, ratios or lengths without sense."""
    there = sorted(map(float, runs.rows("general")["params"].unique()))
    asked = _sizes(runs, there, question, seen, bases) if sizes is None else [_own(size, there) for size in sizes]
    chosen = _ratios(runs) if ratios is None else list(ratios)
    long = _lengths(runs) if lengths is None else list(lengths)
    _check([*asked, *bases], chosen, long)
    grid = [(n, r, d) for n in dict.fromkeys(asked) for d in dict.fromkeys(long) for r in dict.fromkeys(chosen)]
    table = pd.DataFrame(grid, columns=["params", "ratio", "tokens"]).astype(float)
    new = ~table["params"].isin([*there, *bases])
    table["flops"] = 6 * table["params"] * table["tokens"]
    table["base_flops"] = np.where(new & seen.known, 6 * table["params"] * seen.at(table["params"]), 0.0)
    return table


def seeded(runs: Runs, chosen: pd.DataFrame) -> pd.DataFrame:
    """params, ratio, tokens of chosen runs in their order, with seeds that no run of their size has had: the same one for
    every ratio, so that few sweep files hold them, and the following ones for repeats. Seeds that a table does not log,
    or that are words, are taken to be the first ones."""
    trained = runs.rows("general").drop_duplicates("run")
    place = trained.groupby(["params", "ratio"]).cumcount()
    known = pd.to_numeric(trained["seed"], errors="coerce") if "seed" in trained else place
    logged = known.fillna(place)
    free = (logged.groupby(trained["params"]).max() + 1).to_dict()
    made = chosen[["params", "ratio", "tokens"]].reset_index(drop=True)
    repeat = made.groupby(["params", "ratio"]).cumcount()
    return made.assign(seed=[int(free.get(n, 0)) + k for n, k in zip(made["params"], repeat, strict=True)])


def ladder(runs: Runs) -> dict[int, float]:
    """depth -> params of a table whose bases are rungs of a ladder, named d<depth> in the column base; else empty."""
    frame = runs.rows("general")
    if "base" not in frame:
        return {}
    names = frame.groupby("params")["base"].first().astype(str)
    depths = names.str.fullmatch(r"d\d+")
    sizes = names.index.to_numpy(float)
    return {int(name[1:]): float(n) for n, name in zip(sizes, names, strict=True)} if bool(depths.all()) else {}


def rung(known: dict[int, float], params: float) -> tuple[int, float]:
    """The depth whose size is nearest to params, and that size: of a known rung, or about params ~ depth^3."""
    for depth, size in known.items():
        if same(size, params):
            return depth, size
    unit = float(np.exp(np.mean([np.log(size / depth**3) for depth, size in known.items()])))
    depth = max(1, round((params / unit) ** (1 / 3)))
    return depth, known.get(depth, unit * depth**3)


def _sizes(runs: Runs, there: list[float], question: Target, seen: BaseTokens, bases: Sequence[float]) -> list[float]:
    """The probed sizes, those of which there is a base, and new ones where the table says how long their base would be;
    none above the target's."""
    known = ladder(runs)
    new = [rung(known, f * there[-1])[1] if known else f * there[-1] for f in NEW] if seen.known and not bases else []
    return there + [size for size in (*bases, *new) if size <= question.params * (1 + SAME)]


def _own(size: float, there: list[float]) -> float:
    return next((own for own in there if size > 0 and same(own, size)), float(size))


def _ratios(runs: Runs) -> list[float]:
    """Those of the table, and a grid between them."""
    own = sorted(map(float, runs.rows("general")["ratio"].unique()))
    return sorted([*own, *(r for r in RATIOS if min(abs(r - o) for o in own) > 0.02)])


def _lengths(runs: Runs) -> list[float]:
    """The token counts at which runs of the table end; of those that differ by rounding only one."""
    ends = sorted(map(float, runs.rows("general").groupby("run", sort=False)["tokens"].max().unique()), reverse=True)
    kept: list[float] = []
    for end in ends:
        if not any(same(end, other) for other in kept):
            kept.append(end)
    return kept


def _check(sizes: Sequence[float], ratios: Sequence[float], lengths: Sequence[float]) -> None:
    for name, values in (("sizes", sizes), ("lengths", lengths)):
        bad = [value for value in values if not (np.isfinite(value) and value > 0)]
        if bad or not values:
            raise InputError(
                f"{name} must be above 0" + (f", not {format_count(bad[0])}" if bad else ", and there are none")
            )
    outside = [ratio for ratio in ratios if not 0 <= ratio <= 1]
    if outside or not ratios:
        raise InputError(
            "ratios must lie between 0 and 1" + (f", not {outside[0]:g}" if outside else ", and there are none")
        )
