"""`scaling plan`: the critical mixture ratio for a model and a token budget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from scaling.commands.options import read_fit, read_runs
from scaling.commands.target import Target
from scaling.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Plan(Target):
    """Find the largest domain share whose general loss stays within a tolerance of the base loss."""

    definition: Literal["tolerance", "cmr"] = "tolerance"
    """tolerance: both losses by a law, then the root. cmr: the CMR paper's, per run and size; needs a run table."""
    route: Literal["law", "link"] = "law"
    """To the target's size. law: one law for all sizes. link: an answer a size, carried by a power law; needs a run table."""

    def __call__(self) -> None:
        """Plan and print."""
        from scaling.planning import critical_ratio
        from scaling.readers import is_table

        method = "cmr" if self.definition == "cmr" else self.route
        if method == "law":
            self.show(critical_ratio(read_fit(self.source, self.law, self.domain, self.stage)[0], self.target))
            return
        if not is_table(self.source):
            option = "--definition cmr" if method == "cmr" else "--route link"
            raise InputError(f"{self.source.name}: {option} needs a run table, not a fit")
        # The CMR definition follows the course of runs, so it chooses the stage by itself.
        stage = "all" if method == "cmr" and self.stage == "auto" else self.stage
        runs = read_runs(self.source, self.domain, stage)
        self.show(critical_ratio(runs, self.target, method=method, law=self.law))
