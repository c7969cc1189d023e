"""The corpora in a sweep file: text files of either side, or text sampled from the base."""

import math
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from probes.config.values import Count, Section

SAMPLED = "sampled"  # the name of a corpus that has no other


class Text(Section):
    """Text of one source: file names or globs, relative to the sweep file, and how they are read.

    `held_out` names the validation text. Without it, `held_out_fraction` of the documents are held
    out, chosen by a hash of their text. `field` is the JSON field or the column with the text; dots
    lead into nested ones. `split` is the split of a saved DatasetDict. `separator` is the text between
    two documents of a plain text file; `blank-lines` stands for any number of blank lines. Without a
    separator the file is one document. `format` sets how files are read, whatever they look like.
    """

    train: list[str] = Field(default_factory=list)
    held_out: list[str] = Field(default_factory=list)
    held_out_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.05
    field: str = "text"
    split: str = "train"
    separator: Annotated[str, Field(min_length=1)] | None = None
    format: Literal["text", "jsonl"] | None = None

    @property
    def reading(self) -> dict[str, str]:
        """What the sweep file sets about how files are read."""
        return {key: own for key in ("separator", "format") if (own := getattr(self, key)) is not None}


class Source(Text):
    """One of several sources of a corpus, with its share of the corpus's tokens."""

    train: list[str] = Field(min_length=1)
    share: Annotated[float, Field(gt=0, le=1)]


class Corpus(Text):
    """One side of the mixture: either text, or `sources` with shares that sum to 1.

    With `near_duplicates: true`, training documents that overlap too much with held-out ones of the
    corpus are left out. A sweep in which a run would see the corpus more than `max_epochs` times is
    refused.

    On the general side, `sample_from_base` is a number of tokens. They are sampled from each base and
    replayed instead of text (arXiv 2605.26097). Text is then needed for two things only: to
    pre-train a ladder, and to be held out. Without any text, samples are held out.
    """

    name: str = ""
    sources: list[Source] = Field(default_factory=list)
    near_duplicates: bool = True
    max_epochs: Annotated[float, Field(gt=0)] | None = None
    sample_from_base: Count | None = None

    @model_validator(mode="before")
    @classmethod
    def named(cls, content: object) -> object:
        """Every corpus has a name; one that is sampled need not be given any."""
        if isinstance(content, dict) and not content.get("name"):
            if not content.get("sample_from_base"):
                raise ValueError("a corpus needs a name; add the key name")
            return {**content, "name": SAMPLED}
        return content

    @model_validator(mode="after")
    def text_or_sources(self) -> Self:
        """Text is given in one place only, and the shares sum to 1."""
        if not self.sources:
            if not self.train and not self.sample_from_base:
                raise ValueError("a corpus needs either train, a list of files, or sources")
            return self
        if (doubled := [key for key in Text.model_fields if key in self.model_fields_set]) == ["train"]:
            raise ValueError("a corpus takes either train or sources, not both")
        if doubled:
            raise ValueError(f"with sources, {' and '.join(doubled)} must be in each source, not beside sources")
        if abs((total := math.fsum(source.share for source in self.sources)) - 1) > 1e-6:
            raise ValueError(f"the shares of its sources sum to {total:g}, not to 1; correct them")
        return self

    @property
    def parts(self) -> list[Text]:
        """Its sources; a corpus without sources is its only one."""
        return [*self.sources] or [self]

    @property
    def shares(self) -> list[float]:
        """The share of each of its parts."""
        return [source.share for source in self.sources] or [1.0]

    @property
    def has_training_text(self) -> bool:
        """Whether there is text to train on."""
        return bool(self.train or self.sources)

    @property
    def has_text(self) -> bool:
        """Whether there is any text, be it only held out."""
        return bool(self.has_training_text or self.held_out)


class Tokenizer(Section):
    """Vocabulary size of the BPE that is trained on the general corpus for the built-in ladder."""

    vocab_size: Annotated[int, Field(ge=258, le=65536)] = 2048
