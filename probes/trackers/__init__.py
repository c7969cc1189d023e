"""Trackers (placeholder)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol


class Tracker(Protocol):
    """A tracked run."""

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Add values."""

    def close(self) -> None:
        """End."""


def names() -> list[str]:
    """Names of all trackers."""
    return []


def open_tracker(name: str, folder: Path, project: str, run: str, settings: dict[str, Any]) -> Tracker:
    """Open one."""
    raise KeyError(name)
