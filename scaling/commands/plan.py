"""`scaling plan`: the critical mixture ratio for a model and a token budget."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tyro.conf import Positional

from scaling.commands.options import AUTO, Count, LawOption, MaybeCount, StageOption, print_json, read_fit, read_runs
from scaling.errors import InputError

if TYPE_CHECKING:
    from scaling.planning import Plan as PlanResult
    from scaling.runs import Runs
    from scaling.stages import Stage


@dataclass(frozen=True)
class Plan:
    """Find the largest domain share whose general loss stays within a tolerance of the base loss."""

    source: Positional[Path]
    """A fit written by `scaling fit --out`, or a run table, which is fitted first."""
    params: Count
    """Parameters of the model to train, counted as in the run table; 7e9 or 7B."""
    tokens: Count
    """CPT tokens it will see; 20e9 or 20B."""
    tolerance: float = 0.05
    """How much the general loss may rise over the base loss: nats per token, or a share with --relative."""
    relative: bool = False
    """The tolerance is a share of the base loss: 0.03 allows 3 %."""
    base_general_loss: float | None = None
    """General loss of the model before training; by default carried from the rows at tokens 0."""
    base_tokens: MaybeCount = None
    """Tokens that model was pre-trained on; by default as the column base_tokens goes on."""
    level: float = 0.9
    """Level of the interval."""
    definition: Literal["tolerance", "cmr"] = "tolerance"
    """tolerance: both losses by a law, then the root. cmr: the CMR paper's, per run and size; needs a run table."""
    route: Literal["law", "link"] = "law"
    """To the target's size. law: one law for all sizes. link: an answer a size, carried by a power law; needs a run table."""
    law: LawOption = AUTO
    domain: str | None = None
    """The domain to plan for: only its rows of a run table, unless the law is fitted to several domains at once."""
    stage: StageOption = "auto"
    json: bool = False
    """Print one JSON object instead of text."""

    def __call__(self) -> None:
        """Plan and print."""
        plan = self._cmr() if self.definition == "cmr" else self._tolerance()
        if self.json:
            print_json(plan.to_json_dict())
        else:
            print(plan.summary())

    def _tolerance(self) -> PlanResult:
        from scaling.planning import critical_ratio

        if self.route == "link":
            return self._linked()
        fitted, _ = read_fit(self.source, self.law, self.domain, self.stage)
        return critical_ratio(
            fitted,
            self.params,
            self.tokens,
            self.tolerance,
            relative=self.relative,
            base_general_loss=self.base_general_loss,
            base_tokens=self.base_tokens,
            level=self.level,
        )

    def _linked(self) -> PlanResult:
        from scaling.planning import linked_ratio, planning_law

        if self.base_general_loss is not None or self.base_tokens is not None:
            raise InputError("base-general-loss and base-tokens have no use with --route link, which carries ratios")
        runs = self._table("--route link")
        law, note = planning_law(runs) if self.law == AUTO else (self.law, "")
        plan = linked_ratio(
            runs, self.params, self.tokens, self.tolerance, law=law, relative=self.relative, level=self.level
        )
        return replace(plan, warnings=(*plan.warnings, note)) if note else plan

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
        return cmr_plan(
            runs,
            self.params,
            self.tokens,
            self.tolerance,
            relative=self.relative,
            level=self.level,
        )

    def _table(self, option: str, stage: Stage | None = None) -> Runs:
        from scaling.readers import is_table

        if not is_table(self.source):
            raise InputError(f"{self.source.name}: {option} needs a run table, not a fit")
        return read_runs(self.source, self.domain, stage or self.stage)
