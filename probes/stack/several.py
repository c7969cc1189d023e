"""How K runs of one base are trained at once: as one stack on a GPU, in turn on a CPU."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from probes.compute import PLAIN, Compute
from probes.record import Tensors
from probes.stack.members import Members
from probes.stack.shape import Shape


def several(
    shape: Shape, states: Sequence[Tensors], step: int, device: torch.device, compute: Compute = PLAIN
) -> "Members | InTurn":
    """The models whose state files are given, for training on that device; arguments as of `Members`.

    On a GPU they share every product, so that K of them cost the launches of one. On a CPU there is no launch to save,
    and the activations of one fit the cache better than those of all.
    """
    if device.type != "cpu" or len(states) == 1:
        return Members(shape, states, step, device, compute)
    return InTurn([Members(shape, [state], step, device, compute) for state in states])


class InTurn:
    """Stacks of one model each that make a step one after the other, so that each comes to the bits of a single run."""

    def __init__(self, stacks: list[Members]) -> None:
        self.stacks = stacks

    @property
    def tensors(self) -> list[Tensor]:
        """The weights of all, one model after the other."""
        return [tensor for stack in self.stacks for tensor in stack.tensors]

    def step(self, tokens: Tensor, rate: float) -> list[float]:
        """One optimiser step on ids of shape (K, batch, context); returns each model's loss in nats per token."""
        return [loss for stack, own in zip(self.stacks, tokens.split(1), strict=True) for loss in stack.step(own, rate)]

    def evaluate(self, blocks: NDArray[np.integer[Any]], batch: int) -> list[list[float]]:
        """Mean loss of every held-out block (rows of ids) for each model, `batch` blocks at a time."""
        return [means for stack in self.stacks for means in stack.evaluate(blocks, batch)]

    def state(self, index: int) -> Tensors:
        """The tensors of one model's state file; views, so they change with the next step."""
        return self.stacks[index].state(0)

    def part(self, tensors: Sequence[Tensor], indices: Sequence[int]) -> list[Tensor]:
        """What belongs to the models with these indices of tensors that are like `tensors`."""
        count = len(tensors) // len(self.stacks)
        return [tensor for index in indices for tensor in tensors[index * count : (index + 1) * count]]

    def only(self, indices: Sequence[int], step: int) -> "InTurn":
        """A copy of the models with these indices."""
        return InTurn([self.stacks[index].only([0], step) for index in indices])
