"""A whole sweep, and how its file is read."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Self

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from probes import trackers
from probes.config.text import Corpus, Tokenizer
from probes.config.training import Base, Cpt, Evaluate, Pretrain
from probes.config.values import Count, Section
from scaling.errors import InputError

NAME = r"^[A-Za-z0-9_.-]+$"
INHERITS = "extends"
CORPORA = ("general", "domain")
NOTHING: Mapping[str, Any] = MappingProxyType({})


class ComputeOptions(Section):
    """How a step is computed. It changes rounding only, so runs may be resumed with other options.

    `micro_batch_tokens` of a run's batch go through the model at a time, by default all of them.
    `activation_checkpointing` computes activations again in the backward pass. Either saves memory.
    `compile` uses torch.compile.
    """

    micro_batch_tokens: Count | None = None
    activation_checkpointing: bool = False
    compile: bool = False


class Sweep(Section):
    """A whole sweep: bases x ratios x seeds. `extends` names another sweep file, which gives the missing keys.

    `workers` processes of `threads` threads each train runs side by side. `together` is how many CPT runs of one base
    a process trains at once on a GPU, with stacked weights. On a CPU, and with models other than plain Llamas, runs are
    trained one at a time. Either way gives the same losses up to rounding, so a run may be started in one way and
    resumed in the other. The column `together` of the run table records which it was.
    """

    name: Annotated[str, Field(pattern=NAME)]
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
    compute: ComputeOptions = ComputeOptions()
    trackers: dict[str, dict[str, Any]] = Field(default_factory=dict)

    @field_validator("trackers", mode="before")
    @classmethod
    def tracked(cls, value: Any) -> Any:
        """A list of names has no settings; an empty section neither."""
        if isinstance(value, list):
            return {str(name): {} for name in value}
        return {name: own or {} for name, own in value.items()} if isinstance(value, dict) else value

    @model_validator(mode="after")
    def known_trackers(self) -> Self:
        """The trackers exist."""
        for name in self.trackers:
            if name not in trackers.names():
                raise ValueError(f"no tracker {name!r}; choose one of {', '.join(trackers.names())}")
        return self

    @model_validator(mode="after")
    def sampled_replay(self) -> Self:
        """Only what is replayed may be sampled, and a ladder is pre-trained on text."""
        if self.domain.sample_from_base:
            raise ValueError("sample_from_base is for the general corpus; remove it from domain")
        if not self.general.has_training_text and any(base.depth for base in self.bases):
            raise ValueError("general needs train or sources: the bases given by depth are pre-trained on it")
        return self

    @model_validator(mode="after")
    def whole_steps(self) -> Self:
        """A step is whole blocks, there is at least one step, and no two bases have the same name."""
        for section, name in ((self.cpt, "cpt"), (self.pretrain, "pretrain")):
            if section.batch_tokens % self.context:
                raise ValueError(f"{name}.batch_tokens must be a multiple of context ({self.context})")
        if self.cpt.tokens < self.cpt.batch_tokens:
            raise ValueError("cpt.tokens must be at least one step, which is cpt.batch_tokens")
        if (self.compute.micro_batch_tokens or 0) % self.context:
            raise ValueError(f"compute.micro_batch_tokens must be a multiple of context ({self.context})")
        labels = [base.label for base in self.bases]
        if len(set(labels)) != len(labels):
            raise ValueError("two bases have the same name; remove one or rename its folder")
        return self


def load_sweep(path: str | Path, changes: Mapping[str, Any] = NOTHING) -> Sweep:
    """Read a sweep file. InputError with one sentence that names the file and the key.

    Args:
        changes: keys that stand above those of the file, as those of a file that extends it would.
    """
    path = Path(path)
    content = _laid_over(read_keys(path), changes)
    try:
        return _resolve(Sweep.model_validate(content), path.parent)
    except ValidationError as error:
        raise InputError(f"{path}: {first_problem(error, 'the sweep')}") from error


def read_keys(path: Path, heirs: Sequence[Path] = ()) -> dict[str, Any]:
    """What a sweep file says, laid over the file that it extends: sections key by key, lists whole."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not YAML ({' '.join(str(error).split())})") from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: a sweep file needs keys with values, such as `name: mine`")
    if (other := content.pop(INHERITS, None)) is None:
        return content
    if not isinstance(other, str) or Path(other).name != other:
        raise InputError(
            f"{path}: {INHERITS} must name a sweep file in the same folder, since file names are relative to it"
        )
    if path in heirs:
        raise InputError(f"{path}: {INHERITS} itself; name another sweep file")
    return _laid_over(read_keys(path.parent / other, [*heirs, path]), content)


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Corpora are replaced whole: a `held_out` of one does not belong to the `train` of another."""
    merged = {**below, **above}
    for key, value in above.items():
        if isinstance(value, dict) and isinstance(below.get(key), dict) and key not in CORPORA:
            merged[key] = _laid_over(below[key], value)
    return merged


def _resolve(sweep: Sweep, folder: Path) -> Sweep:
    """A base folder is looked for beside the sweep file first, like the corpora."""
    bases = [
        base.model_copy(update={"path": str(folder / base.path)})
        if base.path is not None and (folder / base.path).is_dir()
        else base
        for base in sweep.bases
    ]
    return sweep.model_copy(update={"bases": bases})


def first_problem(error: ValidationError, whole: str) -> str:
    """The first of pydantic's findings as 'key: what is wrong'; `whole` stands for the key where it is all of it."""
    problem = error.errors()[0]
    where = ".".join(str(key) for key in problem["loc"]) or whole
    if problem["type"] == "extra_forbidden":
        return f"unknown key {where!r} (a typo?)"
    if problem["type"] == "model_type":
        return f"{where}: must be keys with values"
    return f"{where}: {problem['msg'].removeprefix('Value error, ')}"
