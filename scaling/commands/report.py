"""`scaling report`: a run table, its fit and a plan as one HTML page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from scaling.commands.options import MaybeCount, print_json, read_fit
from scaling.commands.progress import watched
from scaling.commands.target import Limits
from scaling.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Report(Limits):
    """Write one self-contained page: the answer, how sure it is, figures, tables, and a planner that works in the page."""

    out: Path
    """The HTML file to write."""
    params: MaybeCount = None
    """Parameters of the model to train, counted as in the run table; 7e9 or 7B. By default the largest probed size."""
    tokens: MaybeCount = None
    """CPT tokens it will see; 20e9 or 20B. By default the largest probed token count."""

    def __call__(self) -> None:
        """Fit, plan, validate, draw, write."""
        from scaling.report import gather, write_report

        if self.out.resolve() == self.source.resolve():
            raise InputError(f"{self.out}: this is the run table, which the page would replace")
        if self.out.suffix.lower() not in (".html", ".htm") or self.out.is_dir():
            raise InputError(f"{self.out}: the page is an HTML file, so that --out must end in .html")
        if not self.out.parent.is_dir():  # said before the work, not after it
            raise InputError(f"{self.out}: cannot be written (there is no folder {self.out.parent})")
        fitted, runs = read_fit(self.source, self.law, self.domain, self.stage)
        if runs is None:
            raise InputError(f"{self.source.name}: a report needs the run table that the fit was made from, not a fit")
        with watched("writing the report") as watch:
            contents = gather(runs, fitted, self.params, self.tokens, watch=watch, **self.limits)
        write_report(contents, self.out)
        if self.json:
            print_json({"out": str(self.out), **contents.plan.to_json_dict()})
        else:
            print(f"{contents.plan.summary()}\nwrote {self.out}")
