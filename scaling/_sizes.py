"""Sizes that count as one: a base logged as 70M whose runs are logged as 70,426,624."""

from __future__ import annotations

import numpy as np
import pandas as pd

from scaling.nearness import groups

LOGGED = "logged_params"  # what the table wrote, where `params` holds the size that it counts as


def joined_sizes(table: pd.DataFrame) -> pd.DataFrame:
    """The table with one value of params for sizes within 1 %: the one that most trained rows have.

    What was logged is kept in the column logged_params, which fits look at; without sizes to join there is none.
    """
    size = groups(table["params"])
    trained = (table["tokens"] > 0).to_numpy()
    logged = table["params"].to_numpy(float)
    counted = pd.DataFrame({"size": size, "params": logged, "rows": trained.astype(int)})
    totals = counted.groupby(["size", "params"])["rows"].sum().reset_index()
    if len(totals) == size.max() + 1:
        return table
    usual = totals.sort_values(["size", "rows", "params"], ascending=[True, False, True]).drop_duplicates("size")
    one = usual["params"].to_numpy()[np.asarray(size)]
    return table.assign(params=one, **({} if LOGGED in table else {LOGGED: logged}))
