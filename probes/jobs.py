"""What is to be trained: a sweep unfolded into jobs, each of which is plain data."""

from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict
from transformers import PreTrainedModel

from probes import config, models
from probes.corpus import Blocks
from probes.mixture import Mixture
from probes.shares import Part
from probes.stack.shape import supports
from probes.storage import digest

BASE_CHECKPOINTS = 8  # evaluations while a base is pre-trained, to see that it learns


class Frozen(BaseModel):
    """Plain data that never changes; an unknown field is a bug."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelSource(Frozen):
    """Where a job's weights come from: a folder or hub name, or a fresh rung of the ladder."""

    path: str | None = None
    depth: int | None = None
    vocab_size: int = 0
    context: int = 0
    seed: int = 0


class Packed(Frozen):
    """A packed corpus as the jobs know it: the names of its files, the hash of what they hold, its sources.

    `near_duplicates` counts the training documents that were left out as such.
    """

    name: str
    files: tuple[str, str] = ("", "")
    hash: str = ""
    parts: tuple[Part, ...] = ()
    near_duplicates: int = 0

    @classmethod
    def of(cls, blocks: Blocks) -> Self:
        """The files behind memory-mapped blocks."""
        files = (str(blocks.train.filename), str(blocks.held_out.filename))  # type: ignore[attr-defined]
        return cls(
            name=blocks.name,
            files=files,
            hash=blocks.hash,
            parts=blocks.parts,
            near_duplicates=blocks.near_duplicates,
        )


class Job(Frozen):
    """One training run with everything that determines its result.

    `folder` receives the run's files; `needs` names the job that must be finished first; `columns`
    are constant columns of its rows; a folder holds this job's result only if it was made with the
    same `identity`. Steps are optimiser steps, FLOPs include evaluation.
    """

    name: str
    kind: Literal["pretrain", "cpt"]
    folder: str
    needs: str | None
    model: ModelSource
    general: Packed
    domain: Packed
    ratio: float
    seed: int
    steps: int
    batch_blocks: int
    context: int
    learning_rate: float
    schedule: str
    warmup_steps: int
    checkpoints: list[int]
    evaluation_blocks: int
    flops: float
    columns: dict[str, Any]
    parent: dict[str, Any]

    @property
    def tokens(self) -> int:
        """Tokens that the run trains on."""
        return self.steps * self.batch_blocks * self.context

    @property
    def identity(self) -> dict[str, Any]:
        """What determines the result, without names and places."""
        own = self.model_dump(mode="json", exclude={"name", "kind", "folder", "needs", "columns", "flops", "model"})
        own |= {"general": self.general.hash, "domain": self.domain.hash}
        return own

    @property
    def alike(self) -> str:
        """A hash that is the same for runs of one base that differ in ratio and seed only."""
        own = {key: value for key, value in self.identity.items() if key not in ("ratio", "seed")}
        return digest([own, self.kind, self.needs, self.model.model_dump()])


def checkpoint_steps(steps: int, count: int, first: int) -> list[int]:
    """Evaluation steps spaced geometrically from `first` to `steps`, both included, no doubles."""
    spaced = np.geomspace(min(first, steps), steps, min(count, steps))
    return sorted({round(step) for step in spaced} | {steps})


def mixture(job: Job, general_blocks: int, domain_blocks: int) -> Mixture:
    """The stream of blocks that a job trains on."""
    return Mixture(general_blocks, domain_blocks, job.ratio, job.seed, job.general.parts, job.domain.parts)


def base_shape(sweep: config.Sweep, base: config.Base) -> PreTrainedModel:
    """A base without its weights, for counting."""
    return models.shape(base.path, base.depth, sweep.tokenizer.vocab_size, sweep.context)


