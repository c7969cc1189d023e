"""Meta-experience replay: every few steps the weights go back a part of the way that they came."""

from collections.abc import Sequence

import torch
from torch import Tensor


class Reptile:
    """Source: Reptile (Nichol et al. 2018, arXiv 1803.02999). At its turns, weights = anchor + kept * (weights - anchor).

    Checkpoints and branches lie at turns (see `probes.jobs.checkpoint_steps`), where the anchor is the weights
    themselves, so that it is in no file.

    Args:
        tensors: the weights, changed in place.
        every: steps between two turns.
        kept: the fraction of the way that is kept, 0..1.
    """

    def __init__(self, tensors: Sequence[Tensor], every: int, kept: float) -> None:
        self.tensors = [tensor.detach() for tensor in tensors]
        self.every = every
        self.kept = kept
        self.anchors = [tensor.clone() for tensor in self.tensors]

    @torch.no_grad()
    def after(self, step: int) -> None:
        """To be called after every step, with how many there have been."""
        if step % self.every:
            return
        torch._foreach_lerp_(self.anchors, self.tensors, self.kept)
        torch._foreach_copy_(self.tensors, self.anchors)

    def only(self, tensors: Sequence[Tensor], indices: Sequence[int]) -> "Reptile":
        """The same for some members of a stack, whose weights are now `tensors`."""
        those = Reptile(tensors, self.every, self.kept)
        those.anchors = [anchor[list(indices)] for anchor in self.anchors]
        return those
