"""Training runs: pre-training of a base, or CPT of one base at several ratios at once. They can be cut at any moment.

Data order and learning rate are functions of the step, so the state file (`probes.record`) is all that is needed
to resume.
"""

import math
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import PreTrainedModel

from probes import models
from probes.alone import Alone
from probes.corpus import open_blocks
from probes.evaluate import Loss
from probes.jobs import Branch, Job, mixture
from probes.progress import Report
from probes.record import Record, Tensors
from probes.reptile import Reptile
from probes.results import status
from probes.stack.members import Members
from probes.stack.shape import Shape, obstacle
from scaling.storage import write_atomically

Indices = Sequence[int]


class Models(Protocol):
    """Models of one shape at the same step with their optimiser: `Members`, or `Alone` where there is one only."""

    @property
    def tensors(self) -> list[Tensor]:
        """The weights, with a leading axis of members where there may be several."""

    def step(self, tokens: Tensor, rate: float) -> list[float]:
        """One optimiser step on ids of shape (members, batch, context); returns each member's loss, nats per token."""

    def evaluate(self, blocks: NDArray[np.integer[Any]], batch: int) -> list[list[float]]:
        """Mean loss of every held-out block for each member."""

    def state(self, index: int) -> Tensors:
        """The tensors of one member's state file."""

    def only(self, indices: Indices, step: int) -> "Models":
        """A copy of the members with these indices."""


class Batches:
    """What a run is fed: batches of its mixture; `held_out` has the blocks of each corpus that is scored."""

    def __init__(self, job: Job) -> None:
        self.train, held_out = zip(
            *([open_blocks(file) for file in corpus.files] for corpus in job.corpora), strict=True
        )
        self.held_out = [blocks[: job.evaluation_blocks] for blocks in held_out]
        self.mixture = mixture(job, *map(len, self.train))
        self.corpus, self.index = self.mixture.plan(job.steps * job.batch_blocks)

    def batch(self, step: int, size: int) -> Tensor:
        """Token ids of shape (size, context) for one step."""
        where = range(step * size, (step + 1) * size)
        return torch.from_numpy(np.stack([self.train[self.corpus[i]][self.index[i]] for i in where]).astype(np.int64))


class Member:
    """A run among those that are trained at once: its data and its rows."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.data = Batches(job)
        self.record = Record(job, self.data.mixture)


class Group:
    """Runs at the same step that differ in ratio and seed only, and their models.

    Args:
        report: called with how many steps of one run have just been made.
    """

    def __init__(self, members: list[Member], models: Models, step: int, report: Callable[[int], None]) -> None:
        self.members = members
        self.models = models
        self.step = step
        self.report = report
        self.job = members[0].job  # stands for all in what they have in common
        self.reptile = self.anchored(models)

    def run(self) -> None:
        """Train to the end; a run whose loss is not finite any more is marked diverged and leaves; the others continue."""
        if self.step == 0:
            self.keep(self.log())
        while self.members:
            self.branch_off()
            if self.step == self.job.steps:
                break
            self.keep([math.isfinite(loss) for loss in self.advance()])
            if self.members and self.step in self.job.checkpoints:
                self.keep(self.log())
                self.save()
        for index in range(len(self.members)):
            self.end(index, "finished")

    def end(self, index: int, status: str) -> None:
        """Write what a run has come to; a base is there before its result says so, also one that diverged."""
        if self.job.kind == "pretrain":
            _write_model(self.job, self.models.state(index))
        self.members[index].record.finish(status)

    def advance(self) -> list[float]:
        """One optimiser step; returns each run's training loss in nats per token."""
        losses = self.feed(self.models, self.members, self.step, self.reptile)
        self.step += 1
        for member, loss in zip(self.members, losses, strict=True):
            member.record.losses.append(loss)
        return losses

    def feed(
        self,
        models: Models,
        members: list[Member],
        step: int,
        reptile: Reptile | None,
        branch: Branch | None = None,
    ) -> list[float]:
        """One optimiser step of these members."""
        tokens = torch.stack([member.data.batch(step, self.job.batch_blocks) for member in members])
        losses = models.step(tokens, members[0].record.rate(step, branch))
        if reptile:
            reptile.after(step + 1)
        self.report(len(members))
        return losses

    def branch_off(self) -> None:
        """Train the branches that leave here, each on a copy, and put their rows among the run's."""
        for branch in self.job.branches:
            left = [i for i, member in enumerate(self.members) if not member.record.has(branch)]
            if branch.start == self.step and left:
                members, models = [self.members[i] for i in left], self.models.only(left, self.step)
                reptile = self.anchored(models)
                losses = [self.feed(models, members, step, reptile, branch) for step in range(branch.start, branch.end)]
                for member, own, scored in zip(members, zip(*losses, strict=True), self.score(models), strict=True):
                    member.record.log_branch(branch, list(own), scored)
                self.save()

    def score(self, models: Models) -> list[list[Loss]]:
        """For each member its losses on the held-out blocks of each corpus."""
        blocks = self.members[0].data.held_out
        batch = self.job.compute.micro_batch or self.job.batch_blocks
        found = [[Loss(tuple(means)) for means in models.evaluate(own, batch)] for own in blocks]
        return [list(losses) for losses in zip(*found, strict=True)]

    def log(self) -> list[bool]:
        """Evaluate and add a row to each run; False for a run whose loss is not finite any more."""
        scored = self.score(self.models)
        return [member.record.log(self.step, losses) for member, losses in zip(self.members, scored, strict=True)]

    def save(self) -> None:
        """Write the state file of each run."""
        for index, member in enumerate(self.members):
            member.record.save(self.step, self.models.state(index))

    def keep(self, well: list[bool]) -> None:
        """Mark the runs that are not well as diverged and leave them behind."""
        if all(well):
            return
        for index, fine in enumerate(well):
            if not fine:
                self.end(index, "diverged")
        left = [index for index, fine in enumerate(well) if fine]
        self.members = [self.members[index] for index in left]
        if self.members:
            self.models = self.models.only(left, self.step)
            self.reptile = self.reptile.only(self.models.tensors, left) if self.reptile else None

    def anchored(self, models: Models) -> Reptile | None:
        """The Reptile of these models, where the job asks for one."""
        return Reptile(models.tensors, *self.job.reptile) if self.job.reptile else None


