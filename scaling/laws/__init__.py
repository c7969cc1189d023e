"""The published laws, one file each, found by looking through this package: adding a law is adding a file.

A law module has a public `LAW` (or `LAWS`, a tuple). A law without a file is made known by `register`.
docs/add-a-law.md shows both.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from scaling.errors import InputError
from scaling.laws.base import FunctionLaw, Law, Parameter
from scaling.laws.factors import Factor, Power
from scaling.laws.terms import Term, TermLaw

__all__ = [
    "Factor",
    "FunctionLaw",
    "Law",
    "Parameter",
    "Power",
    "Term",
    "TermLaw",
    "get_law",
    "law_names",
    "law_of",
    "register",
]

_registered: dict[str, Law] = {}


@cache
def _shipped() -> dict[str, Law]:
    found: dict[str, Law] = {}
    for entry in sorted(pkgutil.iter_modules(__path__), key=lambda m: m.name):
        module = importlib.import_module(f"{__name__}.{entry.name}")
        declared = (*getattr(module, "LAWS", ()), *((module.LAW,) if hasattr(module, "LAW") else ()))
        for law in declared:
            assert law.name not in found, f"two laws are called {law.name}"
            found[law.name] = law
    return found


def _laws() -> dict[str, Law]:
    return {**_shipped(), **_registered}


def law_names() -> tuple[str, ...]:
    """The names of all laws, in alphabetical order."""
    return tuple(sorted(_laws()))


def register(law: Law) -> Law:
    """Make a law known by its name until Python ends, and return it.

    Registering another law of that name replaces it, so that a notebook's cell can be run again. Fits hold the name,
    so those made before then mean the new law. Raises InputError for the name of a law of this package.
    """
    if law.name in _shipped():
        raise InputError(f"there is a law called {law.name!r} already: give yours another name")
    _registered[law.name] = law
    return law


def get_law(name: str) -> Law:
    """The law of that name. Raises InputError for a name that is not there.

    >>> import numpy as np
    >>> law = get_law("chinchilla")
    >>> law.text(), law.variables
    ('L = E + A / N^alpha + B / D^beta', ('params', 'tokens'))
    >>> theta = np.array([1.69, 406.4, 0.34, 410.7, 0.28])  # E, A, alpha, B, beta of the authors
    >>> law.value(theta, {"params": np.array([70e9]), "tokens": np.array([1.4e12])}).round(2)
    array([1.94])
    """
    laws = _laws()
    if name not in laws:
        raise InputError(f"there is no law called {name!r}; the laws are {', '.join(law_names())}")
    return laws[name]


def law_of(law: Law, corpus: str) -> Law:
    """The law that a fit of `law` takes for a corpus: its partner for the domain loss, where it has one."""
    return get_law(law.partner) if corpus == "domain" and law.partner is not None else law
