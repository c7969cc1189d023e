"""From probe runs to a critical mixture ratio for continued pre-training.

    runs = scaling.load_runs("runs.csv")
    fit = scaling.fit(runs, law="dcpt")
    plan = scaling.critical_ratio(fit, params=7e9, tokens=20e9, tolerance=0.05)

Names are loaded when first used, so that `import scaling` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scaling.errors import InputError as InputError
    from scaling.fitting import load_fit as load_fit
    from scaling.fitting.fit import fit as fit
    from scaling.planning import critical_ratio as critical_ratio
    from scaling.readers import load_runs as load_runs

__version__ = "0.1.0"

_PUBLIC = {
    "InputError": "scaling.errors",
    "critical_ratio": "scaling.planning",
    "fit": "scaling.fitting",
    "load_fit": "scaling.fitting",
    "load_runs": "scaling.readers",
}

__all__ = ["InputError", "critical_ratio", "fit", "load_fit", "load_runs"]


def __getattr__(name: str) -> Any:
    module = "scaling.plotting" if name.startswith("plot_") else _PUBLIC.get(name)
    if module is None:
        raise AttributeError(f"module 'scaling' has no attribute {name!r}")
    value = getattr(import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
