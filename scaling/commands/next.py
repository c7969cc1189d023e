"""`scaling next`: which probes to train next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tyro.conf import Positional

from scaling.commands.options import Count, print_json, read_runs
from scaling.commands.target import Target
from scaling.errors import InputError

if TYPE_CHECKING:
    from scaling.planning.design.next_result import NextProbes
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
    sweep: Path | None = None
    """The sweep file that made the table; what is written extends it."""
    out: Path | None = None
    """Write the runs as a sweep file for `probes run`, beside --sweep; more than one where a grid cannot hold them."""

    def __call__(self) -> None:
        """Choose, write and print."""
        if self.out is not None and self.sweep is None:
            raise InputError(
                f"{self.out.name}: to write a sweep takes the one that made the table, give it with --sweep"
            )
        if self.sweep is not None and not self.sweep.is_file():
            raise InputError(f"{self.sweep}: there is no such sweep file")
        runs = read_runs(self.source, self.domain, self.stage)
        found = self._chosen(runs)
        files = self._write(found, runs)
        if self.out is not None and not files:
            found = replace(found, warnings=(*found.warnings, f"{self.out.name} is not written: no run was chosen"))
        if self.json:
            print_json({**found.to_json_dict(), "files": files})
        else:
            print("\n".join([found.summary(), *(f"wrote {name}" for name in files)]))

    def _chosen(self, runs: Runs) -> NextProbes:
        from scaling.planning import next_probes

        return next_probes(
            runs,
            budget=self.budget,
            **self.question,
            **self.base,
            law=self.law,
            sizes=self.sizes or None,
            ratios=self.ratios or None,
            lengths=self.lengths or None,
            bases=self.bases,
            checkpoints=self.checkpoints,
        )

    def _write(self, found: NextProbes, runs: Runs) -> list[str]:
        from scaling.planning.design.next_sweep import sweep_files

        if self.out is None or self.sweep is None or found.status != "ok":
            return []
        texts = sweep_files(found, runs, self.sweep, self.out)
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8")
        return [str(path) for path in texts]
