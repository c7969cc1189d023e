"""A base before anything is loaded: where its weights come from, and its parameters, sizes and FLOPs."""

from dataclasses import dataclass

from probes import ladder


@dataclass(frozen=True)
class Counts:
    """Parameters by group. `params` in the run table is `non_embedding`."""

    embedding: int
    non_embedding: int

    @property
    def total(self) -> int:
        """All parameters, tied weights once."""
        return self.embedding + self.non_embedding


@dataclass(frozen=True)
class Figures:
    """Sizes of a base; `inner` is the width of its feed-forward layers."""

    counts: Counts
    layers: int
    width: int
    inner: int
    vocab: int

    def flops_per_token(self, context: int) -> float:
        """Training FLOPs per token: 6 per parameter that multiplies (the output head among them) and causal attention.

        Source: Kaplan et al. 2020 (arXiv 2001.08361), appendix B, with the head and attention kept.
        """
        head = self.vocab * self.width
        return float(6 * (self.counts.non_embedding + head) + 6 * self.layers * self.width * context)


@dataclass(frozen=True)
class Rung:
    """A fresh rung of the ladder; the same seed gives the same weights."""

    depth: int
    vocab_size: int
    context: int
    seed: int = 0

    @property
    def figures(self) -> Figures:
        """Its figures worked out by hand, so that a plan need not import transformers' models; a test keeps the two equal."""
        counts = Counts(self.vocab_size * ladder.width(self.depth), ladder.parameters(self.depth))
        return Figures(counts, self.depth, ladder.width(self.depth), ladder.feed_forward(self.depth), self.vocab_size)


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


Origin = Rung | Pretrained
