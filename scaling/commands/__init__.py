"""One file per command: a dataclass of its options, called to do the work. Heavy imports wait for the call."""

from __future__ import annotations

from functools import reduce
from importlib import import_module
from operator import or_
from typing import Annotated, Any

COMMANDS = (
    "check",
    "fit",
    "predict",
    "plan",
    "tradeoff",
    "next",
    "limited",
    "allocate",
    "validate",
    "compare",
    "report",
    "demo",
)


def command(name: str) -> Any:
    """The options of one command: the dataclass of its file."""
    return getattr(import_module(f"{__name__}.{name}"), name.capitalize())


def every_command() -> Any:
    """Any of them, in their order."""
    from tyro.conf import subcommand

    return reduce(or_, (Annotated[command(name), subcommand(name)] for name in COMMANDS))
