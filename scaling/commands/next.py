"""`scaling next`: which probes to train next."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tyro.conf import Positional

from scaling.commands.options import Count, as_json, print_json, read_runs
from scaling.commands.target import Target
from scaling.errors import InputError
from scaling.nearness import same
from scaling.storage import write_text

if TYPE_CHECKING:
    from scaling.planning.next.next_result import NextProbes
    from scaling.runs import Runs


@dataclass(frozen=True, kw_only=True)
class Next(Target):
    """Find the runs that would shrink the interval of the critical ratio most for their compute."""

    source: Positional[Path]
    """A run table."""
    budget: Count
    """FLOPs for new runs: 6 x params x tokens each, and that of the base where a size has none."""
    sizes: tuple[Count, ...] = ()
    """Sizes of the runs to choose from; by default those of the table, of --bases, or twice the largest."""
    ratios: tuple[float, ...] = ()
    """Their ratios; by default those of the table and steps of 0.1."""
    lengths: tuple[Count, ...] = ()
    """Their tokens; by default those at which runs of the table end."""
    bases: tuple[Count, ...] = ()
    """Sizes of which there is a base that no run has used: they cost no pre-training."""
    checkpoints: int = 9
    """Checkpoints of each run."""
    out: Path | None = None
    """Where to write the runs (JSON), for `probes extend`."""

    def __call__(self) -> None:
        """Choose, write and print."""
        self._check_out()
        runs = read_runs(self.source, self.domain, self.stage)
        found = self._chosen(runs)
        answer = self._answer(found, runs)
        if self.out is not None:
            write_text(self.out, as_json(answer) + "\n")
        if self.json:
            print_json(answer)
        else:
            print("\n".join([found.summary(), *([f"wrote {self.out}"] if self.out else [])]))

    def _check_out(self) -> None:
        """InputError for a place that cannot be meant, before the work is done."""
        if self.out is None:
            return
        if self.out.suffix.lower() != ".json":
            raise InputError(
                f"{self.out}: name a .json file; `probes extend SWEEP.yaml --with it --out NEXT.yaml` makes it a sweep"
            )
        if not self.out.parent.is_dir():
            raise InputError(f"{self.out}: the folder {self.out.parent} is not there; make it first")

    def _chosen(self, runs: Runs) -> NextProbes:
        from scaling.planning import next_probes

        return next_probes(
            runs,
            self.target,
            budget=self.budget,
            law=self.law,
            sizes=self.sizes or None,
            ratios=self.ratios or None,
            lengths=self.lengths or None,
            bases=self.bases,
            checkpoints=self.checkpoints,
        )

    def _answer(self, found: NextProbes, runs: Runs) -> dict[str, Any]:
        """The contract of `next_probes`, and what it takes to train the runs: their bases' names and their checkpoints."""
        answer = found.to_json_dict()
        named = [{**run, "base": _base(runs, run["params"])} for run in answer["runs"]]
        return {**answer, "runs": named, "checkpoints": self.checkpoints}


def _base(runs: Runs, params: float) -> str | None:
    """What the table calls its base of that size; None where it has none of that size, or no name for it."""
    frame = runs.rows("general")
    if "base" not in frame:
        return None
    named = frame.dropna(subset="base")
    return next(
        (str(base) for size, base in zip(named["params"], named["base"], strict=True) if same(size, params)), None
    )
