"""Planning: from a fit to the critical mixture ratio for a model and a token budget."""

from scaling.planning.allocate import allocate_compute
from scaling.planning.allocate_result import Allocation
from scaling.planning.cmr import cmr_plan
from scaling.planning.critical import critical_ratio
from scaling.planning.default import planning_law
from scaling.planning.limited import limited_data
from scaling.planning.limited_result import LimitedData
from scaling.planning.linked import linked_ratio
from scaling.planning.measured import measured_critical_ratio
from scaling.planning.next_probes import next_probes
from scaling.planning.next_result import NextProbes
from scaling.planning.result import Plan
from scaling.planning.tradeoff import tradeoff_table
from scaling.planning.tradeoff_result import Tradeoff

__all__ = [
    "Allocation",
    "LimitedData",
    "NextProbes",
    "Plan",
    "Tradeoff",
    "allocate_compute",
    "cmr_plan",
    "critical_ratio",
    "limited_data",
    "linked_ratio",
    "measured_critical_ratio",
    "next_probes",
    "planning_law",
    "tradeoff_table",
]