def perform(jobs: list[Job], report: Report, device: torch.device) -> list[str]:
    """Train jobs that differ in ratio and seed only, from wherever each stands, and write their results.

    Returns 'finished' or 'diverged' for each. The result of a pre-training is also a folder that transformers loads.

    Jobs that were cut off at different steps are not brought into line: those at the same step are trained together.
    """
    for job in jobs:
        Path(job.folder).mkdir(parents=True, exist_ok=True)
    starts = [(member, *member.record.load()) for member in map(Member, jobs)]
    done = _Steps(report, sum(job.all_steps for job in jobs), sum(_behind(member, step) for member, step, _ in starts))
    for step, group in groupby(sorted(starts, key=lambda start: start[1]), key=lambda start: start[1]):
        members, _, states = zip(*group, strict=True)
        Group(list(members), _models(jobs[0], list(states), step, device), step, done.add).run()
    return [str(status(job)) for job in jobs]


class _Steps:
    """Steps that are done, reported as a fraction of all."""

    def __init__(self, report: Report, total: int, done: int) -> None:
        self.report = report
        self.total = total
        self.done = done

    def add(self, steps: int) -> None:
        self.done += steps
        self.report(min(1.0, self.done / self.total))


def _behind(member: Member, step: int) -> int:
    """Steps that a run has made, those of its branches too."""
    return step + sum(branch.end - branch.start for branch in member.job.branches if member.record.has(branch))


def _models(job: Job, states: list[Tensors], step: int, device: torch.device) -> Models:
    """The models of the jobs whose state files are given; the base where there is none."""
    base = open_model(job)
    if obstacle(base) is not None:
        assert len(states) == 1
        return Alone(base, states[0], step, device, job.compute)
    fresh = {f"model.{name}": parameter for name, parameter in base.named_parameters()}
    return Members(Shape.of(base.config), [state or fresh for state in states], step, device, job.compute)


def open_model(job: Job) -> PreTrainedModel:
    """The model that a job starts from, in training mode."""
    model = models.open_base(job.model)
    model.config.use_cache = False
    model.train()
    return model


def _write_model(job: Job, state: Tensors) -> None:
    """A base as a folder that transformers loads."""
    model = open_model(job)
    own = {name.removeprefix("model."): tensor for name, tensor in state.items() if name.startswith("model.")}
    model.load_state_dict(own, strict=False)
    write_atomically(Path(job.folder) / "model", model.save_pretrained)
