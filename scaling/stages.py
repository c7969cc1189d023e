"""The two stages of a run table with branches, and which runs share their luck.

A branch is a short anneal that left another run, its trunk (column `trunk`), and ended with the learning rate at zero.
Its loss is that of a finished run; the trunk's at the same token count is that of a run in its middle, and higher. Fitted
as one they would be one curve with two values, so a table is read at one stage. Trunk and branches saw the same data in
the same order, so for resampling they are one unit.

Nothing heavy is imported here: the commands take their option from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from scaling.errors import InputError
from scaling.nearness import SAME
from scaling.notes import Note, note
from scaling.units import counted

if TYPE_CHECKING:
    import pandas as pd

Stage = Literal["auto", "trunk", "branches", "all"]
STAGES: tuple[Stage, ...] = get_args(Stage)


def units(frame: pd.DataFrame) -> pd.Series[str]:
    """The unit of resampling (n,) of each row: the trunk where its run is a branch, else the run."""
    return frame["trunk"].where(frame["trunk"].notna(), frame["run"]) if "trunk" in frame else frame["run"]


def branch_rows(frame: pd.DataFrame) -> pd.Series[bool]:
    """Whether each row (n,) holds the trained loss of a branch."""
    trained = frame["tokens"] > 0
    return trained & frame["trunk"].notna() if "trunk" in frame else trained & False


def two_stages(frame: pd.DataFrame) -> bool:
    """Whether a table holds trained losses of branches and of other runs."""
    branch = branch_rows(frame)[frame["tokens"] > 0]
    return bool(branch.any() and not branch.all())


def described(frame: pd.DataFrame) -> dict[str, Any]:
    """How many trunks and branches a table has, and the token counts at which branches end."""
    rows = frame[branch_rows(frame)]
    if rows.empty:
        return {"trunks": 0, "branches": 0, "branch_ends": []}
    ends = rows.groupby("run")["tokens"].max()
    return {
        "trunks": int(rows["trunk"].nunique()),
        "branches": len(ends),
        "branch_ends": sorted(map(float, ends.unique())),
    }


def choose(frame: pd.DataFrame, which: str, source: str) -> tuple[pd.Series[bool], Note | None]:
    """The rows (n,) of a stage, those at tokens 0 always among them, and a note on what is left out, if anything.

    "trunk": all but branches. "branches": branches alone. "all": everything. "auto": branches, if they are at every size
    and ratio (and domain) at which other runs are, and end at two token counts or more or have two sizes or more; else
    trunk. A table of one stage stays as it is; asked for the other one it is an InputError.
    """
    if which not in STAGES:
        raise InputError(f"stage is {which!r}, but it must be one of {', '.join(STAGES)}")
    branch, start = branch_rows(frame), frame["tokens"] == 0
    other = ~branch & ~start
    if which == "branches" and not branch.any():
        raise InputError(f"{source}: no row has a name in column trunk, so there are no branches to choose")
    if which == "trunk" and not other.any():
        raise InputError(
            f"{source}: every row after tokens 0 has a name in column trunk, so there are no losses of trunks to "
            "choose (stage='all' keeps both when a table is read)"
        )
    if which == "all" or not (branch.any() and other.any()):
        return start | branch | other, None
    lacks = _lacks(frame, branch, other) if which == "auto" else ""
    kept = which if which != "auto" else "trunk" if lacks else "branches"
    gone = _counted(frame, branch, "branch") if kept == "trunk" else _counted(frame, other, "other run")
    why = lacks or "branches are at every size and ratio"
    said = note("stage_by_itself", kept=kept, gone=gone, why=why)
    if which != "auto":
        said = note("stage_chosen", kept=kept, gone=gone)
    return start | (other if kept == "trunk" else branch), said


def _lacks(frame: pd.DataFrame, branch: pd.Series[bool], other: pd.Series[bool]) -> str:
    """What branches lack to be fitted in place of the other runs; "" for nothing."""
    keys = [name for name in ("params", "ratio", "domain") if name in frame]
    cell = frame.groupby(keys, dropna=False).ngroup()
    needed = set(cell[other])
    missing = len(needed - set(cell[branch]))
    if missing:
        return f"{missing} of {len(needed)} pairs of size and ratio have no branch"
    tokens = frame.loc[branch, "tokens"]
    if frame.loc[branch, "params"].nunique() < 2 and tokens.max() <= (1 + SAME) * tokens.min():
        return "branches are of one size and end at one token count"
    return ""


def _counted(frame: pd.DataFrame, rows: pd.Series[bool], what: str) -> str:
    """ "3 rows of 2 branches are": how many rows, of how many runs."""
    count = int(rows.sum())
    return f"{counted(count, 'row')} of {counted(int(frame.loc[rows, 'run'].nunique()), what)} {'are' if count > 1 else 'is'}"
