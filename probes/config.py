"""The sweep file: what to train, on what, for how long. Read from YAML, checked by pydantic."""

import math
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from probes import schedules
from scaling.errors import InputError
from scaling.units import parse_count

Fraction = Annotated[float, Field(ge=0, le=1)]
Seed = Annotated[int, Field(ge=0)]


def _count(value: Any) -> Any:
    """Counts as people write them: 2e6, 20M."""
    return round(parse_count(value)) if isinstance(value, str | float) else value


Count = Annotated[int, BeforeValidator(_count), Field(gt=0)]


def _distinct(values: list[Any]) -> list[Any]:
    """No value stands twice, as its name prints it: the runs would have the same name."""
    if len({f"{value:g}" for value in values}) != len(values):
        raise ValueError("the same value stands there twice")
    return values


Seeds = Annotated[list[Seed], Field(min_length=1), AfterValidator(_distinct)]


class Section(BaseModel):
    """A part of the sweep file; an unknown key is an error, since it is most likely a typo."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Text(Section):
    """Text of one source: file names or globs, relative to the sweep file, and how they are read.

    `held_out` names the validation text; without it, `held_out_fraction` of the documents are held
    out by a hash of their text. `field` is the JSON field or the column that holds the text, `split`
    the part of a saved DatasetDict.
    """

    train: list[str] = []
    held_out: list[str] = []
    held_out_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.05
    field: str = "text"
    split: str = "train"


class Source(Text):
    """One of several sources of a corpus, with its share of the corpus's tokens."""

    train: list[str] = Field(min_length=1)
    share: Annotated[float, Field(gt=0, le=1)]


class Corpus(Text):
    """One side of the mixture: either text of its own, or `sources` with shares that sum to 1.

    With `near_duplicates: true` training documents that share too much with held-out ones of the
    corpus are left out.
    """

    name: str
    sources: list[Source] = []
    near_duplicates: bool = True

    @model_validator(mode="after")
    def text_or_sources(self) -> Self:
        """Text stands in one place only, and shares are shares of a whole."""
        if not self.sources:
            if not self.train:
                raise ValueError("a corpus needs either train, a list of files, or sources")
            return self
        if (doubled := [key for key in Text.model_fields if key in self.model_fields_set]) == ["train"]:
            raise ValueError("a corpus takes either train or sources, not both")
        if doubled:
            raise ValueError(f"with sources, {' and '.join(doubled)} must stand in each source, not beside them")
        if abs((total := math.fsum(source.share for source in self.sources)) - 1) > 1e-6:
            raise ValueError(f"the shares of its sources sum to {total:g}, not to 1")
        return self

    @property
    def parts(self) -> list[Text]:
        """Its sources; a corpus with text of its own is the only one."""
        return [*self.sources] or [self]

    @property
    def shares(self) -> list[float]:
        """The share of each of its parts."""
        return [source.share for source in self.sources] or [1.0]


class Tokenizer(Section):
    """Vocabulary size of the BPE that is trained on the general corpus for the built-in ladder."""

    vocab_size: Annotated[int, Field(ge=258, le=65536)] = 2048


class Base(Section):
    """A base model: a rung of the built-in ladder (`depth`) or anything transformers loads (`path`).

    `learning_rate` is the peak of the base's own pre-training, of which CPT takes a fraction; the
    ladder derives it from the width. `base_tokens` is how long a `path` base was pre-trained.
    `remote_code: true` lets Python code that comes with a `path` base run, with all that you may do; off by default.
    """

    depth: Annotated[int, Field(ge=1, le=64)] | None = None
    path: str | None = None
    seeds: Seeds | None = None
    learning_rate: Annotated[float, Field(gt=0)] | None = None
    base_tokens: Count | None = None
    remote_code: bool = False

    @model_validator(mode="after")
    def one_of_two(self) -> Self:
        """A base comes from the ladder or from a path, and a path says at which rate it was trained."""
        if (self.depth is None) == (self.path is None):
            raise ValueError("a base needs either depth or path")
        if self.path is not None and self.learning_rate is None:
            raise ValueError("a base given by path needs learning_rate, the peak of its pre-training")
        if self.remote_code and self.path is None:
            raise ValueError("remote_code is for a base given by path; the ladder has no code of its own")
        return self

    @property
    def label(self) -> str:
        """Short name used in run names and folders."""
        return f"d{self.depth}" if self.path is None else Path(self.path).name


