"""`scaling plan`: the critical mixture ratio for a model and a token budget."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from scaling.commands.options import MaybeCount, read_fit, read_runs, writable
from scaling.commands.target import Limits
from scaling.errors import InputError

if TYPE_CHECKING:
    from scaling.planning import Plan as Answered


@dataclass(frozen=True, kw_only=True)
class Plan(Limits):
    """Find the largest domain share whose general loss stays within a tolerance of the base loss."""

    params: MaybeCount = None
    """Parameters of the model to train, counted as in the run table; 7e9 or 7B. Not for a saved plan."""
    tokens: MaybeCount = None
    """CPT tokens it will see; 20e9 or 20B. Not for a saved plan."""
    definition: Literal["tolerance", "cmr"] = "tolerance"
    """tolerance: both losses by a law, then the root. cmr: the CMR paper's, per run and size; needs a run table."""
    route: Literal["law", "link"] = "law"
    """To the target's size. law: one law for all sizes. link: one answer per size, carried by a power law; needs a run table."""
    out: Path | None = None
    """Where to write the plan (JSON), for the commands that come after it."""

    def __call__(self) -> None:
        """Plan, write where asked, print."""
        from scaling.planning import load_plan
        from scaling.planning.plan import is_plan

        out = writable(self.out, self.source, "what the plan is made from; write the plan to another file")
        if is_plan(self.source):
            self._refuse_options()
            plan = load_plan(self.source)
        else:
            plan = self._planned()
        if out is not None:
            plan.save(out)
        self.show(plan)

    def _refuse_options(self) -> None:
        """InputError for an option that a saved plan would ignore."""
        given = [one for one in fields(self) if one.name not in ("source", "out", "json")]
        for one in given:
            if getattr(self, one.name) != one.default:
                option = one.name.replace("_", "-")
                raise InputError(
                    f"{self.source.name}: this is a saved plan, which --{option} cannot change; leave it out, or plan again "
                    "from the fit or the run table"
                )

    def _planned(self) -> Answered:
        from scaling.planning import Target, critical_ratio
        from scaling.readers import is_table

        if self.params is None or self.tokens is None:
            raise InputError("give the model and its budget, for example --params 7B --tokens 20B")
        target = Target(self.params, self.tokens, **self.limits)
        method = "cmr" if self.definition == "cmr" else self.route
        if method == "law":
            return critical_ratio(read_fit(self.source, self.law, self.domain, self.stage)[0], target)
        if not is_table(self.source):
            option = "--definition cmr" if method == "cmr" else "--route link"
            raise InputError(f"{self.source.name}: {option} needs a run table, not a fit")
        # The CMR definition follows the course of runs, so it chooses the stage by itself.
        stage = "all" if method == "cmr" and self.stage == "auto" else self.stage
        runs = read_runs(self.source, self.domain, stage)
        return critical_ratio(runs, target, method=method, law=self.law)
