"""Where a model's weights come from, as plain data."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rung:
    """A fresh rung of the ladder; the same seed gives the same weights."""

    depth: int
    vocab_size: int
    context: int
    seed: int = 0


@dataclass(frozen=True)
class Pretrained:
    """A model that transformers loads.

    Attributes:
        path: a folder or a hub name.
        remote_code: whether Python code that comes with the model may be run.
        revision: branch, tag or commit of a hub name; the newest of its main branch if None.
    """

    path: str
    remote_code: bool = False
    revision: str | None = None


Source = Rung | Pretrained
