"""K models with their optimiser: stacked weights that are trained at once by one AdamW and clipped one by one."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from probes.compute import CLIP, MOMENTS, PLAIN, Compute, adamw
from probes.evaluate import precision
from probes.record import Tensors
from probes.stack import decoder
from probes.stack.shape import Shape
from probes.stack.weights import Layout


class Members:
    """The models, each at the same step, as one stack.

    On a GPU K of them cost the launches of one. On a CPU there is no launch to save, and the activations of K leave the
    cache, so `probes.jobs` puts one run into a group there.

    Args:
        states: for each member the tensors of its state file (see `probes.record`), or its weights alone at step 0.
        compute: what changes time and memory of a step, not its result.
    """

    def __init__(
        self, shape: Shape, states: Sequence[Tensors], step: int, device: torch.device, compute: Compute = PLAIN
    ) -> None:
        self.shape = shape
        self.layout = Layout(shape)
        self.device = device
        self.compute = compute
        self.count = len(states)
        self.weights = self.layout.stack([_part(state, "model") for state in states], device)
        for weight in self.weights.values():
            weight.requires_grad_()
        self.optimizer = adamw(list(self.weights.values()), stacked=1)
        if step:
            self._restore(states, step)

    @property
    def tensors(self) -> list[Tensor]:
        """The stacked weights."""
        return list(self.weights.values())

    def _restore(self, states: Sequence[Tensors], step: int) -> None:
        moments = {key: self.layout.stack([_part(state, key) for state in states], self.device) for key in MOMENTS}
        for name, weight in self.weights.items():
            self.optimizer.state[weight] = {
                "step": torch.tensor(float(step), device=self.device),
                **{key: moments[key][name] for key in MOMENTS},
            }

    def step(self, tokens: Tensor, rate: float) -> list[float]:
        """One optimiser step on ids of shape (K, batch, context); returns each member's loss in nats per token."""
        losses = self.backward(tokens.to(self.device))
        self.clip()
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)  # as large as the weights, and of no use while branches are trained
        return [float(loss) for loss in losses.tolist()]

    def backward(self, tokens: Tensor) -> Tensor:
        """Mean loss of each member, shape (K,); its gradient replaces the one before."""
        self.optimizer.zero_grad(set_to_none=True)
        total = torch.zeros(self.count, device=self.device)
        for piece in tokens.split(self.compute.micro_batch or tokens.shape[1], dim=1):
            total += self._accumulate(piece, piece.shape[1] / tokens.shape[1])
        return total

    def _accumulate(self, tokens: Tensor, share: float) -> Tensor:
        """Loss on some of the blocks, times the share of these; its gradient is added to what there is."""
        with precision(self.device):
            loss = decoder.mean_losses(self.weights, self.shape, tokens, self.compute) * share
        slopes = torch.autograd.grad(loss.sum(), list(self.weights.values()))
        for weight, slope in zip(self.weights.values(), slopes, strict=True):
            if weight.grad is None:
                weight.grad = slope.contiguous()  # fused AdamW takes gradients to lie as weights do
            else:
                weight.grad.add_(slope)
        return loss.detach()

    def clip(self) -> Tensor:
        """Scale each member's gradient down to the norm CLIP where it is longer; returns the norms, shape (K,)."""
        slopes = [weight.grad for weight in self.weights.values() if weight.grad is not None]
        norms = torch.stack([torch.linalg.vector_norm(slope.flatten(1), dim=1) for slope in slopes])
        norm = torch.linalg.vector_norm(norms, dim=0)
        factor = (CLIP / (norm + 1e-6)).clamp(max=1.0)
        if self.device.type == "cpu" and bool((factor >= 1).all()):  # a pass over all of memory for nothing
            return norm
        for slope in slopes:
            slope.mul_(factor.view(-1, *[1] * (slope.dim() - 1)))
        return norm

    def evaluate(self, blocks: NDArray[np.integer[Any]], batch: int) -> list[list[float]]:
        """Mean loss of every held-out block (rows of ids) for each member, `batch` blocks at a time."""
        means: list[list[float]] = [[] for _ in range(self.count)]
        with torch.inference_mode(), precision(self.device):
            for start in range(0, len(blocks), batch):
                tokens = torch.from_numpy(blocks[start : start + batch].astype(np.int64)).to(self.device)
                for own, part in zip(means, self._block_means(tokens), strict=True):
                    own += part
        return means

    def _block_means(self, tokens: Tensor) -> list[list[float]]:
        same = tokens.expand(self.count, -1, -1)
        found: list[list[float]] = decoder.token_losses(self.weights, self.shape, same).double().mean(2).tolist()
        return found

    def state(self, index: int) -> Tensors:
        """The tensors of one member's state file; views, so they change with the next step."""
        kinds = {"model": self.weights}
        if self.optimizer.state:
            kinds |= {
                key: {name: self.optimizer.state[weight][key] for name, weight in self.weights.items()}
                for key in MOMENTS
            }
        return {
            f"{kind}.{name}": tensor
            for kind, stacked in kinds.items()
            for name, tensor in self.layout.member(stacked, index).items()
        }

    def only(self, indices: Sequence[int], step: int) -> "Members":
        """The members with these indices, the others left behind."""
        with torch.no_grad():
            return Members(self.shape, [self.state(index) for index in indices], step, self.device, self.compute)


def _part(state: Tensors, kind: str) -> Tensors:
    return {name.removeprefix(f"{kind}."): state[name].detach() for name in state if name.startswith(f"{kind}.")}
