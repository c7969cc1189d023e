"""The forward pass of K Llamas at once: every weight has a leading axis of K, every product is batched over it."""

from collections.abc import Mapping
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional

from probes.stack import head
from probes.stack.norm import rms_norm
from probes.stack.shape import Shape

Weights = Mapping[str, Tensor]


def token_losses(weights: Weights, shape: Shape, tokens: Tensor) -> Tensor:
    """Next-token cross-entropy in fp32 of each member on its own tokens, without gradient.

    Args:
        weights: tensors by the names of `probes.stack.weights`, each with a leading axis of K.
        shape: what the members have in common.
        tokens: ids of shape (K, batch, context).

    Returns:
        nats, shape (K, batch, context - 1).
    """
    targets = tokens[:, :, 1:]
    losses = head.token_losses(_states(weights, shape, tokens), _head(weights, shape), targets.flatten(1))
    return losses.view(targets.shape)


def mean_losses(weights: Weights, shape: Shape, tokens: Tensor) -> Tensor:
    """The mean of `token_losses` of each member, shape (K,), with gradients."""
    return head.mean_losses(_states(weights, shape, tokens), _head(weights, shape), tokens[:, :, 1:].flatten(1))


def _head(weights: Weights, shape: Shape) -> Tensor:
    return weights["embed" if shape.tied else "head"]


def _states(weights: Weights, shape: Shape, tokens: Tensor) -> Tensor:
    """What the head is applied to: every position but the last, shape (K, batch * (context - 1), width)."""
    members, batch, context = tokens.shape
    rows = [functional.embedding(*pair, shape.padding) for pair in zip(tokens, weights["embed"], strict=True)]
    state = torch.stack(rows).view(members, batch * context, shape.width)
    angles = rotations(shape, context, tokens.device)
    for layer in range(shape.layers):
        state = state + _attention(weights, shape, layer, state, angles, batch)
        state = state + _feed_forward(weights, shape, layer, state)
    state = state.view(members, batch, context, shape.width)[:, :, :-1].reshape(members, -1, shape.width)
    return rms_norm(state, weights["norm"], shape.eps)


def _attention(
    weights: Weights, shape: Shape, layer: int, state: Tensor, angles: tuple[Tensor, Tensor], batch: int
) -> Tensor:
    """Causal self-attention of a layer with its norm; members are folded into the batch axis."""
    members, positions, _ = state.shape
    normed = rms_norm(state, weights[f"{layer}.attention_norm"], shape.eps)
    joint = _product(normed, weights[f"{layer}.qkv"])
    joint = joint.view(members * batch, positions // batch, -1, shape.head_width).transpose(1, 2)
    turning, value = joint.split((shape.heads + shape.kv_heads, shape.kv_heads), 1)
    query, key = _rotate(turning, angles).to(joint.dtype).split((shape.heads, shape.kv_heads), 1)
    key, value = (_repeat(part, shape.heads // shape.kv_heads) for part in (key, value))
    mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
    mixed = mixed.transpose(1, 2).reshape(members, positions, -1)
    return _product(mixed, weights[f"{layer}.out"])


def _feed_forward(weights: Weights, shape: Shape, layer: int, state: Tensor) -> Tensor:
    """The gated feed-forward of a layer with its norm."""
    normed = rms_norm(state, weights[f"{layer}.feed_norm"], shape.eps)
    gate, up = _product(normed, weights[f"{layer}.gate_up"]).chunk(2, -1)
    return _product(functional.silu(gate) * up, weights[f"{layer}.down"])


def _product(state: Tensor, matrix: Tensor) -> Tensor:
    """(K, positions, in) times (K, out, in) gives (K, positions, out)."""
    return torch.bmm(state, matrix.transpose(1, 2))


def _rotate(heads: Tensor, angles: tuple[Tensor, Tensor]) -> Tensor:
    """Rotary positions on (batch, heads, context, head width): first against second half of a head."""
    cosine, sine = angles
    one, two = heads.chunk(2, -1)
    return torch.cat((one * cosine - two * sine, two * cosine + one * sine), -1)


def _repeat(heads: Tensor, times: int) -> Tensor:
    """Each key or value head `times` times, for grouped-query attention."""
    return heads if times == 1 else heads.repeat_interleave(times, 1)


@cache
def rotations(shape: Shape, context: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosine and sine of the rotary angles, each of shape (context, head width / 2)."""
    with torch.inference_mode(False):  # they serve training too, whoever asks first
        exponents = torch.arange(0, shape.head_width, 2, dtype=torch.float) / shape.head_width
        frequencies = (1.0 / shape.theta**exponents).to(device)
        angles = torch.arange(context, dtype=torch.float, device=device)[:, None] * frequencies
        return angles.cos(), angles.sin()
