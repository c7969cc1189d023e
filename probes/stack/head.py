"""The output head and its cross-entropy as one operation that never holds all logits.

At a small width the logits are by far the largest tensor of a step. They are made for a piece of the positions at a
time, small enough for the cache of a processor, and their softmax is turned into their gradient in place.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

CPU_PIECE = 2**19  # logits a piece: 2 MB in fp32, which stays in a processor's cache
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
    parts = [_losses(_logits(state[:, s], matrix), targets[:, s]) for s in _pieces(state, matrix)]
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
            share = torch.softmax(logits, -1)
            # the sum of exponentials from the largest of them, which is never lost to underflow
            normalizer = logits.amax(-1) - share.amax(-1).log()
            totals += (normalizer - _of_targets(logits, targets[:, s])).sum(1)
            slope = share.scatter_add_(2, targets[:, s, None], share.new_full((*share.shape[:2], 1), -1.0))
            if torch.is_autocast_enabled(slope.device.type):  # once, not for each of the two products
                slope = slope.to(torch.get_autocast_dtype(slope.device.type))
            by_state[:, s] = torch.bmm(slope, matrix)
            _add_product(by_matrix, slope.transpose(1, 2), state[:, s])
        ctx.slopes = by_state, by_matrix
        ctx.positions = targets.shape[1]
        return totals / targets.shape[1]

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, Tensor, None]:
        factor = slopes[0][:, None, None] / ctx.positions
        by_state, by_matrix = ctx.slopes
        del ctx.slopes  # they are scaled in place, so there is no second time
        return by_state.mul_(factor), by_matrix.mul_(factor), None


def _add_product(total: Tensor, left: Tensor, right: Tensor) -> None:
    if torch.is_autocast_enabled(total.device.type):  # an operation in place would be in full precision
        total += torch.bmm(left, right)
    else:
        total.baddbmm_(left, right)


def _logits(state: Tensor, matrix: Tensor) -> Tensor:
    return torch.bmm(state, matrix.transpose(1, 2)).float()


def _losses(logits: Tensor, targets: Tensor) -> Tensor:
    """Loss of every position, shape (K, positions)."""
    return torch.logsumexp(logits, -1) - _of_targets(logits, targets)


def _of_targets(logits: Tensor, targets: Tensor) -> Tensor:
    return logits.gather(2, targets.unsqueeze(-1)).squeeze(-1)


def _pieces(state: Tensor, matrix: Tensor) -> Iterator[slice]:
    """The positions cut so that a piece's logits stay in bounds."""
    bound = CPU_PIECE if state.device.type == "cpu" else GPU_PIECE
    size = max(1, bound // (matrix.shape[0] * matrix.shape[1]))
    return (slice(start, start + size) for start in range(0, state.shape[1], size))
