"""Rotary positions and the gated activation, with gradients written out.

Autograd keeps a tensor and makes a pass over memory for every product and sum, and joins the gradients of parts in one
more. Here each result, and each gradient of a part, is written straight to where it belongs.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

Angles = tuple[Tensor, Tensor]  # cosine and sine, each of shape (context, head width / 2)


def turned(joint: Tensor, angles: Angles, turning: int) -> Tensor:
    """Heads first, and the first `turning` of them with rotary positions: first against second half of a head.

    Args:
        joint: query, key and value heads side by side, shape (batch, context, heads, head width).

    Returns:
        shape (batch, heads, context, head width).
    """
    if torch.compiler.is_compiling():
        cosine, sine = (part[:, None] for part in angles)
        one, two = joint[:, :, :turning].chunk(2, -1)
        turns = torch.cat((one * cosine - two * sine, two * cosine + one * sine), -1).to(joint.dtype)
        return torch.cat((turns, joint[:, :, turning:]), 2).transpose(1, 2)
    return _Turned.apply(joint, *angles, turning)


class _Turned(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, joint: Tensor, cosine: Tensor, sine: Tensor, turning: int) -> Tensor:
        ctx.save_for_backward(cosine, sine)
        ctx.turning = turning
        batch, context, heads, width = joint.shape
        found = joint.new_empty(batch, heads, context, width)
        _turn(joint.transpose(1, 2), found, cosine, sine, turning)
        return found

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, None, None, None]:
        cosine, sine = ctx.saved_tensors
        batch, heads, context, width = slopes[0].shape
        found = slopes[0].new_empty(batch, context, heads, width)
        _turn(slopes[0], found.transpose(1, 2), cosine, -sine, ctx.turning)  # a turn's transpose is the turn back
        return found, None, None, None


def _turn(source: Tensor, target: Tensor, cosine: Tensor, sine: Tensor, turning: int) -> None:
    """Write `source` to `target`, both of shape (batch, heads, context, head width), the first heads turned."""
    target[:, turning:] = source[:, turning:]
    one, two = source[:, :turning].chunk(2, -1)
    if source.dtype == cosine.dtype:
        to_one, to_two = target[:, :turning].chunk(2, -1)
        torch.mul(one, cosine, out=to_one).addcmul_(two, sine, value=-1)
        torch.mul(two, cosine, out=to_two).addcmul_(one, sine)
    else:  # products in half precision: the turn is made in full
        turns = (one * cosine - two * sine, two * cosine + one * sine)
        target[:, :turning] = torch.cat(turns, -1)


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
