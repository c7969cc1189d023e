"""Text drawn from a language model, many sequences at a time, from its plain distribution.

`generate` of transformers is not used: it takes top_k, repetition penalties and the like from the
model's own generation settings, hides a start token that is the padding token as well where no token
ends a text, takes no random numbers from outside, and copies all keys and values for every token.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from probes.evaluate import precision
from scaling.errors import InputError

try:
    from transformers.cache_utils import DynamicLayer
except ImportError:  # transformers before 4.54, whose caches have no layers that could be replaced
    DynamicLayer = object


def draw(model: PreTrainedModel, uniform: Tensor, start_id: int, temperature: float, top_p: float) -> Tensor:
    """Sequences that start with `start_id` and end nowhere but at their length.

    Args:
        model: on the device of `uniform`; its modes are left as they were.
        uniform: the luck of every token, 0..1 in fp64, of shape (sequences, length - 1).

    Returns:
        ids of shape (sequences, length).

    Raises:
        InputError: the model gives logits that are not finite.
    """
    sequences, length = uniform.shape[0], uniform.shape[1] + 1
    ids = torch.full((sequences, length), start_id, device=uniform.device)
    sound = torch.ones((), dtype=torch.bool, device=uniform.device)
    cache = None
    # not inference_mode: what a model keeps from here could not be used in training
    with _evaluating(model), torch.no_grad(), precision(uniform.device):
        for i in range(1, length):
            # a model that hands back no cache of this name reads the sequence from its start each time
            fed = ids[:, :i] if cache is None else ids[:, i - 1 : i]
            output = model(input_ids=fed, past_key_values=cache, use_cache=True)
            if cache is None:
                cache = _with_room(getattr(output, "past_key_values", None), length)
            cumulated = _cumulated(output.logits[:, -1].float() / temperature, top_p)
            sound &= cumulated[:, -1].isfinite().all()  # asked at the end: an answer makes a GPU wait
            ids[:, i] = _drawn(cumulated, uniform[:, i - 1])
    if not sound:
        raise InputError("the base model gives logits that are not finite; check whether its training diverged")
    return ids


def _cumulated(logits: Tensor, top_p: float) -> Tensor:
    """Cumulated probabilities (sequences, vocabulary) in fp64; at the end the mass that `top_p` leaves."""
    chances = logits.softmax(-1)
    if top_p < 1:
        ordered, order = chances.sort(descending=True)
        outside = ordered.cumsum(-1, dtype=torch.float64) - ordered >= top_p
        chances = chances.scatter(-1, order, ordered.masked_fill(outside, 0))
    return chances.cumsum(-1, dtype=torch.float64)


def _drawn(cumulated: Tensor, uniform: Tensor) -> Tensor:
    """The ids (sequences) where the cumulated probabilities pass `uniform`, 0..1; cheaper than torch.multinomial."""
    passed = torch.searchsorted(cumulated, uniform[:, None] * cumulated[:, -1:], right=True)
    return passed[:, 0].clamp(max=cumulated.shape[1] - 1)  # NaN is passed nowhere


class _Roomy(DynamicLayer):  # type: ignore[misc,unused-ignore]
    """A cache layer with room for the whole sequence: transformers' own copies all it has for every token."""

    def __init__(self, filled: Any, length: int) -> None:
        super().__init__()
        self.dtype, self.device, self.is_initialized = filled.keys.dtype, filled.keys.device, True
        self.room = [x.new_empty(*x.shape[:2], length, x.shape[3]) for x in (filled.keys, filled.values)]
        self.filled = 0
        self.update(filled.keys, filled.values)

    def update(self, keys: Tensor, values: Tensor, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
        """Put (sequences, heads, new tokens, width) behind what is there; all keys and values so far."""
        start, self.filled = self.filled, self.filled + keys.shape[2]
        for room, new in zip(self.room, (keys, values), strict=True):
            room[:, :, start : self.filled] = new
        self.keys, self.values = (room[:, :, : self.filled] for room in self.room)
        return self.keys, self.values


def _with_room(cache: Any, length: int) -> Any:
    """The cache of a sequence's first token, with room where its layers are plain ones."""
    layers = getattr(cache, "layers", [])
    for number, layer in enumerate(layers):
        if type(layer) is DynamicLayer and getattr(layer, "keys", None) is not None:  # None where layers share
            layers[number] = _Roomy(layer, length)
    return cache


@contextmanager
def _evaluating(model: PreTrainedModel) -> Iterator[None]:
    """The model in evaluation mode; every module's own mode is put back."""
    training = [module for module in model.modules() if module.training]
    model.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True
