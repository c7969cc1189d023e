"""One training run: pre-training of a base, or CPT at one ratio. It can be cut at any moment.

Data order and learning rate are functions of the step, so the state file (`probes.record`) is all that is needed
to go on.
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import PreTrainedModel

from probes import models
from probes.evaluate import evaluate, precision, token_losses
from probes.jobs import Job, mixture
from probes.record import MOMENTS, Record, Tensors
from probes.storage import write_atomically

Report = Callable[[float], None]  # told the share of the run that is done, 0..1

BETAS = (0.9, 0.95)
WEIGHT_DECAY = 0.1
CLIP = 1.0


class Data:
    """The packed corpora of a job, opened: batches of its mixture, and the held-out blocks."""

    def __init__(self, job: Job) -> None:
        self.train, held_out = zip(*(_open(files) for files in (job.general.files, job.domain.files)), strict=True)
        self.held_out = [blocks[: job.evaluation_blocks] for blocks in held_out]
        self.mixture = mixture(job, *map(len, self.train))
        self.corpus, self.index = self.mixture.plan(job.steps * job.batch_blocks)

    def batch(self, step: int, size: int) -> Tensor:
        """Token ids of shape (size, context) for one step."""
        where = range(step * size, (step + 1) * size)
        return torch.from_numpy(np.stack([self.train[self.corpus[i]][self.index[i]] for i in where]).astype(np.int64))


def _open(files: tuple[str, str]) -> list[NDArray[Any]]:
    return [np.load(file, mmap_mode="r", allow_pickle=False) for file in files]


class Trainer:
    """A model, its optimiser and the rows logged so far (`record`), at a step."""

    def __init__(self, job: Job, device: torch.device) -> None:
        self.job = job
        self.device = device
        self.data = Data(job)
        self.model = open_model(job).to(device)
        self.optimizer = make_optimizer(self.model, device)
        self.record = Record(job, self.data.mixture)
        self.step = 0

    def run(self, report: Report) -> str:
        """Train to the end, or until the loss is no number; returns 'finished' or 'diverged'."""
        if not self.resume() and not self.log(train_loss=math.nan):
            return "diverged"
        losses: list[float] = []
        while self.step < self.job.steps:
            losses.append(self.advance())
            report(self.step / self.job.steps)
            if not math.isfinite(losses[-1]):
                return "diverged"
            if self.step in self.job.checkpoints:
                if not self.log(train_loss=float(np.mean(losses))):
                    return "diverged"
                self.save()
                losses = []
        return "finished"

    def advance(self) -> float:
        """One optimiser step; returns its training loss in nats per token."""
        rate = self.record.rate(self.step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        tokens = self.data.batch(self.step, self.job.batch_blocks).to(self.device)
        with precision(self.device):
            loss = token_losses(self.model, tokens).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), CLIP)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.step += 1
        return float(loss.detach())

    def log(self, train_loss: float) -> bool:
        """Evaluate on both corpora and add a row; False, and no row, where a loss is no number any more."""
        losses = (evaluate(self.model, blocks, self.job.batch_blocks) for blocks in self.data.held_out)
        return self.record.log(self.step, train_loss, *losses)

    def save(self) -> None:
        """Write the state file."""
        tensors: Tensors = {}
        for name, parameter in self.model.named_parameters():
            moments = self.optimizer.state[parameter]
            tensors |= {f"model.{name}": parameter, **{f"{key}.{name}": moments[key] for key in MOMENTS}}
        self.record.save(self.step, tensors)

    def resume(self) -> bool:
        """Take up where an earlier process was cut off; False where there is nothing to take up."""
        self.step, tensors = self.record.load()
        for name, parameter in self.model.named_parameters() if tensors else ():
            parameter.data.copy_(tensors[f"model.{name}"])
            self.optimizer.state[parameter] = {
                "step": torch.tensor(float(self.step), device=self.device),
                **{key: tensors[f"{key}.{name}"].to(self.device) for key in MOMENTS},
            }
        return bool(tensors)


def open_model(job: Job) -> PreTrainedModel:
    """The model a job starts from, in training mode."""
    source = job.model
    if source.path is not None:
        model = models.load(source.path)
    else:
        assert source.depth is not None
        config = models.ladder_config(source.depth, source.vocab_size, source.context)
        model = models.build(config, source.seed)
    model.config.use_cache = False
    model.train()
    return model


def make_optimizer(model: PreTrainedModel, device: torch.device) -> torch.optim.AdamW:
    """The optimiser of one model."""
    return adamw(list(model.parameters()))


def adamw(parameters: list[Tensor], stacked: int = 0) -> torch.optim.AdamW:
    """Fused AdamW; matrices decay, gains do not. The first `stacked` axes of every parameter count models."""
    groups = [
        {"params": [p for p in parameters if p.dim() >= 2 + stacked], "weight_decay": WEIGHT_DECAY},
        {"params": [p for p in parameters if p.dim() < 2 + stacked], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW([g for g in groups if g["params"]], lr=0.0, betas=BETAS, fused=True)


def perform(job: Job, report: Report, device: torch.device) -> str:
    """Train a job from wherever it stands and write its result; a base saves its model as well."""
    folder = Path(job.folder)
    folder.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(job, device)
    status = trainer.run(report)
    if job.kind == "pretrain":
        write_atomically(folder / "model", trainer.model.save_pretrained)
    trainer.record.finish(status)
    return status
