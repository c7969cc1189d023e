"""Token embeddings of K models by one look-up, and by one sum of gradients on the way back."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional


def embedded(tokens: Tensor, matrix: Tensor, padding: int | None) -> Tensor:
    """The rows of each member's own tokens.

    Args:
        tokens: ids of shape (K, batch, context).
        matrix: embeddings of shape (K, vocabulary, width).
        padding: the id whose row takes no gradient.

    Returns:
        shape (K, batch, context, width).
    """
    found: Tensor = _Embedded.apply(tokens, matrix, padding)
    return found


class _Embedded(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, tokens: Tensor, matrix: Tensor, padding: int | None) -> Tensor:
        members, vocabulary, _ = matrix.shape
        first = torch.arange(0, members * vocabulary, vocabulary, device=tokens.device)
        rows = tokens + first[:, None, None]
        ctx.save_for_backward(rows)
        ctx.shape, ctx.padding = matrix.shape, padding
        return functional.embedding(rows, matrix.flatten(0, 1))

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[None, Tensor, None]:
        (rows,) = ctx.saved_tensors
        members, vocabulary, _ = ctx.shape
        found = torch.ops.aten.embedding_dense_backward(slopes[0], rows, members * vocabulary, -1, False)
        found = found.view(ctx.shape)
        if ctx.padding is not None:
            found[:, ctx.padding] = 0
        return None, found, None