class Training(Section):
    """What pre-training and CPT have in common; tokens are counted in whole steps."""

    batch_tokens: Count = 2048
    schedule: str = "constant"
    warmup: Fraction = 0.02

    @field_validator("schedule")
    @classmethod
    def known(cls, name: str) -> str:
        """The schedule exists."""
        if name not in schedules.names():
            raise ValueError(f"no schedule {name!r}; there are {', '.join(schedules.names())}")
        return name


class Pretrain(Training):
    """Pre-training of the ladder: the same tokens per non-embedding parameter at every size."""

    schedule: str = "wsd"
    tokens_per_param: Annotated[float, Field(gt=0)] = 4.0
    seed: Seed = 0


class Cpt(Training):
    """Continual pre-training: every ratio and seed, at a fraction of the base's peak rate."""

    tokens: Count
    ratios: Annotated[list[Fraction], Field(min_length=1), AfterValidator(_distinct)]
    seeds: Seeds = [0]
    learning_rate_fraction: Annotated[float, Field(gt=0)] = 0.3
    checkpoints: Annotated[int, Field(ge=1)] = 12
    first_checkpoint: Annotated[int, Field(ge=1)] = 4


class Evaluate(Section):
    """Held-out blocks of `context` tokens a corpus, the same ones at every checkpoint of every run."""

    blocks: Annotated[int, Field(ge=2)] = 64


class Sweep(Section):
    """A whole sweep: bases x ratios x seeds.

    `workers` processes of `threads` threads each train runs side by side. `together` is how many CPT runs of one base
    a process trains at once, their weights stacked; models other than plain Llamas are trained one at a time.
    Either way gives the same losses up to rounding, so a run may be started in one and resumed in the other; the
    column `together` of the run table tells which it was.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$")]
    general: Corpus
    domain: Corpus
    bases: list[Base] = Field(min_length=1)
    cpt: Cpt
    pretrain: Pretrain = Pretrain()
    tokenizer: Tokenizer = Tokenizer()
    evaluate: Evaluate = Evaluate()
    context: Annotated[int, Field(ge=8)] = 256
    workers: Annotated[int, Field(ge=1)] = 2
    threads: Annotated[int, Field(ge=1)] = 1
    together: Annotated[int, Field(ge=1)] = 1

    @model_validator(mode="after")
    def whole_steps(self) -> Self:
        """Steps hold whole blocks, there is at least one, and bases can be told apart."""
        for part, name in ((self.cpt, "cpt"), (self.pretrain, "pretrain")):
            if part.batch_tokens % self.context:
                raise ValueError(f"{name}.batch_tokens must be a multiple of context ({self.context})")
        if self.cpt.tokens < self.cpt.batch_tokens:
            raise ValueError("cpt.tokens is less than one step of cpt.batch_tokens")
        labels = [base.label for base in self.bases]
        if len(set(labels)) != len(labels):
            raise ValueError("two bases have the same name")
        return self


def load_sweep(path: str | Path) -> Sweep:
    """Read a sweep file. InputError with one sentence that names the file and the key."""
    path = Path(path)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not YAML ({' '.join(str(error).split())})") from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: a sweep file is a mapping of keys to values")
    try:
        return _resolve(Sweep.model_validate(content), path.parent)
    except ValidationError as error:
        raise InputError(f"{path}: {_first_problem(error)}") from error


def _resolve(sweep: Sweep, folder: Path) -> Sweep:
    """A base folder is looked for beside the sweep file first, like the corpora."""
    bases = [
        base.model_copy(update={"path": str(folder / base.path)})
        if base.path is not None and (folder / base.path).is_dir()
        else base
        for base in sweep.bases
    ]
    return sweep.model_copy(update={"bases": bases})


def _first_problem(error: ValidationError) -> str:
    """The first of pydantic's findings as 'key: what is wrong'."""
    problem = error.errors()[0]
    where = ".".join(str(part) for part in problem["loc"]) or "the sweep"
    if problem["type"] == "extra_forbidden":
        return f"unknown key {where!r} (a typo?)"
    return f"{where}: {problem['msg'].removeprefix('Value error, ')}"
