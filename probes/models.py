"""Base models: a ladder of small Llama-style models from one dial, or anything transformers loads."""

import re
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM, PreTrainedModel
from transformers.utils import cached_file

from probes import ladder
from probes.bases import Counts, Figures, Origin, Pretrained, Rung
from probes.storage import digest, file_digest
from scaling.errors import InputError

# what transformers raises for a model that is not there, damaged, of another kind, or in need of its own code
UNLOADABLE = (OSError, ValueError, ImportError, KeyError, RuntimeError, SafetensorError)
MAIN = "main"  # the branch of a hub name where no revision is given


def ladder_config(depth: int, vocab_size: int, context: int) -> LlamaConfig:
    """The shape of a rung: width 32 x depth, one head per layer index, feed-forward 8/3 of the width.

    Depth 3, 4, 6, 10, 14, 20 give 0.33M, 0.80M, 2.7M, 12M, 34M and 98M non-embedding parameters.
    """
    return LlamaConfig(
        vocab_size=vocab_size,
        hidden_size=ladder.width(depth),
        intermediate_size=ladder.feed_forward(depth),
        num_hidden_layers=depth,
        num_attention_heads=depth,
        num_key_value_heads=depth,
        max_position_embeddings=context,
        tie_word_embeddings=True,
        use_cache=False,
        bos_token_id=0,
        eos_token_id=0,
        pad_token_id=0,
    )


def open_base(origin: Origin) -> PreTrainedModel:
    """The model with its weights."""
    return build(_rung_config(origin), origin.seed) if isinstance(origin, Rung) else load(origin)


def _rung_config(rung: Rung) -> LlamaConfig:
    return ladder_config(rung.depth, rung.vocab_size, rung.context)


def build(config: LlamaConfig, seed: int) -> LlamaForCausalLM:
    """A freshly initialised rung; the same seed gives the same weights."""
    torch.manual_seed(seed)
    return LlamaForCausalLM(config)


def load(origin: Pretrained) -> PreTrainedModel:
    """A causal LM in fp32, from safetensors, dropout off, fused attention where it has it.

    Dropout would draw from a random state that is in no checkpoint, and probes see too little text to need it.

    Raises:
        InputError: there is no such model, or it cannot be loaded that way.
    """
    try:
        config = _config(origin)
        for name, value in config.to_dict().items():  # some models read a rate from there at every pass
            if "drop" in name and isinstance(value, float):
                setattr(config, name, 0.0)
        read = partial(
            AutoModelForCausalLM.from_pretrained,
            origin.path,
            config=config,
            use_safetensors=True,
            dtype=torch.float32,
            **_permitted(origin),
        )
        try:
            model: PreTrainedModel = read(attn_implementation="sdpa")
        except (ValueError, ImportError):  # among them that the architecture has no fused attention
            model = read()
    except _unloadable(origin) as error:
        raise unknown_model(origin.path, error) from error
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
        if isinstance(rate := getattr(module, "attention_dropout", None), float) and rate > 0:
            module.attention_dropout = 0.0
    return model


def require_weights(origin: Pretrained) -> None:
    """InputError for a folder whose weights could not be loaded: without safetensors, or with broken ones. Only their
    headers are read; a hub name is not looked at."""
    folder = Path(origin.path)
    if not folder.is_dir():
        return
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise InputError(
            f"base model {origin.path!r}: that folder has no *.safetensors; save its weights in that format first"
        )
    for file in files:
        try:
            with safe_open(file, "pt") as weights:
                weights.keys()
        except (OSError, SafetensorError) as error:
            raise InputError(
                f"base model {origin.path!r}: {file.name} is damaged; download or save it again"
            ) from error


def _config(origin: Pretrained) -> Any:
    return AutoConfig.from_pretrained(origin.path, **_permitted(origin))


def _permitted(origin: Pretrained) -> dict[str, Any]:
    """What transformers is given for a base beside its path."""
    return {"trust_remote_code": origin.remote_code, "revision": origin.revision or MAIN}


def _unloadable(origin: Pretrained) -> tuple[type[Exception], ...]:
    """What loading may raise; a model's own code can fail in any way."""
    return (Exception,) if origin.remote_code else UNLOADABLE


