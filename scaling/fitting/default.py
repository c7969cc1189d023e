"""Which law is fitted where nobody says: the same behind every door."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scaling.notes import Note, note

if TYPE_CHECKING:
    from scaling.runs import Runs

AUTO, DEFAULT, WITHOUT_BASE = "auto", "forgetting", "dcpt"


def chosen_law(runs: Runs, law: str = AUTO) -> tuple[str, Note | None]:
    """The name of the law that is asked for, and of "auto" that of the default, with a sentence where it is another.

    Over three tolerances the forgetting law predicts the critical ratio of held-out sizes best
    (benchmarks/results/critical_ratio_rollout.md); it needs the base general loss of every size. Where a table lacks one,
    or any general loss, D-CPT is taken.
    """
    if law != AUTO:
        return law, None
    trained = runs.rows("general")
    missing = sorted(set(trained["params"]) - set(runs.base("general")["params"]))
    if trained.empty:
        return WITHOUT_BASE, None
    if missing:
        size = f"{missing[0]:.3g}"
        return WITHOUT_BASE, note("law_without_base", law=WITHOUT_BASE, size=size, default=DEFAULT)
    return DEFAULT, None
