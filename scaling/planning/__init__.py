"""Planning: from a fit to the critical mixture ratio for a model and a token budget."""

from scaling.planning.across.cmr import cmr_plan
from scaling.planning.across.linked import linked_ratio
from scaling.planning.critical import critical_ratio
from scaling.planning.design.next_probes import next_probes
from scaling.planning.design.next_result import NextProbes
from scaling.planning.measured import measured_critical_ratio
from scaling.planning.result import Plan
from scaling.planning.uses.allocate import allocate_compute
from scaling.planning.uses.allocate_result import Allocation
from scaling.planning.uses.limited import limited_data
from scaling.planning.uses.limited_result import LimitedData
from scaling.planning.uses.tradeoff import tradeoff_table
from scaling.planning.uses.tradeoff_result import Tradeoff

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
    "tradeoff_table",
]
