"""How a step is computed: none of this changes what is trained, beyond rounding."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Compute:
    """`micro_batch` blocks of a run go through the model at a time (None: all of a batch); see `probes.config.Compute`."""

    micro_batch: int | None = None
    checkpointing: bool = False
    compile: bool = False


PLAIN = Compute()
