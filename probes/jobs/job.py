"""Jobs as plain data: what a worker is given, and what a finished result was made from."""

from dataclasses import asdict
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict

from probes.bases import Origin
from probes.compute import Compute
from probes.corpus import Blocks
from probes.mixture import Mixture, Part
from probes.schedules import Course
from probes.storage import digest


class Frozen(BaseModel):
    """Plain data that never changes; an unknown field is a bug."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Packed(Frozen):
    """A packed corpus as the jobs know it: the names of its files, the hash of their content, its sources.

    `near_duplicates` counts the training documents that were left out as such.
    """

    name: str
    files: tuple[str, str] = ("", "")
    hash: str = ""
    parts: tuple[Part, ...] = ()
    near_duplicates: int = 0

    @classmethod
    def of(cls, blocks: Blocks) -> Self:
        """The files behind memory-mapped blocks."""
        files = (str(blocks.train.filename), str(blocks.held_out.filename))  # type: ignore[attr-defined]
        return cls(
            name=blocks.name,
            files=files,
            hash=blocks.hash,
            parts=blocks.parts,
            near_duplicates=blocks.near_duplicates,
        )


class Branch(Frozen):
    """A copy that leaves its run after `start` steps, anneals over `anneal` of them and ends after `end`."""

    start: int
    end: int
    anneal: float

    def factor(self, step: int) -> float:
        """On the rate that the run itself has at `step`; what `wsd` does at the end of a run of `end` steps."""
        return min(1.0, (self.end - step) / self.anneal)


class Tracking(Frozen):
    """Trackers beside the run table: their settings by name, where they write, and what they call the sweep."""

    trackers: dict[str, dict[str, Any]] = {}
    folder: str = ""
    project: str = ""


class Task(Frozen):
    """What all jobs have.

    `folder` receives the job's files; `needs` names the job that must be finished first; a folder
    has this job's result only if it was made with the same `identity`; `parent` stands for what the
    model comes from. FLOPs include evaluation.
    """

    name: str
    folder: str
    needs: str | None
    model: Origin
    flops: float
    parent: dict[str, Any]
    columns: dict[str, Any] = {}


class SampleJob(Task):
    """Replay sampled from a base: blocks of `context` tokens, `held_out` of them set aside, in the folder."""

    kind: Literal["sample"] = "sample"
    tokens: int
    context: int
    start_id: int
    held_out: int
    seed: int = 0

    @property
    def identity(self) -> dict[str, Any]:
        """What determines the result."""
        return self.model_dump(mode="json", exclude={"name", "kind", "folder", "needs", "columns", "flops", "model"})

    @property
    def alike(self) -> str:
        """Samples are drawn one base after the other."""
        return self.name


class Job(Task):
    """One training run with everything that determines its result.

    `columns` are constant columns of its rows, `domain` is None where only the general corpus is
    there to be scored (pre-training). Steps are optimiser steps. `together` runs of its base may be trained at once.
    """

    kind: Literal["pretrain", "cpt"]
    general: Packed
    domain: Packed | None
    ratio: float
    seed: int
    steps: int
    batch_blocks: int
    context: int
    learning_rate: float
    schedule: str
    warmup_steps: int
    anneal_steps: float
    checkpoints: list[int]
    evaluation_blocks: int
    branches: list[Branch] = []
    reptile: tuple[int, float] | None = None  # every so many steps, this fraction of the way
    compute: Compute = Compute()
    together: int = 1
    tracking: Tracking = Tracking()

    @property
    def corpora(self) -> list[Packed]:
        """What is scored: the general corpus and, where there is one, the domain."""
        return [self.general, *([self.domain] if self.domain else [])]

    @property
    def course(self) -> Course:
        """The run as its schedule sees it."""
        return Course(self.steps, self.warmup_steps, self.anneal_steps)

    @property
    def tokens(self) -> int:
        """Tokens that the run trains on, branches apart."""
        return self.steps * self.batch_tokens

    @property
    def batch_tokens(self) -> int:
        """Tokens of one step."""
        return self.batch_blocks * self.context

    @property
    def all_steps(self) -> int:
        """Steps of the run and of its branches."""
        return self.steps + sum(branch.end - branch.start for branch in self.branches)

    @property
    def identity(self) -> dict[str, Any]:
        """What determines the result, without names, places and ways to compute it."""
        places = {"name", "kind", "folder", "needs", "columns", "flops", "model", "compute", "together", "tracking"}
        own = self.model_dump(mode="json", exclude=places)
        own |= {"general": self.general.hash, "domain": self.domain.hash if self.domain else None}
        return own

    @property
    def alike(self) -> str:
        """A hash that is the same for runs of one base that differ in ratio and seed only."""
        own = {key: value for key, value in self.identity.items() if key not in ("ratio", "seed")}
        return digest([own, self.kind, self.needs, asdict(self.model)])


AnyJob = Job | SampleJob


def mixture(job: Job, general_blocks: int, domain_blocks: int = 1) -> Mixture:
    """The stream of blocks that a job trains on; without a domain its ratio is 0, and no domain block is ever taken."""
    domain_parts = job.domain.parts if job.domain else ()
    return Mixture(general_blocks, domain_blocks, job.ratio, job.seed, job.general.parts, domain_parts)
