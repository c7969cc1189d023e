"""What a sweep would cost: its runs, their FLOPs, and hours at the speed of this machine."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from transformers import PreTrainedModel

from probes import config, jobs, models
from probes.evaluate import precision, token_losses
from probes.jobs import Job, Packed
from probes.stack.members import Members
from probes.stack.shape import Shape
from probes.train import CLIP, make_optimizer

Step = Callable[[Tensor], object]


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

    Hours come from timing two steps of each size here and now; CPT runs are shared out over the sweep's workers, as
    many at once as the sweep trains together; a base is trained by one worker.
    """
    lines, everything = [], unfold(sweep)
    for base in sweep.bases:
        params = models.count(jobs.base_shape(sweep, base)).non_embedding
        own = [job for job in everything if f"base-{base.label}" == job.name or base.label == job.columns.get("base")]
        for kind in ("pretrain", "cpt"):
            mine = [job for job in own if job.kind == kind]
            if mine:
                groups = jobs.groups(mine)
                busy = min(sweep.workers, len(groups))
                rate = flops_per_second(sweep, base, len(groups[0]))
                hours = sum(job.flops for job in mine) / rate / 3600 / busy
                lines.append(Line(base.label, kind, params, len(mine), mine[0].tokens, mine[0].flops, hours))
    return lines


def flops_per_second(sweep: config.Sweep, base: config.Base, together: int = 1, steps: int = 2) -> float:
    """Training speed of one worker on this machine with `together` runs at once, from a few steps on random tokens."""
    torch.set_num_threads(sweep.threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if base.path is None:
        assert base.depth is not None
        model = models.build(models.ladder_config(base.depth, sweep.tokenizer.vocab_size, sweep.context), 0)
    else:
        model = models.load(base.path)
    shape = (together, sweep.cpt.batch_tokens // sweep.context, sweep.context)
    tokens = torch.randint(0, model.config.vocab_size, shape, device=device)
    step = alone(model, device) if together == 1 else stacked(model, together, device)
    start = 0.0
    for count in range(steps + 1):
        if count == 1:  # the first one warms up
            start = time.perf_counter()
        step(tokens)
    if device.type == "cuda":
        torch.cuda.synchronize()
    seconds = time.perf_counter() - start
    return models.flops_per_token(model, sweep.context) * steps * tokens.numel() / seconds


def alone(model: PreTrainedModel, device: torch.device) -> Step:
    """The training step of one run, on ids of shape (1, batch, context)."""
    model.to(device).train()
    optimizer = make_optimizer(model, device)

    def step(tokens: Tensor) -> None:
        with precision(device):
            loss = token_losses(model, tokens[0]).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return step


def stacked(model: PreTrainedModel, together: int, device: torch.device) -> Step:
    """The training step of several runs at once, on ids of shape (together, batch, context)."""
    weights = {f"model.{name}": parameter for name, parameter in model.named_parameters()}
    members = Members(Shape.of(model.config), [weights] * together, 0, device)
    return lambda tokens: members.step(tokens, 0.0)
