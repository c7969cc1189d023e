"""How far a plan walks: calls between modules of scaling/planning/ on the way from a fit to its plan.

    python benchmarks/walk.py [--show]

Counted with sys.setprofile: a call counts where a function of one planning module calls one of another. Properties and methods
are calls; imports are done before.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

import scaling

PLANNING = str(Path(scaling.__file__).parent / "planning")


def walk(fit: scaling.Fit, target: scaling.Target) -> Counter[tuple[str, str, str]]:
    """(from module, to module, function) -> calls, of one plan."""
    found: Counter[tuple[str, str, str]] = Counter()

    def profile(frame: FrameType, event: str, _: Any) -> None:
        caller = frame.f_back
        if event != "call" or caller is None:
            return
        here, there = caller.f_code.co_filename, frame.f_code.co_filename
        if here != there and here.startswith(PLANNING) and there.startswith(PLANNING):
            found[Path(here).stem, Path(there).stem, frame.f_code.co_qualname] += 1

    scaling.critical_ratio(fit, target)  # imports done
    sys.setprofile(profile)
    try:
        scaling.critical_ratio(fit, target)
    finally:
        sys.setprofile(None)
    return found


def main() -> None:
    """Print the number of different ways between modules, and of calls."""
    fit = scaling.fit(scaling.example_runs(), draws=50)
    found = walk(fit, scaling.Target(10.6e6, 524_288))
    if "--show" in sys.argv:
        for (here, there, name), count in found.items():
            print(f"{here:15} -> {there:15} {name} ({count})")
    print(f"{len(found)} ways between modules, {sum(found.values())} calls")


if __name__ == "__main__":
    main()
