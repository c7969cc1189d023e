"""The root-mean-square norm of K models with a gradient written out: half the passes over memory of autograd's."""

from typing import Any

import torch
from torch import Tensor


def rms_norm(state: Tensor, gain: Tensor, eps: float) -> Tensor:
    """state / sqrt(mean(state²) + eps) * gain in fp32, over the last axis.

    Args:
        state: shape (K, positions, width).
        gain: shape (K, width).
    """
    state = state.float()
    if torch.compiler.is_compiling():  # the compiler fuses better what it can see
        return state * torch.rsqrt(state.square().mean(-1, keepdim=True) + eps) * gain[:, None]
    return _Norm.apply(state, gain, eps)


class _Norm(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, state: Tensor, gain: Tensor, eps: float) -> Tensor:
        length = torch.linalg.vector_norm(state, dim=-1, keepdim=True)
        scale = torch.rsqrt(length.square() / state.shape[-1] + eps)
        ctx.save_for_backward(state, gain, scale)
        return (state * scale).mul_(gain[:, None])

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, Tensor, None]:
        state, gain, scale = ctx.saved_tensors
        product = slopes[0] * state
        along = (product @ gain[:, :, None]) * (scale.square() / state.shape[-1])
        by_gain = (scale.transpose(1, 2) @ product)[:, 0]
        by_state = (slopes[0] * gain[:, None]).addcmul_(state, along, value=-1).mul_(scale)
        return by_state, by_gain, None
