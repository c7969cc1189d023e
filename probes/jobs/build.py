"""From a sweep to its jobs: bases, samples of them, and CPT runs. Neither the trainer nor this machine is asked."""

import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from probes import config, ladder
from probes.bases import Figures, Origin, Pretrained, Rung
from probes.compute import Compute
from probes.jobs.job import Branch, Job, Packed, SampleJob, Tracking
from probes.storage import digest

BASE_CHECKPOINTS = 8  # evaluations while a base is pre-trained, to see that it learns


def checkpoint_steps(steps: int, count: int, first: int, every: int = 1) -> list[int]:
    """Evaluation steps spaced geometrically from `first` to `steps`, both included, no doubles, multiples of `every`."""
    spaced = np.geomspace(min(first, steps), steps, min(count, steps))[0 if count > 1 else 1 :]
    whole = {max(1, round(step / every)) * every for step in spaced}
    return sorted({step for step in whole if step < steps} | {steps})


def pretrained(base: config.Base) -> Pretrained:
    """What a base given by path is loaded from."""
    assert base.path is not None
    return Pretrained(base.path, base.remote_code, base.revision)


def origin_of(sweep: config.Sweep, base: config.Base) -> Origin:
    """Where a base comes from before anything of the sweep is trained."""
    if base.depth is None:
        return pretrained(base)
    return Rung(base.depth, sweep.tokenizer.vocab_size, sweep.context, sweep.pretrain.seed)


def figures(origin: Origin) -> Figures:
    """The sizes of a base; a rung's need no model. InputError where there is no such model."""
    if isinstance(origin, Rung):
        return origin.figures
    from probes import models

    return models.figures(models.shape(origin))


