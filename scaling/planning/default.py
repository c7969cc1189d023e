"""Which law a plan is made with where nobody says."""

from __future__ import annotations

from scaling.runs import Runs

DEFAULT, WITHOUT_BASE = "forgetting", "dcpt"


def planning_law(runs: Runs) -> tuple[str, str]:
    """The law's name, and a sentence where it is not the default one.

    Over three tolerances the forgetting law predicts the critical ratio of held-out sizes best
    (benchmarks/results/critical_ratio_rollout.md); it needs the base general loss of every size. Where a table lacks one,
    or any general loss, D-CPT is taken.
    """
    trained = runs.rows("general")
    missing = sorted(set(trained["params"]) - set(runs.base("general")["params"]))
    if trained.empty:
        return WITHOUT_BASE, ""
    if missing:
        size = f"{missing[0]:.3g}"
        return WITHOUT_BASE, (
            f"planned with the law {WITHOUT_BASE}: there is no base general loss (a row with tokens = 0) at params = {size}, "
            f"which the law {DEFAULT} needs and with which plans for other sizes are better"
        )
    return DEFAULT, ""
