"""`scaling fit`: estimate a law's parameters from a run table."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tyro.conf import OmitArgPrefixes, Positional

from scaling.commands.options import Objective, print_json, print_notes, read_runs
from scaling.errors import InputError

if TYPE_CHECKING:
    from scaling.fitting import Fit as FitResult
    from scaling.fitting import Profile as ProfileResult
    from scaling.runs import Runs


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
    objective: OmitArgPrefixes[Objective] = field(default_factory=Objective)
    profile: tuple[str, ...] = ()
    """Parameters to give profile intervals of: each is held on a grid and all others are fitted anew."""
    json: bool = False
    """Print one JSON object instead of text."""

    def __call__(self) -> None:
        """Fit, save where asked, print."""
        if self.out is not None and not self.out.expanduser().parent.is_dir():
            raise InputError(f"{self.out}: the folder {self.out.parent} is not there")
        runs = read_runs(self.runs, self.domain)
        result = self._fit(runs)
        profiles = self._profiles(runs, result)
        if self.out is not None:
            result.save(self.out.expanduser())
        if self.json:
            answer = result.to_json_dict()
            for corpus, found in profiles.items():
                answer[corpus]["profiles"] = {one.name: one.to_json_dict() for one in found}
            print_json(answer)
            return
        print(result.summary())
        for corpus, found in profiles.items():
            print(
                "\n".join(
                    [f"{corpus} loss: profile intervals ({100 * self.level:g} %)", *(one.line() for one in found)]
                )
            )
        print_notes(warning for warning in runs.warnings if warning not in result.warnings)

    def _fit(self, runs: Runs) -> FitResult:
        from scaling.fitting import fit

        names = ("law", "level", "draws", "seed", "burn_in", "resample")
        return fit(runs, **{name: getattr(self, name) for name in names}, **self.objective.options())

    def _profiles(self, runs: Runs, result: FitResult) -> dict[str, list[ProfileResult]]:
        """Corpus -> a profile of every parameter asked for."""
        from scaling.fitting import profile

        options = {"law": self.law, "level": self.level, "burn_in": result.burn_in, **self.objective.options()}
        corpora = result.corpora if self.profile else {}
        return {c: [profile(runs, name, corpus=c, **options) for name in self.profile] for c in corpora}