def unknown_model(path: str, error: Exception) -> InputError:
    """One sentence for a model that transformers would not load."""
    if "custom code" in str(error) and "trust_remote_code" in str(error):
        return InputError(f"base model {path!r}: it comes with Python code; set `remote_code: true` to let it run")
    where = (
        "that folder contains no model that transformers loads"
        if Path(path).is_dir()
        else "no such folder, and the hub gives no such model"
    )
    return InputError(f"base model {path!r}: {where} ({_first_sentence(error)})")


def _first_sentence(error: Exception) -> str:
    return re.split(r"(?<=[.!?])\s|\n", str(error).strip())[0].strip() or type(error).__name__


def count(model: PreTrainedModel) -> Counts:
    """Parameters by group; token embedding and output head are `embedding`, tied weights count once."""
    groups = {id(p) for m in (model.get_input_embeddings(), model.get_output_embeddings()) if m for p in m.parameters()}
    embedding = sum(p.numel() for p in model.parameters() if id(p) in groups)
    return Counts(embedding, sum(p.numel() for p in model.parameters()) - embedding)


def shape(origin: Origin) -> PreTrainedModel:
    """The model without memory for its weights, to count parameters and FLOPs before anything is loaded.

    InputError where there is no such model.
    """
    if isinstance(origin, Rung):
        with torch.device("meta"):
            return LlamaForCausalLM(_rung_config(origin))
    try:
        config = _config(origin)
        with torch.device("meta"):
            return AutoModelForCausalLM.from_config(config, trust_remote_code=origin.remote_code)
    except _unloadable(origin) as error:
        raise unknown_model(origin.path, error) from error


def commit(origin: Pretrained) -> str | None:
    """The commit that a hub name stands for now, so that all of a sweep loads the same; None for a folder.

    InputError where there is no such model.
    """
    if Path(origin.path).is_dir():
        return None
    try:
        file = cached_file(origin.path, "config.json", revision=origin.revision or MAIN)
    except UNLOADABLE as error:
        raise unknown_model(origin.path, error) from error
    found = re.search(r"snapshots/([0-9a-f]{40})/", Path(file).as_posix())  # how the hub's client lays out its cache
    return found[1] if found else origin.revision


def fingerprint(origin: Pretrained) -> str:
    """What identifies a model: a hash of its folder's files (code among them), or hub name and `commit`."""
    folder = Path(origin.path)
    if not folder.is_dir():
        return f"{origin.path}@{origin.revision}" if origin.revision else origin.path
    files = sorted(file for pattern in ("config.json", "*.py", "*.safetensors") for file in folder.glob(pattern))
    return digest([[file.name, file_digest(file)] for file in files])


def figures(model: "PreTrainedModel") -> Figures:
    """What is counted of a model."""
    config = model.config.get_text_config()  # itself, but for a model that takes pictures too
    width = config.hidden_size
    inner = getattr(config, "intermediate_size", None) or 4 * width
    return Figures(count(model), config.num_hidden_layers, width, inner, config.vocab_size)


def flops_per_token(model: "PreTrainedModel", context: int) -> float:
    """Training FLOPs per token, as `Figures` has them."""
    return figures(model).flops_per_token(context)


def load_tokenizer(origin: Pretrained) -> AutoTokenizer:
    """The tokenizer that belongs to a model; InputError where there is none."""
    try:
        return AutoTokenizer.from_pretrained(origin.path, use_fast=True, **_permitted(origin))
    except _unloadable(origin) as error:
        if not _has_config(origin):
            raise unknown_model(origin.path, error) from error
        raise no_tokenizer(origin.path, error) from error


def no_tokenizer(path: str, error: Exception | None = None) -> InputError:
    """One sentence for a model that comes without its tokenizer."""
    why = _first_sentence(error) if error else ""
    detail = f" ({why})" if why and not why.endswith(":") else ""
    return InputError(
        f"base model {path!r}: it has no tokenizer that transformers loads; save the one that it was trained with "
        f"beside it{detail}"
    )


def _has_config(origin: Pretrained) -> bool:
    """Whether there is a model at all."""
    try:
        return _config(origin) is not None
    except _unloadable(origin):
        return False
