"""What a sweep would cost: its runs, their FLOPs, and hours at a speed. Nothing is trained, not a step."""

from dataclasses import dataclass
from pathlib import Path

import torch

from probes import config, jobs
from probes.bases import Figures
from probes.compute import device, enough_memory
from probes.jobs import AnyJob, Job, Packed
from probes.speed import Speed, measured, speed


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
    flops_per_second: float


def counted(sweep: config.Sweep, base: config.Base) -> list[AnyJob]:
    """The jobs of one base for counting only, without touching the corpora or its weights."""
    general, domain = (Packed(name=text.name) for text in (sweep.general, sweep.domain))
    pretrain = jobs.base_job(sweep, base, general, Path())
    first: list[AnyJob] = [pretrain] if pretrain else []
    if sweep.general.sample_from_base:
        text = general if sweep.general.has_text else None
        first.append(jobs.sample_job(sweep, base, pretrain, text, 0, Path(), counted=True)[0])
    return [*first, *jobs.cpt_jobs(sweep, base, pretrain, general, domain, Path(), counted=True)]


def estimate(sweep: config.Sweep, at: Speed | None = None) -> list[Line]:
    """The plan, a line for each base's pre-training, for its sampling and for its CPT runs.

    Hours are FLOPs over a speed: that of matrix products of a base's shapes here and now, unless `at` names another. CPT
    runs are shared out over the sweep's workers on a CPU; on a GPU they share it. A base is trained by one worker.
    Sampling is counted at the speed of training, which its many short steps do not reach.
    """
    at = at or speed(device().type)
    lines = []
    for base in sweep.bases:
        everything, own = counted(sweep, base), jobs.figures(jobs.origin_of(sweep, base))
        with enough_memory(f"base {base.label}", together=1):
            rate = at.rate or flops_per_second(sweep, own, torch.device(at.place))
        for kind in ("pretrain", "sample", "cpt"):
            if mine := [job for job in everything if job.kind == kind]:
                busy = min(sweep.workers, len(mine)) if at.place == "cpu" else 1
                hours = sum(job.flops for job in mine) / rate / 3600 / busy
                counts = own.counts.non_embedding
                lines.append(Line(base.label, kind, counts, len(mine), _tokens(mine[0]), mine[0].flops, hours, rate))
    return lines


def _tokens(job: AnyJob) -> int:
    """Tokens of a job, those of branches too."""
    return job.all_steps * job.batch_tokens if isinstance(job, Job) else job.tokens


def flops_per_second(sweep: config.Sweep, base: Figures, place: torch.device) -> float:
    """Training speed of one worker on this machine, from products of the base's shapes."""
    torch.set_num_threads(sweep.threads)
    return measured(base, sweep.compute.micro_batch_tokens or sweep.cpt.batch_tokens, place)
