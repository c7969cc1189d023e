"""How a step is computed: options that change nothing but rounding, the device, and the optimiser of every run."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from scaling.errors import InputError

BETAS = (0.9, 0.95)
WEIGHT_DECAY = 0.1
CLIP = 1.0  # of the gradients' norm
MOMENTS = ("exp_avg", "exp_avg_sq")  # of AdamW, by its own names


@dataclass(frozen=True)
class Compute:
    """Choices that no result depends on.

    Attributes:
        micro_batch: blocks of each run that go through the model at a time, their gradients added up; None for all.
        checkpointing: keep each layer's input alone and compute the rest again on the way back: less memory, and a
            forward pass more.
        compile: let torch.compile fuse the layers. On a CPU it takes half a minute for a step that is 4 to 5 % shorter,
            so it pays after some ten minutes of training; where compiling fails the layers run as they are.
    """

    micro_batch: int | None = None
    checkpointing: bool = False
    compile: bool = False

    def __post_init__(self) -> None:
        if self.micro_batch is not None and self.micro_batch < 1:
            raise ValueError("micro_batch must be at least 1")


PLAIN = Compute()


@contextmanager
def enough_memory(what: str, together: int = 0) -> Iterator[None]:
    """InputError where an accelerator has too little memory, with what helps where `together` runs are trained at once."""
    try:
        yield
    except torch.cuda.OutOfMemoryError as error:
        ways = ["compute.micro_batch_tokens", "compute.activation_checkpointing"] if together else []
        ways += [f"together below {together}"] if together > 1 else []
        helps = f"; set {' or '.join(ways)}" if ways else ""
        raise InputError(f"{what}: too little memory on the accelerator{helps}") from error


def device() -> torch.device:
    """Where runs are trained on this machine."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def adamw(parameters: list[Tensor], stacked: int = 0) -> torch.optim.AdamW:
    """Fused AdamW; matrices decay, gains do not. The first `stacked` axes of every parameter count models."""
    groups = [
        {"params": [p for p in parameters if p.dim() >= 2 + stacked], "weight_decay": WEIGHT_DECAY},
        {"params": [p for p in parameters if p.dim() < 2 + stacked], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW([g for g in groups if g["params"]], lr=0.0, betas=BETAS, fused=True)
