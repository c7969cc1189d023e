"""Planning: from a fit to the critical mixture ratio for a model and a token budget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scaling.planning.allocate import Allocation, allocate_compute
from scaling.planning.critical import critical_ratio
from scaling.planning.limited import LimitedData, limited_data
from scaling.planning.measured import measured_critical_ratio
from scaling.planning.next.next_probes import next_probes
from scaling.planning.next.next_result import NextProbes
from scaling.planning.plan import Plan
from scaling.planning.target import Target
from scaling.planning.tradeoff import Tradeoff, tradeoff_table

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
