"""Planning: from a fit to the critical mixture ratio for a model and a token budget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scaling.planning.design.next_probes import next_probes
from scaling.planning.design.next_result import NextProbes
from scaling.planning.measured import measured_critical_ratio
from scaling.planning.plan import critical_ratio
from scaling.planning.result import Plan
from scaling.planning.target import Target
from scaling.planning.uses.allocate import allocate_compute
from scaling.planning.uses.allocate_result import Allocation
from scaling.planning.uses.limited import limited_data
from scaling.planning.uses.limited_result import LimitedData
from scaling.planning.uses.tradeoff import tradeoff_table
from scaling.planning.uses.tradeoff_result import Tradeoff

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "Allocation",
    "LimitedData",
    "NextProbes",
    "Plan",
    "Target",
    "Tradeoff",
    "allocate_compute",
    "critical_ratio",
    "limited_data",
    "load_plan",
    "measured_critical_ratio",
    "next_probes",
    "tradeoff_table",
]


def load_plan(path: str | Path) -> Plan:
    """Read a plan that `Plan.save` wrote. Raises InputError, naming the file, for anything else."""
    from scaling.planning.saved import load_plan as load  # pydantic is slow to import and most callers do not need it

    return load(path)
