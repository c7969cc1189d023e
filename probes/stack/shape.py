"""The shape of a plain Llama, and which models are none."""

from dataclasses import dataclass
from typing import Any, Self

from transformers import LlamaForCausalLM, PreTrainedConfig, PreTrainedModel


@dataclass(frozen=True)
class Shape:
    """Sizes of a Llama decoder. `theta` is the base of the rotary angles, `tied` says that the head is the embedding.

    `padding` is the token whose embedding gets no gradient as an input, as in transformers.
    """

    vocab: int
    width: int
    hidden: int
    layers: int
    heads: int
    kv_heads: int
    head_width: int
    eps: float
    theta: float
    tied: bool
    padding: int | None

    @classmethod
    def of(cls, config: PreTrainedConfig) -> Self:
        """The shape that a configuration describes; ValueError where `supports` says why not."""
        if reason := supports(config):
            raise ValueError(reason)
        return cls(
            vocab=config.vocab_size,
            width=config.hidden_size,
            hidden=config.intermediate_size,
            layers=config.num_hidden_layers,
            heads=config.num_attention_heads,
            kv_heads=config.num_key_value_heads,
            head_width=_head_width(config),
            eps=config.rms_norm_eps,
            theta=_rope(config)["rope_theta"],
            tied=bool(config.tie_word_embeddings),
            padding=config.pad_token_id,
        )


def supports(config: PreTrainedConfig) -> str | None:
    """Why models of this configuration cannot be stacked; None where they can.

    A plain Llama can: no biases, unscaled rotary positions over the whole head, SiLU, full attention.
    """
    if config.model_type != "llama":
        return f"a model of type {config.model_type!r} is no Llama"
    for key in ("attention_bias", "mlp_bias", "sliding_window", "quantization_config"):
        if getattr(config, key, None):
            return f"{key} is set"
    rope = _rope(config)
    if rope.get("rope_type", "default") != "default":
        return f"rotary positions of type {rope['rope_type']!r}"
    if rope.get("partial_rotary_factor", 1.0) != 1.0:
        return "rotary positions on a part of the head"
    if config.hidden_act not in ("silu", "swish"):
        return f"activation {config.hidden_act!r}"
    if _head_width(config) % 2:
        return "an odd head width"
    return None


def obstacle(model: PreTrainedModel) -> str | None:
    """Why a model cannot be stacked; None where it can. One that brings its own code may call itself a Llama."""
    if type(model) is not LlamaForCausalLM:
        return f"a model of the class {type(model).__name__} is no plain Llama"
    return supports(model.config)


def _head_width(config: Any) -> int:
    return int(getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads)


def _rope(config: Any) -> dict[str, Any]:
    """Type and base of the rotary positions, whichever way this version of transformers keeps them."""
    own = getattr(config, "rope_parameters", None)
    if own:
        return {"rope_theta": 10000.0, **own}
    scaling = getattr(config, "rope_scaling", None) or {}
    kind = scaling.get("rope_type", scaling.get("type", "default"))
    return {"rope_theta": getattr(config, "rope_theta", 10000.0), "rope_type": kind}
