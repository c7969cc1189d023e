"""`scaling fit`: estimate a law's parameters from a run table."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tyro.conf import OmitArgPrefixes, Positional

from scaling.commands.options import (
    AUTO,
    LawOption,
    Objective,
    StageOption,
    print_json,
    print_notes,
    read_runs,
    writable,
)
from scaling.errors import InputError

if TYPE_CHECKING:
    from scaling.fitting import Fit as FitResult
    from scaling.fitting import Profile as ProfileResult
    from scaling.runs import Runs


@dataclass(frozen=True)
class Fit:
    """Fit a law to a run table, one fit per corpus, with intervals from resampled runs."""

    runs: Positional[Path]
    """The run table: .csv, .tsv, .jsonl or .parquet."""
    law: LawOption = AUTO
    out: Path | None = None
    """Where to write the fit (JSON), for predict and plan."""
    domain: str | None = None
    """Only the rows with this value in the column domain."""
    stage: StageOption = "auto"
    burn_in: float | None = None
    """Share of each run's tokens to leave out at its beginning, where the general loss first rises."""
    level: float = 0.9
    """Level of the intervals."""
    draws: int = 200
    """Number of resampled fits."""
    seed: int = 0
    """Seed of the resampling."""
    resample: Literal["runs", "wild", "sandwich"] = "runs"
    """Weights of whole runs, or flips of their residuals; with too few runs, wild is used automatically."""
    objective: OmitArgPrefixes[Objective] = field(default_factory=Objective)
    profile: tuple[str, ...] = ()
    """Parameters to give profile intervals of: each is fixed on a grid and all others are fitted again."""
    json: bool = False
    """Print one JSON object instead of text."""

    def __call__(self) -> None:
        """Fit, save where asked, print."""
        out = writable(self.out, self.runs, "the run table itself; write the fit to another file")
        runs = read_runs(self.runs, self.domain, self.stage)
        result = self._fit(runs)
        profiles = self._profiles(runs, result)
        if out is not None:
            result.save(out)
        if self.json:
            answer = result.to_json_dict()
            for corpus, found in profiles.items():
                answer[corpus]["profiles"] = {name: _profile_json(one) for name, one in found.items()}
            print_json(answer)
            return
        print(result.summary())
        for corpus, found in profiles.items():
            print(f"{corpus} loss: profile intervals ({100 * self.level:g} %)")
            print("\n".join(one.line() if not isinstance(one, str) else f"  {one}" for one in found.values()))
        print_notes(warning for warning in runs.warnings if warning not in result.warnings)

    def _fit(self, runs: Runs) -> FitResult:
        from scaling.fitting import fit

        names = ("law", "level", "draws", "seed", "burn_in", "resample")
        return fit(runs, **{name: getattr(self, name) for name in names}, **self.objective.options())

    def _profiles(self, runs: Runs, result: FitResult) -> dict[str, dict[str, ProfileResult | str]]:
        """Corpus -> parameter -> its profile, or why it has none there. InputError where it has none in any corpus."""
        from scaling.fitting import profile

        options = {"law": result.law.name, "level": self.level, "burn_in": result.burn_in, **self.objective.options()}
        found: dict[str, dict[str, ProfileResult | str]] = {corpus: {} for corpus in result.corpora if self.profile}
        for name in self.profile:
            for corpus in found:
                try:
                    found[corpus][name] = profile(runs, name, corpus=corpus, **options)
                except InputError as reason:
                    found[corpus][name] = str(reason).removeprefix(f"{runs.source}: ")
            if all(isinstance(one[name], str) for one in found.values()):
                raise InputError(f"{runs.source}: {next(iter(found.values()))[name]}")
        return found


def _profile_json(found: ProfileResult | str) -> dict[str, Any]:
    nothing: dict[str, Any] = {"value": None, "low": None, "high": None, "open": []}
    return {**nothing, "why": found} if isinstance(found, str) else found.to_json_dict()
