"""One training run: pre-training of a base, or CPT at one ratio. It can be cut at any moment.

At every checkpoint the run writes one file that holds weights, optimiser state and all rows so far;
the move of that file into place is the only commit, so a row is never lost and never written twice.
Data order and learning rate are functions of the step, so nothing else is needed to go on.
"""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor
from transformers import PreTrainedModel

from probes import models, schedules
from probes.evaluate import evaluate, precision, token_losses
from probes.jobs import Job, mixture
from probes.results import Row, open_state, result_path, state_path
from probes.storage import write_atomically, write_json

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
    """A model, its optimiser and the rows logged so far, at a step."""

    def __init__(self, job: Job, device: torch.device) -> None:
        self.job = job
        self.device = device
        self.data = Data(job)
        self.model = open_model(job).to(device)
        self.optimizer = make_optimizer(self.model, device)
        self.scale = schedules.get(job.schedule)
        self.step = 0
        self.rows: list[Row] = []

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
        rate = self.rate()
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

    def rate(self) -> float:
        """Learning rate of the step to come, which is also what a row logs."""
        return self.job.learning_rate * self.scale(self.step, self.job.steps, self.job.warmup_steps)

    def log(self, train_loss: float) -> bool:
        """Evaluate on both corpora and add a row; False, and no row, where a loss is no number any more."""
        seen = self.step * self.job.batch_blocks
        general, domain = (evaluate(self.model, blocks, self.job.batch_blocks) for blocks in self.data.held_out)
        if not math.isfinite(general.mean + domain.mean):
            return False
        general_epochs, domain_epochs = self.data.mixture.epochs(seen)
        self.rows.append(
            {
                **self.job.columns,
                "tokens": seen * self.job.context,
                "general_loss": general.mean,
                "general_loss_se": general.se,
                "domain_loss": domain.mean,
                "domain_loss_se": domain.se,
                "train_loss": None if math.isnan(train_loss) else train_loss,
                "learning_rate": self.rate(),
                "general_epochs": general_epochs,
                "domain_epochs": domain_epochs,
                "unique_domain_tokens": self.data.mixture.unique_domain(seen) * self.job.context,
            }
        )
        return True

    @property
    def state_file(self) -> Path:
        """Where an unfinished run keeps everything it needs to go on."""
        return state_path(self.job)

    def save(self) -> None:
        """Weights, optimiser moments, step and rows in one file, moved into place whole."""
        tensors = {}
        for name, parameter in self.model.named_parameters():
            moments = self.optimizer.state[parameter]
            tensors[f"model.{name}"] = parameter.detach().cpu().contiguous()
            tensors |= {f"{key}.{name}": moments[key].cpu().contiguous() for key in ("exp_avg", "exp_avg_sq")}
        metadata = {"step": str(self.step), "rows": json.dumps(self.rows)}
        write_atomically(self.state_file, lambda part: save_file(tensors, part, metadata=metadata))

    def resume(self) -> bool:
        """Take up where an earlier process was cut off; False where there is nothing to take up."""
        if not self.state_file.exists():
            return False
        with open_state(self.state_file) as file:
            metadata = file.metadata()
            self.step, self.rows = int(metadata["step"]), json.loads(metadata["rows"])
            for name, parameter in self.model.named_parameters():
                parameter.data.copy_(file.get_tensor(f"model.{name}"))
                self.optimizer.state[parameter] = {
                    "step": torch.tensor(float(self.step), device=self.device),
                    **{key: file.get_tensor(f"{key}.{name}").to(self.device) for key in ("exp_avg", "exp_avg_sq")},
                }
        return True


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
    """Fused AdamW; matrices decay, gains do not."""
    parameters = list(model.parameters())
    groups = [
        {"params": [p for p in parameters if p.dim() >= 2], "weight_decay": WEIGHT_DECAY},
        {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0},
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
    write_json(result_path(job), {"status": status, "rows": trainer.rows})
    trainer.state_file.unlink(missing_ok=True)
    return status
