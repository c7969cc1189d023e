"""`scaling plan`: the critical mixture ratio for a model and a token budget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from scaling.commands.options import AUTO, read_fit, read_runs
from scaling.commands.target import Target
from scaling.errors import InputError

if TYPE_CHECKING:
    from scaling.planning import Plan as PlanResult
    from scaling.runs import Runs
    from scaling.stages import Stage


@dataclass(frozen=True, kw_only=True)
class Plan(Target):
    """Find the largest domain share whose general loss stays within a tolerance of the base loss."""

    definition: Literal["tolerance", "cmr"] = "tolerance"
    """tolerance: both losses by a law, then the root. cmr: the CMR paper's, per run and size; needs a run table."""
    route: Literal["law", "link"] = "law"
    """To the target's size. law: one law for all sizes. link: an answer a size, carried by a power law; needs a run table."""

    def __call__(self) -> None:
        """Plan and print."""
        self.show(self._cmr() if self.definition == "cmr" else self._tolerance())

    def _tolerance(self) -> PlanResult:
        from scaling.planning import critical_ratio

        if self.route == "link":
            return self._linked()
        fitted, _ = read_fit(self.source, self.law, self.domain, self.stage)
        return critical_ratio(fitted, **self.question, **self.base)

    def _linked(self) -> PlanResult:
        from scaling.planning import linked_ratio

        if self.base_general_loss is not None or self.base_tokens is not None:
            raise InputError("base-general-loss and base-tokens have no use with --route link, which carries ratios")
        runs = self._table("--route link")
        return linked_ratio(runs, law=self.law, **self.question)

    def _cmr(self) -> PlanResult:
        from scaling.planning import cmr_plan

        if self.law != AUTO:
            raise InputError("law has no use with --definition cmr, which has laws of its own")
        if self.base_general_loss is not None or self.base_tokens is not None:
            raise InputError(
                "base-general-loss and base-tokens have no use with the CMR definition, which takes each size's own base"
            )
        # The definition follows the course of runs, so it chooses the stage by itself.
        runs = self._table("--definition cmr", "all" if self.stage == "auto" else self.stage)
        return cmr_plan(runs, **self.question)

    def _table(self, option: str, stage: Stage | None = None) -> Runs:
        from scaling.readers import is_table

        if not is_table(self.source):
            raise InputError(f"{self.source.name}: {option} needs a run table, not a fit")
        return read_runs(self.source, self.domain, stage or self.stage)
