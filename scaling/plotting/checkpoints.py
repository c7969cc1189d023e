"""The token counts at which several runs of one size were scored."""

from __future__ import annotations

import numpy as np
import pandas as pd

from scaling.nearness import SAME


def checkpoints(rows: pd.DataFrame) -> dict[float, pd.DataFrame]:
    """Rows by token count, counts within 1 % taken as one and named by the largest; those with most of the ratios only,
    and always the last."""
    tokens = np.sort(rows["tokens"].unique())
    group = np.cumsum(np.diff(tokens, prepend=tokens[0]) > SAME * tokens)
    parts = rows.groupby(rows["tokens"].map(dict(zip(tokens, group, strict=True))))
    found = {float(part["tokens"].max()): part for _, part in parts}
    most = max(part["ratio"].nunique() for part in found.values())
    return {n: part for n, part in found.items() if part["ratio"].nunique() > most / 2 or n == max(found)}
