"""From probe runs to a critical mixture ratio for continued pre-training.

    runs = scaling.load_runs("runs.csv")
    fit = scaling.fit(runs)
    plan = scaling.critical_ratio(fit, params=7e9, tokens=20e9, tolerance=0.05)
    scaling.plot.tradeoff(fit, params=7e9, tokens=20e9)

Names are loaded when first used, so that `import scaling` is quick. Their types are in `__init__.pyi`.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from scaling.version import VERSION

__version__ = VERSION

_WHERE = {
    "scaling.errors": ("InputError",),
    "scaling.example": ("example_runs",),
    "scaling.fitting": ("Estimate", "Fit", "Profile", "fit", "load_fit", "profile"),
    "scaling.fitting.validation": ("Comparison", "Validation", "compare_laws", "validate_law"),
    "scaling.planning": (
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
    ),
    "scaling.readers": ("load_runs",),
    "scaling.runs": ("Runs",),
}
_PUBLIC = {name: module for module, names in _WHERE.items() for name in names}

__all__ = ["plot", *sorted(_PUBLIC)]


def __getattr__(name: str) -> Any:
    if name == "plot":
        return import_module("scaling.plot")
    module = _PUBLIC.get(name)
    if module is None:
        raise AttributeError(f"module 'scaling' has no attribute {name!r}")
    value = getattr(import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
