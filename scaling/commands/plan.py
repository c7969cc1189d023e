"""`scaling plan`: the critical mixture ratio for a model and a token budget."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tyro.conf import Positional

from scaling.commands.options import Count, StageOption, looks_at_domains, print_json, read_runs
from scaling.errors import InputError

if TYPE_CHECKING:
    from scaling.planning import Plan as PlanResult


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
    level: float = 0.9
    """Level of the interval."""
    definition: Literal["tolerance", "cmr"] = "tolerance"
    """tolerance: both losses by a law, then the root. cmr: the CMR paper's, per run and size; needs a run table."""
    law: str = "dcpt"
    """The law to fit where the source is a run table."""
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
        from scaling.fitting import fit, load_fit
        from scaling.planning import critical_ratio
        from scaling.readers import is_table

        if is_table(self.source):
            several = looks_at_domains(self.law)
            fitted = fit(read_runs(self.source, None if several else self.domain, self.stage), law=self.law)
        elif self.stage != "auto":
            raise InputError(f"{self.source.name}: --stage chooses rows of a run table, and this is a fit")
        else:
            fitted, several = load_fit(self.source), True
        return critical_ratio(
            fitted.at(self.domain) if several and self.domain is not None else fitted,
            self.params,
            self.tokens,
            self.tolerance,
            relative=self.relative,
            base_general_loss=self.base_general_loss,
            level=self.level,
        )

    def _cmr(self) -> PlanResult:
        from scaling.planning import cmr_plan
        from scaling.readers import is_table

        if self.base_general_loss is not None:
            raise InputError(
                "base-general-loss has no use with the CMR definition, which takes each size's own base loss"
            )
        if not is_table(self.source):
            raise InputError(f"{self.source.name}: --definition cmr needs a run table, not a fit")
        # The definition follows the course of runs, so it chooses the stage by itself.
        runs = read_runs(self.source, self.domain, "all" if self.stage == "auto" else self.stage)
        return cmr_plan(
            runs,
            self.params,
            self.tokens,
            self.tolerance,
            relative=self.relative,
            level=self.level,
        )
