"""What a sweep would cost: its runs, their FLOPs, and hours at the speed of this machine."""

import time
from dataclasses import dataclass
from pathlib import Path

import torch

from probes import config, jobs, models
from probes.evaluate import token_losses
from probes.jobs import Job, Packed
from probes.train import make_optimizer


@dataclass(frozen=True)
class Line:
    """One line of the plan: runs of one base and kind. Tokens and FLOPs are a run's, hours all runs' together."""

    base: str
    kind: str
    params: int
    runs: int
    tokens: int
    flops: float
    hours: float


def unfold(sweep: config.Sweep) -> list[Job]:
    """All jobs of a sweep without touching its corpora; good for counting only."""
    nothing = [Packed(name=part.name) for part in (sweep.general, sweep.domain)]
    everything: list[Job] = []
    for base in sweep.bases:
        pretrain = jobs.base_job(sweep, base, nothing[0], nothing[1], Path())
        everything += [pretrain] if pretrain else []
        everything += jobs.cpt_jobs(sweep, base, pretrain, nothing[0], nothing[1], Path())
    return everything


def estimate(sweep: config.Sweep) -> list[Line]:
    """The plan, a line for each base's pre-training and a line for its CPT runs.

    Hours come from timing two steps of each size here and now; CPT runs are shared out over the sweep's workers, a
    base is trained by one of them.
    """
    lines, everything = [], unfold(sweep)
    for base in sweep.bases:
        rate = flops_per_second(sweep, base)
        params = models.count(jobs.base_shape(sweep, base)).non_embedding
        own = [job for job in everything if f"base-{base.label}" == job.name or base.label == job.columns.get("base")]
        for kind in ("pretrain", "cpt"):
            group = [job for job in own if job.kind == kind]
            if group:
                job = group[0]
                hours = sum(job.flops for job in group) / rate / 3600 / (sweep.workers if kind == "cpt" else 1)
                lines.append(Line(base.label, kind, params, len(group), job.tokens, job.flops, hours))
    return lines


def flops_per_second(sweep: config.Sweep, base: config.Base, steps: int = 2) -> float:
    """Training speed of one worker on this machine, from a few steps on random tokens."""
    torch.set_num_threads(sweep.threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if base.path is None:
        assert base.depth is not None
        model = models.build(models.ladder_config(base.depth, sweep.tokenizer.vocab_size, sweep.context), 0)
    else:
        model = models.load(base.path)
    model.to(device).train()
    optimizer = make_optimizer(model, device)
    shape = (sweep.cpt.batch_tokens // sweep.context, sweep.context)
    tokens = torch.randint(0, model.config.vocab_size, shape, device=device)
    start = 0.0
    for step in range(steps + 1):
        if step == 1:  # the first one warms up
            start = time.perf_counter()
        token_losses(model, tokens).mean().backward()
        optimizer.step()
        optimizer.zero_grad()
    if device.type == "cuda":
        torch.cuda.synchronize()
    seconds = time.perf_counter() - start
    return models.flops_per_token(model, sweep.context) * steps * tokens.numel() / seconds
