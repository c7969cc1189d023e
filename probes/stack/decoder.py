"""The forward pass of K Llamas at once: every weight has a leading axis of K, every product is batched over it."""

from collections.abc import Callable, Mapping
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from probes.compute import PLAIN, Compute
from probes.stack import head
from probes.stack.attention import attention
from probes.stack.compiled import or_plain
from probes.stack.embedding import embedded
from probes.stack.fused import Angles, gated, turned
from probes.stack.norm import rms_norm
from probes.stack.shape import Shape

Weights = Mapping[str, Tensor]
Layer = Callable[[Tensor, Weights, Shape, Angles, int], Tensor]
LAYER_KEYS = ("attention_norm", "qkv", "out", "feed_norm", "gate_up", "down")


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
    losses = head.token_losses(_states(weights, shape, tokens, PLAIN), _head(weights, shape), targets.flatten(1))
    return losses.view(targets.shape)


def mean_losses(weights: Weights, shape: Shape, tokens: Tensor, compute: Compute = PLAIN) -> Tensor:
    """The mean of `token_losses` of each member, shape (K,), with gradients."""
    states = _states(weights, shape, tokens, compute)
    return head.mean_losses(states, _head(weights, shape), tokens[:, :, 1:].flatten(1))


def _head(weights: Weights, shape: Shape) -> Tensor:
    return weights["embed" if shape.tied else "head"]


def _states(weights: Weights, shape: Shape, tokens: Tensor, compute: Compute) -> Tensor:
    """What the head is applied to: every position but the last, shape (K, batch * (context - 1), width)."""
    members, batch, context = tokens.shape
    state = embedded(tokens, weights["embed"], shape.padding).view(members, batch * context, shape.width)
    angles = rotations(shape, context, tokens.device)
    layer = or_plain(_layer) if compute.compile else _layer
    for index in range(shape.layers):
        own = {key: weights[f"{index}.{key}"] for key in LAYER_KEYS}
        if compute.checkpointing:
            state = checkpoint(layer, state, own, shape, angles, batch, use_reentrant=False, preserve_rng_state=False)
        else:
            state = layer(state, own, shape, angles, batch)
    state = state.view(members, batch, context, shape.width)[:, :, :-1].reshape(members, -1, shape.width)
    return rms_norm(state, weights["norm"], shape.eps)


def _layer(state: Tensor, weights: Weights, shape: Shape, angles: Angles, batch: int) -> Tensor:
    state = state + _attention(state, weights, shape, angles, batch)
    return state + _feed_forward(state, weights, shape)


def _attention(state: Tensor, weights: Weights, shape: Shape, angles: Angles, batch: int) -> Tensor:
    """Causal self-attention of a layer with its norm; members are folded into the batch axis."""
    members, positions, _ = state.shape
    joint = _product(rms_norm(state, weights["attention_norm"], shape.eps), weights["qkv"])
    joint = joint.view(members * batch, positions // batch, -1, shape.head_width)
    query, *others = turned(joint, angles, (shape.heads, shape.kv_heads, shape.kv_heads))
    key, value = (_repeat(part, shape.heads // shape.kv_heads) for part in others)
    mixed = attention(query, key, value).transpose(1, 2).reshape(members, positions, -1)
    return _product(mixed, weights["out"])


def _feed_forward(state: Tensor, weights: Weights, shape: Shape) -> Tensor:
    """The gated feed-forward of a layer with its norm."""
    joint = _product(rms_norm(state, weights["feed_norm"], shape.eps), weights["gate_up"])
    return _product(gated(joint), weights["down"])


def _product(state: Tensor, matrix: Tensor) -> Tensor:
    """(K, positions, in) times (K, out, in) gives (K, positions, out)."""
    if len(state) == 1:  # its gradient comes in the order of the matrix, bmm's in that of the transpose
        return functional.linear(state.squeeze(0), matrix.squeeze(0)).unsqueeze(0)  # indices would copy gradients
    return torch.bmm(state, matrix.transpose(1, 2))


def _repeat(heads: Tensor, times: int) -> Tensor:
    """Each key or value head `times` times, for grouped-query attention."""
    return heads if times == 1 else heads.repeat_interleave(times, 1)


@cache
def rotations(shape: Shape, context: int, device: torch.device) -> Angles:
    """Cosine and sine of the rotary angles, each of shape (context, head width / 2)."""
    with torch.inference_mode(False):  # they serve training too, whoever asks first
        exponents = torch.arange(0, shape.head_width, 2, dtype=torch.float) / shape.head_width
        frequencies = (1.0 / shape.theta**exponents).to(device)
        angles = torch.arange(context, dtype=torch.float, device=device)[:, None] * frequencies
        return angles.cos(), angles.sin()
