"""What is trained, and how: bases, pre-training, CPT with its schedule, branches and options."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from probes import ladder, schedules
from probes.config.values import Count, Fraction, Ratios, Section, Seed, Seeds, distinct


class Base(Section):
    """A base model: a rung of the built-in ladder (`depth`) or anything transformers loads (`path`).

    `learning_rate` is the peak of the base's own pre-training, of which CPT takes a fraction; the
    ladder derives it from the width. `seeds` and `ratios` are the base's own, instead of those of all.
    `base_tokens` is how long a `path` base was pre-trained.
    `remote_code: true` lets Python code that comes with a `path` base run, with all that you may do; off by default.
    `revision` is a branch, tag or commit where `path` is a hub name.
    """

    depth: Annotated[int, Field(ge=1, le=ladder.DEEPEST)] | None = None
    path: str | None = None
    seeds: Seeds | None = None
    ratios: Ratios | None = None
    learning_rate: Annotated[float, Field(gt=0)] | None = None
    base_tokens: Count | None = None
    remote_code: bool = False
    revision: str | None = None

    @model_validator(mode="after")
    def one_of_two(self) -> Self:
        """A base comes from the ladder or from a path, and a path says at which rate it was trained."""
        if (self.depth is None) == (self.path is None):
            raise ValueError("a base needs either depth or path")
        if self.path is not None and self.learning_rate is None:
            raise ValueError("a base given by path needs learning_rate, the peak of its pre-training")
        if self.remote_code and self.path is None:
            raise ValueError("remote_code is for a base given by path; the ladder has no code of its own")
        if self.revision and self.path is None:
            raise ValueError("revision is for a base given by its hub name; the ladder has none")
        return self

    @property
    def label(self) -> str:
        """Short name used in run names and folders."""
        return f"d{self.depth}" if self.path is None else Path(self.path).resolve().name


class Training(Section):
    """What pre-training and CPT have in common; tokens are counted in whole steps.

    `anneal` is the share of the steps over which a schedule that ends in an anneal does so.
    """

    batch_tokens: Count = 2048
    schedule: str = "constant"
    warmup: Fraction = 0.02
    anneal: Annotated[float, Field(gt=0, lt=1)] = 0.2

    @field_validator("schedule")
    @classmethod
    def known(cls, name: str) -> str:
        """The schedule exists."""
        if name not in schedules.names():
            raise ValueError(f"no schedule {name!r}; there are {', '.join(schedules.names())}")
        return name


class Pretrain(Training):
    """Pre-training of the ladder: the same `tokens` at every size, or `tokens_per_param` non-embedding parameter."""

    schedule: str = "wsd"
    tokens: Count | None = None
    tokens_per_param: Annotated[float, Field(gt=0)] = 4.0
    seed: Seed = 0

    @model_validator(mode="after")
    def one_length(self) -> Self:
        """The length stands there once."""
        if self.tokens and "tokens_per_param" in self.model_fields_set:
            raise ValueError("takes either tokens or tokens_per_param, not both")
        return self


class ReptileOptions(Section):
    """Meta-experience replay: after `every` steps the weights go only the share `step` of the way that they went.

    Source: Reptile (Nichol et al. 2018, arXiv 1803.02999) over replayed batches (Riemer et al. 2019, arXiv 1810.11910).
    """

    every: Annotated[int, Field(ge=1)]
    step: Annotated[float, Field(gt=0, le=1)]


class Cpt(Training):
    """Continual pre-training: every ratio and seed, at a fraction of the base's peak rate.

    `branches` are token counts: at each of them a short anneal that left the run (`anneal` of those tokens earlier)
    ends, which is what a run of that many tokens with the schedule wsd would have come to.
    """

    tokens: Count
    ratios: Ratios
    seeds: Seeds = Field(default_factory=lambda: [0])
    learning_rate_fraction: Annotated[float, Field(gt=0)] = 0.3
    checkpoints: Annotated[int, Field(ge=1)] = 12
    first_checkpoint: Annotated[int, Field(ge=1)] = 4
    branches: Annotated[list[Count], AfterValidator(distinct)] = Field(default_factory=list)
    reptile: ReptileOptions | None = None

    @model_validator(mode="after")
    def branches_fit(self) -> Self:
        """Branches anneal from a constant rate, and end at steps of their own within the run, at turns of Reptile."""
        every, ends = self.reptile.every if self.reptile else 1, self.branch_steps
        for end in (self.tokens // self.batch_tokens, *ends) if self.reptile else ():
            if end % every:
                raise ValueError(
                    f"with reptile.every {every}, runs and branches must have a multiple of it in steps, not {end}"
                )
        if not self.branches:
            return self
        if len(set(ends)) < len(ends) or min(ends) < 2:
            raise ValueError(
                f"branches must end at different steps from 2 on, of {self.batch_tokens} tokens each, not {ends}"
            )
        if not schedules.has_trunk(self.schedule):
            constant = ", ".join(name for name in schedules.names() if schedules.has_trunk(name))
            raise ValueError(f"branches need a schedule with a constant part ({constant}), not {self.schedule!r}")
        if max(self.branches) > self.tokens:
            raise ValueError(f"branches end at {max(self.branches)} tokens, after the end of the run ({self.tokens})")
        first, ready = min(self.branches) * (1 - self.anneal), schedules.constant_from(self.schedule, self.warmup)
        if first < ready * self.tokens:
            raise ValueError(
                f"the branch that ends at {min(self.branches)} tokens would begin to anneal at {first:g}, "
                f"before its rate is constant at {ready * self.tokens:g}"
            )
        return self

    @property
    def branch_steps(self) -> list[int]:
        """The steps after which the branches end."""
        return sorted(tokens // self.batch_tokens for tokens in self.branches)


class Evaluate(Section):
    """Held-out blocks of `context` tokens a corpus, the same ones at every checkpoint of every run."""

    blocks: Annotated[int, Field(ge=2)] = 64
