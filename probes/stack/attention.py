"""Causal attention.

torch's kernel for CPUs makes the scores twice, and their products by small calls. At a short context all scores of a
layer are a few megabytes: they are made once for some queries at a time by batched products and kept for the way back.
"""

import math
from collections.abc import Iterator
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

BLOCK = 32  # queries at a time; scores beyond the last of them are not made
LONGEST = 512  # tokens; what is kept grows with the square of the context


def attention(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Softmax attention of every position on itself and those before.

    Args:
        query, key, value: shape (batch, heads, context, head width).

    Returns:
        The same shape.
    """
    context = query.shape[2]
    half = torch.is_autocast_enabled(query.device.type) or query.dtype != torch.float32
    if query.device.type != "cpu" or half or context > LONGEST:
        return functional.scaled_dot_product_attention(query, key, value, is_causal=True)
    return _in_blocks(query, key, value)


@torch.compiler.disable  # the compiler would make new tensors of what is written in place
def _in_blocks(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    found: Tensor = _Causal.apply(*(part.flatten(0, 1) for part in (query, key, value)))
    return found.view(query.shape)


class _Causal(torch.autograd.Function):
    """On tensors of shape (heads of all blocks, context, head width)."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        query = query / math.sqrt(query.shape[2])
        found, shares = torch.empty_like(value), []
        for start, stop in _blocks(query):
            scores = torch.bmm(query[:, start:stop], key[:, :stop].transpose(1, 2))
            scores[:, :, start:].masked_fill_(_later(stop - start), -math.inf)
            shares.append(torch.softmax(scores, -1))
            found[:, start:stop] = torch.bmm(shares[-1], value[:, :stop])
        ctx.save_for_backward(query, key, value, found, *shares)
        return found

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        query, key, value, found, *shares = ctx.saved_tensors
        slope = slopes[0].contiguous()
        along = (slope * found).sum(-1, keepdim=True)
        by_query, by_key, by_value = torch.empty_like(query), torch.zeros_like(key), torch.zeros_like(value)
        for (start, stop), share in zip(_blocks(query), shares, strict=True):
            own = slope[:, start:stop]
            by_scores = torch.bmm(own, value[:, :stop].transpose(1, 2)).sub_(along[:, start:stop]).mul_(share)
            by_query[:, start:stop] = torch.bmm(by_scores, key[:, :stop])
            by_key[:, :stop].add_(torch.bmm(by_scores.transpose(1, 2), query[:, start:stop]))
            by_value[:, :stop].add_(torch.bmm(share.transpose(1, 2), own))
        return by_query.div_(math.sqrt(query.shape[2])), by_key, by_value


@cache
def _later(count: int) -> Tensor:
    """Which of `count` positions come after which, shape (count, count)."""
    return torch.ones(count, count, dtype=torch.bool).triu(1)


def _blocks(query: Tensor) -> Iterator[tuple[int, int]]:
    """Start and end of the queries that are taken at a time."""
    context = query.shape[1]
    return ((start, min(start + BLOCK, context)) for start in range(0, context, BLOCK))
