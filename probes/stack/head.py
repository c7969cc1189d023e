"""The output head and its cross-entropy as one operation that never holds all logits.

At a small width the logits are by far the largest tensor of a step. They are made for a piece of the positions at a
time, small enough for the cache of a processor, and turned into their own gradient in place.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

CPU_PIECE = 2**19  # logits a piece: 2 MB in fp32, the size of a core's second cache
GPU_PIECE = 2**28  # 1 GB: a launch is the dearer thing there


def token_losses(state: Tensor, matrix: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy of every position, without gradient.

    Args:
        state: hidden states of shape (K, positions, width).
        matrix: output heads of shape (K, vocabulary, width).
        targets: ids of shape (K, positions).

    Returns:
        nats in fp32, shape (K, positions).
    """
    parts = [_losses(_logits(state[:, s], matrix), targets[:, s])[0] for s in _pieces(state, matrix)]
    return torch.cat(parts, 1)


def mean_losses(state: Tensor, matrix: Tensor, targets: Tensor) -> Tensor:
    """Mean cross-entropy of each member, shape (K,), with gradients to `state` and `matrix`; see `token_losses`."""
    return _MeanLosses.apply(state, matrix, targets)


class _MeanLosses(torch.autograd.Function):
    """The gradient of a mean is known but for one factor a member, so it is made on the way forward."""

    @staticmethod
    def forward(ctx: Any, state: Tensor, matrix: Tensor, targets: Tensor) -> Tensor:
        totals = torch.zeros(len(state), device=state.device)
        by_state, by_matrix = torch.empty_like(state), torch.zeros_like(matrix)
        for s in _pieces(state, matrix):
            logits = _logits(state[:, s], matrix)
            losses, normalizer = _losses(logits, targets[:, s])
            totals += losses.sum(1)
            slope = logits.sub_(normalizer.unsqueeze(-1)).exp_()
            slope.scatter_add_(2, targets[:, s, None], torch.full_like(losses, -1.0).unsqueeze(-1))
            slope = slope.mul_(1 / targets.shape[1])
            by_state[:, s] = torch.bmm(slope, matrix)
            by_matrix += torch.bmm(slope.transpose(1, 2), state[:, s])
        ctx.save_for_backward(by_state, by_matrix)
        return totals / targets.shape[1]

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, Tensor, None]:
        by_state, by_matrix = ctx.saved_tensors
        factor = slopes[0][:, None, None]
        return by_state * factor, by_matrix * factor, None


def _logits(state: Tensor, matrix: Tensor) -> Tensor:
    return torch.bmm(state, matrix.transpose(1, 2)).float()


def _losses(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Loss and log of the sum of exponentials of every position, both of shape (K, positions)."""
    normalizer = torch.logsumexp(logits, -1)
    return normalizer - logits.gather(2, targets.unsqueeze(-1)).squeeze(-1), normalizer


def _pieces(state: Tensor, matrix: Tensor) -> Iterator[slice]:
    """The positions cut so that a piece's logits stay in bounds."""
    bound = CPU_PIECE if state.device.type == "cpu" else GPU_PIECE
    size = max(1, bound // (matrix.shape[0] * matrix.shape[1]))
    return (slice(start, start + size) for start in range(0, state.shape[1], size))
