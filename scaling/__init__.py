"""From probe runs to a critical mixture ratio for continued pre-training.

    runs = scaling.load_runs("runs.csv")
    fit = scaling.fit(runs, law="dcpt")
    plan = scaling.critical_ratio(fit, params=7e9, tokens=20e9, tolerance=0.05)

Names are loaded when first used, so that `import scaling` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from scaling.version import VERSION

if TYPE_CHECKING:
    from scaling.errors import InputError as InputError
    from scaling.example import example_runs as example_runs
    from scaling.fitting import load_fit as load_fit
    from scaling.fitting.fit import fit as fit
    from scaling.fitting.intervals.profile import profile as profile
    from scaling.fitting.validation import compare_laws as compare_laws
    from scaling.fitting.validation import validate_law as validate_law
    from scaling.planning import Allocation as Allocation
    from scaling.planning import LimitedData as LimitedData
    from scaling.planning import NextProbes as NextProbes
    from scaling.planning import Tradeoff as Tradeoff
    from scaling.planning import allocate_compute as allocate_compute
    from scaling.planning import cmr_plan as cmr_plan
    from scaling.planning import critical_ratio as critical_ratio
    from scaling.planning import limited_data as limited_data
    from scaling.planning import linked_ratio as linked_ratio
    from scaling.planning import measured_critical_ratio as measured_critical_ratio
    from scaling.planning import next_probes as next_probes
    from scaling.planning import tradeoff_table as tradeoff_table
    from scaling.plotting import plot_critical_ratio as plot_critical_ratio
    from scaling.plotting import plot_critical_ratio_by_tokens as plot_critical_ratio_by_tokens
    from scaling.plotting import plot_fit as plot_fit
    from scaling.plotting import plot_loss_by_ratio as plot_loss_by_ratio
    from scaling.plotting import plot_loss_by_tokens as plot_loss_by_tokens
    from scaling.plotting import plot_observed_predicted as plot_observed_predicted
    from scaling.plotting import plot_parameters as plot_parameters
    from scaling.plotting import plot_residuals as plot_residuals
    from scaling.plotting import plot_rollout as plot_rollout
    from scaling.plotting import plot_surface as plot_surface
    from scaling.plotting import plot_tradeoff as plot_tradeoff
    from scaling.readers import load_runs as load_runs

__version__ = VERSION

_PUBLIC = {
    "Allocation": "scaling.planning",
    "InputError": "scaling.errors",
    "LimitedData": "scaling.planning",
    "NextProbes": "scaling.planning",
    "Tradeoff": "scaling.planning",
    "allocate_compute": "scaling.planning",
    "cmr_plan": "scaling.planning",
    "compare_laws": "scaling.fitting.validation",
    "critical_ratio": "scaling.planning",
    "example_runs": "scaling.example",
    "fit": "scaling.fitting",
    "limited_data": "scaling.planning",
    "linked_ratio": "scaling.planning",
    "load_fit": "scaling.fitting",
    "load_runs": "scaling.readers",
    "measured_critical_ratio": "scaling.planning",
    "next_probes": "scaling.planning",
    "plot_critical_ratio": "scaling.plotting",
    "plot_critical_ratio_by_tokens": "scaling.plotting",
    "plot_fit": "scaling.plotting",
    "plot_loss_by_ratio": "scaling.plotting",
    "plot_loss_by_tokens": "scaling.plotting",
    "plot_observed_predicted": "scaling.plotting",
    "plot_parameters": "scaling.plotting",
    "plot_residuals": "scaling.plotting",
    "plot_rollout": "scaling.plotting",
    "plot_surface": "scaling.plotting",
    "plot_tradeoff": "scaling.plotting",
    "profile": "scaling.fitting",
    "tradeoff_table": "scaling.planning",
    "validate_law": "scaling.fitting.validation",
}

__all__ = [
    "Allocation",
    "InputError",
    "LimitedData",
    "NextProbes",
    "Tradeoff",
    "allocate_compute",
    "cmr_plan",
    "compare_laws",
    "critical_ratio",
    "example_runs",
    "fit",
    "limited_data",
    "linked_ratio",
    "load_fit",
    "load_runs",
    "measured_critical_ratio",
    "next_probes",
    "plot_critical_ratio",
    "plot_critical_ratio_by_tokens",
    "plot_fit",
    "plot_loss_by_ratio",
    "plot_loss_by_tokens",
    "plot_observed_predicted",
    "plot_parameters",
    "plot_residuals",
    "plot_rollout",
    "plot_surface",
    "plot_tradeoff",
    "profile",
    "tradeoff_table",
    "validate_law",
]


def __getattr__(name: str) -> Any:
    module = _PUBLIC.get(name)
    if module is None:
        raise AttributeError(f"module 'scaling' has no attribute {name!r}")
    value = getattr(import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
