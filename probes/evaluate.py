"""Held-out loss on fixed blocks, with its standard error."""

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
    """Cross-entropy on held-out blocks, nats per token: a mean for each block.

    Blocks are the unit of standard errors: tokens of one block are not independent.
    """

    blocks: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Over all blocks."""
        return float(np.mean(self.blocks))

    @property
    def se(self) -> float:
        """Standard error of the mean."""
        return _standard_error(np.asarray(self.blocks))

    def change_se(self, base: "Loss") -> float:
        """Standard error of the change from `base` on the same blocks, far smaller than that of either loss."""
        return _standard_error(np.asarray(self.blocks) - np.asarray(base.blocks))


def _standard_error(values: NDArray[Any]) -> float:
    return float(np.std(values, ddof=1) / np.sqrt(len(values)))


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


def block_means(model: PreTrainedModel, blocks: NDArray[Any], batch: int) -> list[float]:
    """Mean loss of each of the held-out blocks of shape (blocks, context), `batch` of them at a time."""
    device = next(model.parameters()).device
    means: list[float] = []
    model.eval()
    with torch.no_grad(), precision(device):  # tensors that a model keeps would be of no use in training otherwise
        for start in range(0, len(blocks), batch):
            tokens = torch.from_numpy(blocks[start : start + batch].astype(np.int64)).to(device)
            means += token_losses(model, tokens).double().mean(1).tolist()
    model.train()
    return means
