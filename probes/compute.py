"""How a step is computed: what changes its time and memory, but not its result beyond rounding."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from scaling.errors import InputError


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
