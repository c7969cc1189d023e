"""Planning: from a fit to the critical mixture ratio for a model and a token budget. Names are loaded when first used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scaling.planning.allocate import Allocation, allocate_compute
    from scaling.planning.critical import critical_ratio
    from scaling.planning.limited import LimitedData, limited_data
    from scaling.planning.measured import measured_critical_ratio
    from scaling.planning.next.next_probes import next_probes
    from scaling.planning.next.next_result import NextProbes
    from scaling.planning.plan import Plan
    from scaling.planning.saved import load_plan
    from scaling.planning.target import Target
    from scaling.planning.tradeoff import Tradeoff, tradeoff_table

_WHERE = {
    "allocate": ("Allocation", "allocate_compute"),
    "critical": ("critical_ratio",),
    "limited": ("LimitedData", "limited_data"),
    "measured": ("measured_critical_ratio",),
    "next.next_probes": ("next_probes",),
    "next.next_result": ("NextProbes",),
    "plan": ("Plan",),
    "saved": ("load_plan",),
    "target": ("Target",),
    "tradeoff": ("Tradeoff", "tradeoff_table"),
}
_PUBLIC = {name: module for module, names in _WHERE.items() for name in names}

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


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_PUBLIC[name]}"), name)
    globals()[name] = value
    return value
