"""What a sweep would cost: its runs, their FLOPs, and hours at the speed of this machine."""

import time
from dataclasses import dataclass
from pathlib import Path

import torch

from probes import config, jobs, models
from probes.alone import Alone
from probes.compute import device, enough_memory
from probes.jobs import AnyJob, Job, Packed
from probes.stack.members import Members
from probes.stack.shape import Shape, obstacle
from probes.train import Models


@dataclass(frozen=True)
class Line:
    """One line of the plan: jobs of one base and kind. Tokens and FLOPs are a job's, hours all jobs' together."""

    base: str
    kind: str
    params: int
    runs: int
    tokens: int
    flops: float
    hours: float


def unfold(sweep: config.Sweep, base: config.Base) -> list[AnyJob]:
    """All jobs of one base without touching the corpora; good for counting only."""
    general, domain = (Packed(name=part.name) for part in (sweep.general, sweep.domain))
    pretrain = jobs.base_job(sweep, base, general, Path())
    first: list[AnyJob] = [pretrain] if pretrain else []
    if sweep.general.sample_from_base:
        text = general if sweep.general.has_text else None
        first.append(jobs.sample_job(sweep, base, pretrain, text, 0, Path())[0])
    return [*first, *jobs.cpt_jobs(sweep, base, pretrain, general, domain, Path())]


def estimate(sweep: config.Sweep) -> list[Line]:
    """The plan, a line for each base's pre-training, for its sampling and for its CPT runs.

    Hours come from timing two steps of each size here and now; CPT runs are shared out over the sweep's workers on a CPU
    (on a GPU they share it), as many at once as the sweep trains together; a base is trained by one worker. Sampling is
    counted at the speed of training, which its many short steps do not reach.
    """
    lines = []
    for base in sweep.bases:
        everything = unfold(sweep, base)
        params = models.count(jobs.base_shape(sweep, base)).non_embedding
        for kind in ("pretrain", "sample", "cpt"):
            mine = [job for job in everything if job.kind == kind]
            if mine:
                groups = jobs.groups(mine)
                busy = min(sweep.workers, len(groups)) if device().type == "cpu" else 1  # workers share a GPU
                with enough_memory(f"base {base.label}", len(groups[0])):
                    rate = flops_per_second(sweep, base, len(groups[0]))
                hours = sum(job.flops for job in mine) / rate / 3600 / busy
                lines.append(Line(base.label, kind, params, len(mine), _tokens(mine[0]), mine[0].flops, hours))
    return lines


def _tokens(job: AnyJob) -> int:
    """Tokens of a job, those of branches too."""
    return job.all_steps * job.batch_tokens if isinstance(job, Job) else job.tokens


def flops_per_second(sweep: config.Sweep, base: config.Base, together: int = 1, steps: int = 2) -> float:
    """Training speed of one worker on this machine with `together` runs at once, from a few steps on random tokens."""
    torch.set_num_threads(sweep.threads)
    place = device()
    model = models.open_source(jobs.source_of(sweep, base))
    shape = (together, sweep.cpt.batch_tokens // sweep.context, sweep.context)
    tokens = torch.randint(0, model.config.vocab_size, shape)
    compute = jobs.compute_of(sweep)
    runs: Models
    if obstacle(model) is None:
        weights = {f"model.{name}": parameter for name, parameter in model.named_parameters()}
        runs = Members(Shape.of(model.config), [weights] * together, 0, place, compute)
    else:
        runs = Alone(model, {}, 0, place, compute)
    start = 0.0
    for count in range(steps + 1):
        if count == 1:  # the first one warms up
            start = time.perf_counter()
        runs.step(tokens, 0.0)
    if place.type == "cuda":
        torch.cuda.synchronize()
    return models.flops_per_token(model, sweep.context) * steps * tokens.numel() / (time.perf_counter() - start)
