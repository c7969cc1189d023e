"""`scaling fit`: estimate a law's parameters from a run table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tyro.conf import Positional

from scaling.commands.options import print_json, print_notes, read_runs
from scaling.errors import InputError

if TYPE_CHECKING:
    from scaling.fitting import Fit as FitResult


@dataclass(frozen=True)
class Fit:
    """Fit a law to a run table, one fit a corpus, with intervals from resampled runs."""

    runs: Positional[Path]
    """The run table: .csv, .tsv, .jsonl or .parquet."""
    law: str = "dcpt"
    """The law's name."""
    out: Path | None = None
    """Where to write the fit (JSON), for predict and plan."""
    domain: str | None = None
    """Only the rows with this value in the column domain."""
    burn_in: float | None = None
    """Share of each run's tokens to leave out at its beginning, where the general loss first rises."""
    level: float = 0.9
    """Level of the intervals."""
    draws: int = 200
    """Number of resampled fits."""
    seed: int = 0
    """Seed of the resampling."""
    resample: Literal["runs", "wild", "sandwich"] = "runs"
    """Weights of whole runs, or flips of their residuals; too few runs give wild by themselves."""
    loss: Literal["huber", "squared"] | None = None
    """What is summed over rows; by default huber, squared for laws of differences."""
    raw: bool = False
    """Of plain residuals (nats) instead of log residuals."""
    weights: Literal["se"] | None = None
    """se: weight rows by the columns general_loss_se and domain_loss_se."""
    json: bool = False
    """Print one JSON object instead of text."""

    def __call__(self) -> None:
        """Fit, save where asked, print."""
        if self.out is not None and not self.out.expanduser().parent.is_dir():
            raise InputError(f"{self.out}: the folder {self.out.parent} is not there")
        runs = read_runs(self.runs, self.domain)
        result = self._fit(runs)
        if self.out is not None:
            result.save(self.out.expanduser())
        if self.json:
            print_json(result.to_json_dict())
            return
        print(result.summary())
        print_notes(warning for warning in runs.warnings if warning not in result.warnings)

    def _fit(self, runs: object) -> FitResult:
        from scaling.fitting import fit
        from scaling.runs import Runs

        assert isinstance(runs, Runs)
        names = ("law", "level", "draws", "seed", "burn_in", "resample", "loss", "weights")
        return fit(runs, **{name: getattr(self, name) for name in names}, residual="raw" if self.raw else None)
