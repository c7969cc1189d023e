"""`scaling demo`: the whole way from a run table to an answer, by default on the sweep that comes with the package."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tyro.conf import Positional

from scaling.commands.options import print_json
from scaling.errors import InputError
from scaling.example import EXAMPLE


@dataclass(frozen=True)
class Demo:
    """Fit, plan and draw: the whole way from a run table to an answer, in four figures."""

    runs: Positional[Path] = EXAMPLE
    """The run table. By default the small sweep that comes with the package."""
    out: Path = Path("out")
    """The folder for fit.json and the figures; it is created if missing."""
    larger: float = 4.0
    """The target is this many times the largest probe."""
    tolerance: float = 0.05
    """Allowed rise of the general loss, nats per token."""
    json: bool = False
    """Print one JSON object instead of text."""

    def __call__(self) -> None:
        """Answer, write, print."""
        from scaling.demo import answer, show

        out = self.out.expanduser()
        if blocked := next((path for path in (out, *out.parents) if path.exists() and not path.is_dir()), None):
            raise InputError(f"{blocked}: is a file, so name another folder with --out")
        found = answer(self.runs, self.larger, self.tolerance)
        files = found.write(out)
        if self.json:
            print_json({"out": str(out), "files": [path.name for path in files], **found.to_json_dict()})
        else:
            show(found, files)
