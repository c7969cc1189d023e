"""Rotary positions and the gated activation, with gradients written out.

Autograd keeps a tensor and makes a pass over memory for every product and sum, and joins the gradients of parts in one
more. Here each result, and each gradient of a part, is written straight to where it belongs.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

Angles = tuple[Tensor, Tensor]  # cosine and sine, each of shape (context, head width / 2)


def turned(joint: Tensor, angles: Angles, parts: Sequence[int]) -> tuple[Tensor, Tensor, Tensor]:
    """Query, key and value with their heads first; query and key with rotary positions.

    Those turn the first against the second half of a head.

    Args:
        joint: query, key and value heads side by side, shape (batch, context, heads, head width).
        parts: how many heads each of the three has.

    Returns:
        each of shape (batch, heads, context, head width).
    """
    if torch.compiler.is_compiling():
        cosine, sine = angles
        query, key, value = joint.transpose(1, 2).split(tuple(parts), 1)
        halves = (part.chunk(2, -1) for part in (query, key))
        turns = (torch.cat((one * cosine - two * sine, two * cosine + one * sine), -1) for one, two in halves)
        return *(part.to(joint.dtype) for part in turns), value
    return _Turned.apply(joint, *angles, parts)


class _Turned(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, joint: Tensor, cosine: Tensor, sine: Tensor, parts: Sequence[int]
    ) -> tuple[Tensor, Tensor, Tensor]:
        ctx.save_for_backward(cosine, sine)
        batch, context, _, width = joint.shape
        query, key, value = (joint.new_empty(batch, heads, context, width) for heads in parts)
        sources = joint.transpose(1, 2).split(tuple(parts), 1)
        _turn(sources[0], query, cosine, sine)
        _turn(sources[1], key, cosine, sine)
        return query, key, value.copy_(sources[2])

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, None, None, None]:
        cosine, sine = ctx.saved_tensors
        batch, _, context, width = slopes[0].shape
        parts = [slope.shape[1] for slope in slopes]
        found = slopes[0].new_empty(batch, context, sum(parts), width)
        targets = found.transpose(1, 2).split(parts, 1)
        _turn(slopes[0], targets[0], cosine, -sine)  # the transpose of a turn is the turn back
        _turn(slopes[1], targets[1], cosine, -sine)
        targets[2].copy_(slopes[2])
        return found, None, None, None


def _turn(source: Tensor, target: Tensor, cosine: Tensor, sine: Tensor) -> None:
    """Write `source`, turned, to `target`, both of shape (batch, heads, context, head width)."""
    one, two = source.chunk(2, -1)
    to_one, to_two = target.chunk(2, -1)
    torch.mul(one, cosine, out=to_one).addcmul_(two, sine, value=-1)
    torch.mul(two, cosine, out=to_two).addcmul_(one, sine)


def gated(joint: Tensor) -> Tensor:
    """silu(gate) * up, where gate and up are the halves of the last axis."""
    if torch.compiler.is_compiling():
        gate, up = joint.chunk(2, -1)
        return functional.silu(gate) * up
    return _Gated.apply(joint)


class _Gated(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, joint: Tensor) -> Tensor:
        gate, up = joint.chunk(2, -1)
        active = functional.silu(gate)
        ctx.save_for_backward(joint, active)
        return active * up

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> Tensor:
        joint, active = ctx.saved_tensors
        gate, up = joint.chunk(2, -1)
        found = torch.empty_like(joint)
        by_gate, by_up = found.chunk(2, -1)
        torch.mul(slopes[0], active, out=by_up)
        torch.ops.aten.silu_backward.grad_input(slopes[0] * up, gate, grad_input=by_gate)
        return found