def base_job(sweep: config.Sweep, base: config.Base, general: Packed, work: Path) -> Job | None:
    """The pre-training of a rung of the ladder; None for a base that is loaded from a path."""
    if base.depth is None:
        return None
    section, rung = sweep.pretrain, origin_of(sweep, base)
    model = figures(rung)
    tokens = section.tokens or section.tokens_per_param * model.counts.non_embedding
    steps = max(1, round(tokens / section.batch_tokens))
    return Job(
        name=f"base-{base.label}",
        kind="pretrain",
        folder=str(work / "bases" / base.label),
        needs=None,
        model=rung,
        general=general,
        domain=None,
        ratio=0.0,
        seed=section.seed,
        learning_rate=peak_rate(base),
        parent={"path": None, **asdict(rung)},  # as work folders have it
        anneal_steps=max(1.0, section.anneal * steps),
        **_training(sweep, section, model, steps, checkpoint_steps(steps, BASE_CHECKPOINTS, max(1, steps // 64)), 1),
    )


def sample_job(
    sweep: config.Sweep,
    base: config.Base,
    pretrain: Job | None,
    general: Packed | None,
    start_id: int,
    work: Path,
    counted: bool = False,
) -> tuple[SampleJob, Packed]:
    """The sampling of a base's replay, and the corpus that it will be; held-out text is `general`'s where there is any.

    Args:
        counted: for counting only; the base's weights are then not looked at.
    """
    tokens = sweep.general.sample_from_base
    assert tokens
    folder = work / "samples" / base.label
    blocks = math.ceil(tokens / sweep.context)
    held_out = 0 if general else sweep.evaluate.blocks
    model, origin = figures(origin_of(sweep, base)), _cpt_start(base, pretrain)
    job = SampleJob(
        name=f"sample-{base.label}",
        folder=str(folder),
        needs=pretrain.name if pretrain else None,
        model=origin,
        parent={} if counted else _parent(origin, pretrain),
        tokens=tokens,
        context=sweep.context,
        start_id=start_id,
        held_out=held_out,
        # a sampled token costs a forward pass, a third of training
        flops=model.flops_per_token(sweep.context) * (blocks + held_out) * sweep.context / 3,
    )
    files = (str(folder / "train.npy"), general.files[1] if general else str(folder / "held_out.npy"))
    made_from = digest([job.identity, general.hash if general else None])
    return job, Packed(name=sweep.general.name, files=files, hash=made_from)


def cpt_jobs(
    sweep: config.Sweep,
    base: config.Base,
    pretrain: Job | None,
    general: Packed,
    domain: Packed,
    work: Path,
    needs: str | None = None,
    counted: bool = False,
) -> list[Job]:
    """Every ratio and seed of one base, which is the result of `pretrain` or loaded from its path.

    Args:
        needs: the job that must be finished first, where that is another one than `pretrain`.
        counted: for counting only; the base's weights are then not looked at.
    """
    section, model = sweep.cpt, figures(origin_of(sweep, base))
    steps, every = section.tokens // section.batch_tokens, section.reptile.every if section.reptile else 1
    checkpoints = checkpoint_steps(steps, section.checkpoints, section.first_checkpoint, every)
    branches = [_branch(end, section.anneal, every) for end in section.branch_steps]
    spent = steps + sum(branch.end - branch.start for branch in branches)
    training = _training(sweep, section, model, steps, checkpoints, 2, spent, len(branches))
    columns = {
        "base": base.label,
        **_counts(model),
        "domain": domain.name,
        "general": general.name,
        "schedule": section.schedule,
        "base_tokens": pretrain.tokens if pretrain else base.base_tokens,
        "together": 1,  # until the pool trains more at once
    }

    origin = _cpt_start(base, pretrain)
    parent = {} if counted else _parent(origin, pretrain)  # once, since it may hash large files

    def job(ratio: float, seed: int) -> Job:
        name = f"{sweep.name}-{base.label}-r{ratio:g}-s{seed}"
        return Job(
            name=name,
            kind="cpt",
            folder=str(work / "runs" / name),
            needs=needs or (pretrain.name if pretrain else None),
            model=origin,
            general=general,
            domain=domain,
            ratio=ratio,
            seed=seed,
            learning_rate=peak_rate(base) * section.learning_rate_fraction,
            columns={"run": name, **columns, "ratio": ratio, "seed": seed},
            parent=parent,
            # a run that branches leave has no anneal of its own
            anneal_steps=0.0 if branches else max(1.0, section.anneal * steps),
            branches=branches,
            reptile=(section.reptile.every, section.reptile.step) if section.reptile else None,
            together=sweep.together,
            tracking=Tracking(trackers=sweep.trackers, folder=str(work / "tracked"), project=sweep.name),
            **training,
        )

    return [job(ratio, seed) for seed in base.seeds or section.seeds for ratio in base.ratios or section.ratios]


def _branch(end: int, fraction: float, every: int) -> Branch:
    """It may leave before its anneal begins, where a turn of Reptile is."""
    anneal = max(1.0, fraction * end)
    return Branch(start=(end - math.ceil(anneal)) // every * every, end=end, anneal=anneal)


def _cpt_start(base: config.Base, pretrain: Job | None) -> Pretrained:
    """What CPT starts from."""
    return Pretrained(str(Path(pretrain.folder) / "model")) if pretrain else pretrained(base)


def _parent(origin: Pretrained, pretrain: Job | None) -> dict[str, Any]:
    if pretrain:
        return {"base": digest(pretrain.identity)}
    from probes import models

    own_code = {"remote_code": True} if origin.remote_code else {}
    return {"base": models.fingerprint(origin), **own_code}


def peak_rate(base: config.Base) -> float:
    """Peak learning rate of the base's pre-training."""
    if base.learning_rate is not None:
        return base.learning_rate
    assert base.depth is not None
    return ladder.peak_rate(base.depth)


def _counts(model: Figures) -> dict[str, int]:
    counts = model.counts
    return {"params": counts.non_embedding, "params_embedding": counts.embedding, "params_total": counts.total}


def _training(
    sweep: config.Sweep,
    section: config.Training,
    model: Figures,
    steps: int,
    checkpoints: list[int],
    corpora: int,
    spent: int | None = None,
    branches: int = 0,
) -> dict[str, Any]:
    """The fields of a job that pre-training and CPT derive in the same way; `spent` steps are those of `branches` too."""
    evaluated = corpora * sweep.evaluate.blocks * sweep.context * (len(checkpoints) + 1 + branches)
    return {
        "steps": steps,
        "batch_blocks": section.batch_tokens // sweep.context,
        "context": sweep.context,
        "schedule": section.schedule,
        "warmup_steps": round(section.warmup * steps),
        "checkpoints": checkpoints,
        "evaluation_blocks": sweep.evaluate.blocks,
        # an evaluated token costs a forward pass, a third of training
        "flops": model.flops_per_token(sweep.context) * ((spent or steps) * section.batch_tokens + evaluated / 3),
        "compute": compute_of(sweep),
    }


def compute_of(sweep: config.Sweep) -> Compute:
    """How the steps of a sweep's runs are computed."""
    own = sweep.compute
    micro_batch = own.micro_batch_tokens // sweep.context if own.micro_batch_tokens else None
    return Compute(micro_batch, own.activation_checkpointing, own.compile)
