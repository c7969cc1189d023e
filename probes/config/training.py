"""What a sweep file says of training: bases, pre-training, CPT with its schedule, branches and options."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from probes import ladder, schedules
from probes.config.values import Count, Fraction, Ratios, Section, Seed, Seeds, distinct


class Base(Section):
    """A base model: a rung of the built-in ladder (`depth`) or anything transformers loads (`path`).

    `learning_rate` is the peak rate of the base's pre-training. CPT takes a fraction of it. For a rung
    it is derived from the width. `seeds` and `ratios` replace those of `cpt` for this base.
    `base_tokens` is the number of tokens that a `path` base was pre-trained on.
    `remote_code: true` runs Python code that comes with a `path` base, with your permissions. It is off by default.
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
            raise ValueError("remote_code is for a base given by path; remove it from a base given by depth")
        if self.revision and self.path is None:
            raise ValueError("revision is for a base given by its hub name; remove it from a base given by depth")
        return self

    @property
    def label(self) -> str:
        """Short name used in run names and folders."""
        return f"d{self.depth}" if self.path is None else Path(self.path).resolve().name


class Training(Section):
    """What pre-training and CPT have in common. Tokens are rounded to whole steps of `batch_tokens`.

    `warmup` is the fraction of the steps in which the learning rate rises. `anneal` is the fraction of
    the steps in which it falls at the end, for schedules that end in an anneal.
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
            raise ValueError(f"no schedule {name!r}; choose one of {', '.join(schedules.names())}")
        return name


class Pretrain(Training):
    """Pre-training of the ladder: `tokens` at every size, or `tokens_per_param` for each non-embedding parameter."""

    schedule: str = "wsd"
    tokens: Count | None = None
    tokens_per_param: Annotated[float, Field(gt=0)] = 4.0
    seed: Seed = 0

    @model_validator(mode="after")
    def one_length(self) -> Self:
        """The length is given once."""
        if self.tokens and "tokens_per_param" in self.model_fields_set:
            raise ValueError("takes either tokens or tokens_per_param, not both")
        return self


class ReptileOptions(Section):
    """Meta-experience replay: after `every` steps the weights keep only the fraction `step` of their change.

    Source: Reptile (Nichol et al. 2018, arXiv 1803.02999) over replayed batches (Riemer et al. 2019, arXiv 1810.11910).
    """

    every: Annotated[int, Field(ge=1)]
    step: Annotated[float, Field(gt=0, le=1)]


class Cpt(Training):
    """Continual pre-training: every ratio and seed, at a fraction of the base's peak rate.

    `branches` are token counts. At each of them a copy of the run ends with a short anneal, over the fraction `anneal` of
    those tokens. Its loss is that of a run of that length with the schedule wsd.
    `checkpoints` is how many evaluations a run has, spaced geometrically from step `first_checkpoint` on.
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
        """Branches anneal from a constant rate, and end at different steps within the run, at turns of Reptile."""
        every, ends = self.reptile.every if self.reptile else 1, self.branch_steps
        for end in (self.tokens // self.batch_tokens, *ends) if self.reptile else ():
            if end % every:
                raise ValueError(
                    f"with reptile.every {every}, the steps of runs and branches must be multiples of {every}, not {end}"
                )
        if not self.branches:
            return self
        if len(set(ends)) < len(ends) or min(ends) < 2:
            raise ValueError(
                f"branches must end at different steps from step 2 on, not {ends} (a step is {self.batch_tokens} tokens)"
            )
        if not schedules.has_trunk(self.schedule):
            constant = ", ".join(name for name in schedules.names() if schedules.has_trunk(name))
            raise ValueError(f"branches need a schedule with a constant part ({constant}), not {self.schedule!r}")
        if max(self.branches) > self.tokens:
            last = max(self.branches)
            raise ValueError(
                f"branches end at {last} tokens, after the end of the run ({self.tokens}); remove {last} or raise tokens"
            )
        first, ready = min(self.branches) * (1 - self.anneal), schedules.constant_from(self.schedule, self.warmup)
        if first < ready * self.tokens:
            raise ValueError(
                f"the branch that ends at {min(self.branches)} tokens would begin to anneal at {first:g}, "
                f"before its rate is constant at {ready * self.tokens:g}; end it later or lower anneal"
            )
        return self

    @property
    def branch_steps(self) -> list[int]:
        """The steps after which the branches end."""
        return sorted(tokens // self.batch_tokens for tokens in self.branches)


class Evaluate(Section):
    """Held-out `blocks` of `context` tokens per corpus, the same ones at every checkpoint of every run."""

    blocks: Annotated[int, Field(ge=2)] = 64
