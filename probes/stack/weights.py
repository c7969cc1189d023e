"""The weights of K Llamas as stacked tensors, from and to the names that transformers gives them."""

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor

from probes.stack.shape import Shape


class Layout:
    """Which tensors of a transformers state dict lie where in the stacked ones.

    Attributes:
        parts: for each stacked tensor, the names that are laid in it one below the other, and the rows of each.
    """

    def __init__(self, shape: Shape) -> None:
        self.parts: dict[str, list[tuple[str, int]]] = {"embed": [("model.embed_tokens.weight", shape.vocab)]}
        for layer in range(shape.layers):
            self.parts |= {f"{layer}.{key}": parts for key, parts in _layer(shape, f"model.layers.{layer}")}
        self.parts["norm"] = [("model.norm.weight", shape.width)]
        if not shape.tied:
            self.parts["head"] = [("lm_head.weight", shape.vocab)]

    @property
    def names(self) -> list[str]:
        """The transformers names, tied weights once."""
        return [name for parts in self.parts.values() for name, _ in parts]

    def stack(self, members: Sequence[Mapping[str, Tensor]], device: torch.device) -> dict[str, Tensor]:
        """K state dicts as stacked tensors in fp32, each with a leading axis of K."""
        return {
            key: torch.stack([torch.cat([member[name] for name, _ in parts]) for member in members]).to(
                device, torch.float32
            )
            for key, parts in self.parts.items()
        }

    def member(self, stacked: Mapping[str, Tensor], index: int) -> dict[str, Tensor]:
        """The state dict of one member: views of the stacked tensors."""
        return dict(self._pieces(stacked, index))

    def _pieces(self, stacked: Mapping[str, Tensor], index: int) -> Iterator[tuple[str, Tensor]]:
        for key, parts in self.parts.items():
            pieces = stacked[key][index].split([rows for _, rows in parts])
            yield from ((name, piece) for (name, _), piece in zip(parts, pieces, strict=True))


def _layer(shape: Shape, prefix: str) -> Iterator[tuple[str, list[tuple[str, int]]]]:
    """Matrices that are applied to the same input lie together, so that they are one product."""
    query, other = shape.heads * shape.head_width, shape.kv_heads * shape.head_width
    attention, feed = f"{prefix}.self_attn", f"{prefix}.mlp"
    yield "attention_norm", [(f"{prefix}.input_layernorm.weight", shape.width)]
    yield "qkv", [(f"{attention}.{x}_proj.weight", n) for x, n in (("q", query), ("k", other), ("v", other))]
    yield "out", [(f"{attention}.o_proj.weight", shape.width)]
    yield "feed_norm", [(f"{prefix}.post_attention_layernorm.weight", shape.width)]
    yield "gate_up", [(f"{feed}.{x}_proj.weight", shape.hidden) for x in ("gate", "up")]
    yield "down", [(f"{feed}.down_proj.weight", shape.width)]
