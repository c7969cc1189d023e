"""Any model that transformers loads, trained alone through its own forward pass."""

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import PreTrainedModel

from probes.compute import CLIP, MOMENTS, PLAIN, Compute, adamw
from probes.evaluate import block_means, precision, token_losses
from probes.record import Tensors


class Alone:
    """One model and its optimiser, with the interface of `probes.stack.members.Members` for a stack of one.

    Args:
        model: taken over, weights and all.
        state: tensors of a state file (see `probes.record`) that was written at `step`; none at step 0.
    """

    count = 1

    def __init__(
        self, model: PreTrainedModel, state: Tensors, step: int, device: torch.device, compute: Compute = PLAIN
    ) -> None:
        self.model = model.to(device).train()
        self.device = device
        self.compute = compute
        self.optimizer = adamw(list(model.parameters()))
        if compute.checkpointing:
            model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        for name, parameter in model.named_parameters() if state else ():
            parameter.data.copy_(state[f"model.{name}"])
            if f"{MOMENTS[0]}.{name}" in state:  # a parameter that is not used has none
                self.optimizer.state[parameter] = {
                    "step": torch.tensor(float(step), device=device),
                    **{key: state[f"{key}.{name}"].to(device, copy=True) for key in MOMENTS},
                }
        # compiled in place, so that names, weights and saving stay as they are
        if compute.compile:
            model.compile()

    @property
    def tensors(self) -> list[Tensor]:
        """The weights."""
        return list(self.model.parameters())

    def step(self, tokens: Tensor, rate: float) -> list[float]:
        """One optimiser step on ids of shape (1, batch, context); returns the loss in nats per token."""
        blocks = tokens[0].to(self.device)
        total = torch.zeros((), dtype=torch.float64, device=self.device)
        for piece in blocks.split(self.compute.micro_batch or len(blocks)):
            with precision(self.device):
                loss = token_losses(self.model, piece).mean() * (len(piece) / len(blocks))
            loss.backward()
            total += loss.detach()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), CLIP)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return [float(total)]

    def evaluate(self, blocks: NDArray[np.integer[Any]], batch: int) -> list[list[float]]:
        """Mean loss of every held-out block (rows of ids), `batch` blocks at a time."""
        return [block_means(self.model, blocks, batch)]

    def state(self, index: int) -> Tensors:
        """The tensors of the state file; views, so they change with the next step."""
        tensors: Tensors = {}
        for name, parameter in self.model.named_parameters():
            moments = self.optimizer.state.get(parameter, {})
            tensors[f"model.{name}"] = parameter
            tensors |= {f"{key}.{name}": moments[key] for key in MOMENTS if key in moments}
        return tensors

    def only(self, indices: Sequence[int], step: int) -> "Alone":
        """A copy at the same step."""
        state = {name: tensor.detach() for name, tensor in self.state(0).items()}
        return Alone(copy.deepcopy(self.model), state, step, self.device, self.compute)
