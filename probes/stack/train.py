"""Several runs of one base trained together; each keeps the files that it would have if it were trained alone."""

import math
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

import numpy as np
import torch

from probes.evaluate import summary
from probes.jobs import Job
from probes.record import Record, Tensors
from probes.results import status
from probes.stack.members import Members
from probes.stack.shape import Shape
from probes.train import Data, Report, open_model

Start = tuple["Member", int, Tensors]  # a member, and the step and tensors of its state file


class Member:
    """A run in the stack: its data, its rows, and its training losses since its last checkpoint."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.data = Data(job)
        self.record = Record(job, self.data.mixture)
        self.losses: list[float] = []


class Together:
    """Runs at the same step that differ in ratio and seed only, and their models."""

    def __init__(self, members: list[Member], models: Members, step: int) -> None:
        self.members = members
        self.models = models
        self.step = step
        self.job = members[0].job  # stands for all in what they have in common

    def run(self, report: Callable[[int], None]) -> None:
        """Train to the end; a run whose loss is no number any more is diverged and leaves, the others go on."""
        if self.step == 0:
            self.keep(self.log())
        while self.members and self.step < self.job.steps:
            self.keep([math.isfinite(loss) for loss in self.advance()])
            report(self.step)
            if self.members and self.step in self.job.checkpoints:
                self.keep(self.log())
                self.save()
        for member in self.members:
            member.record.finish("finished")

    def advance(self) -> list[float]:
        """One optimiser step; returns each run's training loss in nats per token."""
        tokens = torch.stack([member.data.batch(self.step, self.job.batch_blocks) for member in self.members])
        losses = self.models.step(tokens, self.members[0].record.rate(self.step))
        self.step += 1
        for member, loss in zip(self.members, losses, strict=True):
            member.losses.append(loss)
        return losses

    def log(self) -> list[bool]:
        """Evaluate on both corpora and add a row to each run; False for a run whose loss is no number any more."""
        general, domain = (
            [summary(means) for means in self.models.evaluate(blocks, self.job.batch_blocks)]
            for blocks in self.members[0].data.held_out
        )
        logged = []
        for member, *losses in zip(self.members, general, domain, strict=True):
            train_loss = float(np.mean(member.losses)) if member.losses else math.nan
            logged.append(member.record.log(self.step, train_loss, *losses))
            member.losses = []
        return logged

    def save(self) -> None:
        """Write the state file of each run."""
        for index, member in enumerate(self.members):
            member.record.save(self.step, self.models.state(index))

    def keep(self, well: list[bool]) -> None:
        """Mark the runs that are not well as diverged and leave them behind."""
        if all(well):
            return
        for member, fine in zip(self.members, well, strict=True):
            if not fine:
                member.record.finish("diverged")
        self.members = [member for member, fine in zip(self.members, well, strict=True) if fine]
        if self.members:
            self.models = self.models.only([index for index, fine in enumerate(well) if fine], self.step)


def perform(jobs: list[Job], report: Report, device: torch.device) -> list[str]:
    """Train jobs that differ in ratio and seed only, from wherever each stands, and write their results.

    Returns 'finished' or 'diverged' for each.

    Jobs that were cut off at different steps are not brought into line: those at the same step are trained together.
    """
    for job in jobs:
        Path(job.folder).mkdir(parents=True, exist_ok=True)
    base = open_model(jobs[0])
    shape = Shape.of(base.config)
    fresh = {f"model.{name}": parameter for name, parameter in base.named_parameters()}
    starts: list[Start] = [(member, *member.record.load()) for member in map(Member, jobs)]
    total, over = len(jobs) * jobs[0].steps, sum(step for _, step, _ in starts)
    for step, group in groupby(sorted(starts, key=_step), key=_step):
        members, _, states = zip(*group, strict=True)
        models = Members(shape, [state or fresh for state in states], step, device)
        _train(Together(list(members), models, step), lambda done: report(done / total), over)
        over += len(members) * (jobs[0].steps - step)
    return [str(status(job)) for job in jobs]


def _train(runs: Together, report: Callable[[int], None], over: int) -> None:
    """Train a group; `over` run steps of all groups are behind it."""
    count, first = len(runs.members), runs.step
    runs.run(lambda step: report(over + count * (step - first)))


def _step(start: Start) -> int:
    return start[1]