def base_job(sweep: config.Sweep, base: config.Base, general: Packed, domain: Packed, work: Path) -> Job | None:
    """The pre-training of a rung of the ladder; None for a base that is loaded from a path."""
    if base.depth is None:
        return None
    part, model = sweep.pretrain, base_shape(sweep, base)
    source = ModelSource(depth=base.depth, vocab_size=sweep.tokenizer.vocab_size, context=sweep.context, seed=part.seed)
    steps = max(1, round(part.tokens_per_param * models.count(model).non_embedding / part.batch_tokens))
    checkpoints = checkpoint_steps(steps, BASE_CHECKPOINTS, max(1, steps // 64))
    return Job(
        name=f"base-{base.label}",
        kind="pretrain",
        folder=str(work / "bases" / base.label),
        needs=None,
        model=source,
        general=general,
        domain=domain,
        ratio=0.0,
        seed=part.seed,
        learning_rate=peak_rate(base),
        columns={},
        parent=source.model_dump(),
        **_training(sweep, part, model, steps, checkpoints),
    )


def cpt_jobs(
    sweep: config.Sweep, base: config.Base, pretrain: Job | None, general: Packed, domain: Packed, work: Path
) -> list[Job]:
    """Every ratio and seed of one base, which is the result of `pretrain` or loaded from its path."""
    part, model = sweep.cpt, base_shape(sweep, base)
    steps = part.tokens // part.batch_tokens
    training = _training(sweep, part, model, steps, checkpoint_steps(steps, part.checkpoints, part.first_checkpoint))
    columns = {
        "base": base.label,
        **_counts(model),
        "domain": domain.name,
        "general": general.name,
        "schedule": part.schedule,
        "base_tokens": pretrain.tokens if pretrain else base.base_tokens,
        "together": together(sweep, model),
    }

    def job(ratio: float, seed: int) -> Job:
        name = f"{sweep.name}-{base.label}-r{ratio:g}-s{seed}"
        return Job(
            name=name,
            kind="cpt",
            folder=str(work / "runs" / name),
            needs=pretrain.name if pretrain else None,
            model=ModelSource(path=str(Path(pretrain.folder) / "model") if pretrain else base.path),
            general=general,
            domain=domain,
            ratio=ratio,
            seed=seed,
            learning_rate=peak_rate(base) * part.learning_rate_fraction,
            columns={"run": name, **columns, "ratio": ratio, "seed": seed},
            parent={"base": digest(pretrain.identity) if pretrain else models.fingerprint(str(base.path))},
            **training,
        )

    return [job(ratio, seed) for seed in base.seeds or part.seeds for ratio in part.ratios]


def together(sweep: config.Sweep, model: PreTrainedModel) -> int:
    """How many runs of a base are trained at once: one where its model cannot be stacked."""
    return sweep.together if supports(model.config) is None else 1


def groups(jobs: list[Job]) -> list[list[Job]]:
    """The jobs in the same order, in groups that are trained at once: as many of a base as its `together` says."""
    found: list[list[Job]] = []
    for job in jobs:
        last = found[-1] if found else []
        if last and len(last) < job.columns.get("together", 1) and last[0].alike == job.alike:
            last.append(job)
        else:
            found.append([job])
    return found


def peak_rate(base: config.Base) -> float:
    """Peak learning rate of the base's pre-training."""
    if base.learning_rate is not None:
        return base.learning_rate
    assert base.depth is not None
    return models.ladder_rate(base.depth)


def _counts(model: PreTrainedModel) -> dict[str, int]:
    counts = models.count(model)
    return {"params": counts.non_embedding, "params_embedding": counts.embedding, "params_total": counts.total}


def _training(
    sweep: config.Sweep, part: config.Training, model: PreTrainedModel, steps: int, checkpoints: list[int]
) -> dict[str, Any]:
    """The fields of a job that pre-training and CPT derive in the same way."""
    evaluated = 2 * sweep.evaluate.blocks * sweep.context * (len(checkpoints) + 1)
    return {
        "steps": steps,
        "batch_blocks": part.batch_tokens // sweep.context,
        "context": sweep.context,
        "schedule": part.schedule,
        "warmup_steps": round(part.warmup * steps),
        "checkpoints": checkpoints,
        "evaluation_blocks": sweep.evaluate.blocks,
        # an evaluated token costs a forward pass, a third of training
        "flops": models.flops_per_token(model, sweep.context) * (steps * part.batch_tokens + evaluated / 3),
    }
