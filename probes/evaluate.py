"""Held-out loss on fixed blocks, with its standard error."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from transformers import PreTrainedModel


@dataclass(frozen=True)
class Loss:
    """Mean cross-entropy, nats per token, and its standard error over blocks."""

    mean: float
    se: float


def token_losses(model: PreTrainedModel, tokens: Tensor) -> Tensor:
    """Next-token cross-entropy in fp32.

    Args:
        tokens: ids of shape (batch, context).

    Returns:
        nats, shape (batch, context - 1).
    """
    logits = model(input_ids=tokens).logits[:, :-1]
    flat = functional.cross_entropy(logits.flatten(0, 1).float(), tokens[:, 1:].flatten(), reduction="none")
    return flat.view(tokens.shape[0], -1)


def precision(device: torch.device) -> torch.autocast:
    """bf16 products over fp32 weights on a GPU, plain fp32 elsewhere."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=device.type == "cuda")


def evaluate(model: PreTrainedModel, blocks: NDArray[Any], batch: int) -> Loss:
    """Loss on held-out blocks of shape (blocks, context), `batch` of them at a time.

    Blocks are the unit of the standard error: tokens of one block are not independent.
    """
    device = next(model.parameters()).device
    means: list[float] = []
    model.eval()
    with torch.inference_mode(), precision(device):
        for start in range(0, len(blocks), batch):
            tokens = torch.from_numpy(blocks[start : start + batch].astype(np.int64)).to(device)
            means += token_losses(model, tokens).double().mean(1).tolist()
    model.train()
    return summary(means)


def summary(means: Sequence[float]) -> Loss:
    """The loss of blocks whose mean losses are given, nats per token."""
    return Loss(float(np.mean(means)), float(np.std(means, ddof=1) / np.sqrt(len(means))))
