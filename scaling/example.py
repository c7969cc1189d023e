"""A small sweep that comes with the package, to try everything on without a checkout or runs of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from scaling.stages import Stage

if TYPE_CHECKING:
    from scaling.runs import Runs

EXAMPLE = Path(__file__).with_name("assets") / "prose-python.parquet"


def example_runs(stage: Stage = "auto") -> Runs:
    """The shipped sweep: English prose with Python code, 585 rows of 45 runs at three model sizes.

    It is data/runs/prose-python.parquet of the repository, made by that project's own probes. stage: see `load_runs`.

    >>> import scaling
    >>> scaling.example_runs().frame["params"].nunique()
    3
    """
    from scaling.readers import load_runs

    return load_runs(EXAMPLE, stage)
