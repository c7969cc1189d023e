"""Anneals that leave a run, and Reptile steps: both must survive a cut to the bit."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

from probes import config, prepare, train
from probes.evaluate import Loss
from probes.jobs import Branch, Job, checkpoint_steps
from probes.results import logged_rows, lost_branches, state_path
from probes.sweep import run
from scaling.runs import validate

CPU = torch.device("cpu")
MakeSweep = Callable[..., Path]
CPT = {"tokens": 2560, "batch_tokens": 128, "ratios": [0, 0.5], "checkpoints": 3, "anneal": 0.2, "warmup": 0.1}


class Cut(Exception):
    """Stands for a kill."""


def cut_at(call: int) -> Callable[[float], None]:
    """A report that raises at its `call`-th call."""
    calls = iter(range(1, call + 1))

    def report(share: float) -> None:
        if next(calls) == call:
            raise Cut

    return report


def nothing(share: float) -> None:
    """A report that is not listened to."""


@pytest.fixture(params=["stacked", "alone"])
def unfold(
    make_sweep: MakeSweep, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., list[Job]]:
    """CPT jobs of a sweep whose base is trained, with changes to the section cpt."""
    torch.set_num_threads(1)
    if request.param == "alone":
        monkeypatch.setattr(train, "obstacle", lambda model: "of another kind")

    def made(folder: str = "work", **changes: Any) -> list[Job]:
        sweep = config.load_sweep(make_sweep(cpt={**CPT, **changes}))
        jobs = [job for job in prepare.unfold(sweep, tmp_path, tmp_path / "work") if isinstance(job, Job)]
        if not (Path(jobs[0].folder) / "model").exists():
            train.perform(jobs[:1], nothing, CPU)
        return [job.model_copy(update={"folder": str(tmp_path / folder / job.name)}) for job in jobs[1:]]

    return made


def losses(rows: list[dict[str, Any]]) -> list[float]:
    return [row[key] for row in rows for key in ("general_loss", "domain_loss")]


def test_a_branch_ends_where_a_run_of_that_length_with_wsd_ends(unfold: Callable[..., list[Job]]) -> None:
    trunk = unfold(branches=[1280, 1664, 2560])[1]  # 10, 13 and 20 steps: an anneal of 2.6 steps too
    train.perform([trunk], nothing, CPU)
    ends = [row for row in logged_rows(trunk) if row["trunk"]]
    assert sorted(row["tokens"] for row in ends) == [1280, 1664, 2560]
    for end in ends:
        warmup = 2 * 128 / end["tokens"]  # two steps whatever the length
        own = unfold(f"own-{end['tokens']}", schedule="wsd", tokens=end["tokens"], warmup=warmup)[1]
        train.perform([own], nothing, CPU)
        last = logged_rows(own)[-1]
        assert losses([last]) == losses([end])
        assert end["general_change_se"] == last["general_change_se"] > 0


def test_the_run_goes_on_as_if_no_branch_had_left_it(unfold: Callable[..., list[Job]]) -> None:
    plain, trunk = unfold("plain")[1], unfold("trunk", branches=[1280, 1920])[1]
    for job in (plain, trunk):
        train.perform([job], nothing, CPU)
    rows = [row for row in logged_rows(trunk) if not row["trunk"]]
    assert losses(rows) == losses(logged_rows(plain))
    assert [row["train_loss"] for row in rows] == [row["train_loss"] for row in logged_rows(plain)]


@pytest.mark.parametrize("call", [8, 9, 10, 11, 23])  # before, in, and at the end of a branch of two steps, and later
def test_a_cut_anywhere_around_a_branch_changes_nothing(unfold: Callable[..., list[Job]], call: int) -> None:
    whole, cut = unfold("whole", branches=[1280, 2560])[1], unfold("cut", branches=[1280, 2560])[1]
    train.perform([whole], nothing, CPU)
    with pytest.raises(Cut):
        train.perform([cut], cut_at(call), CPU)
    shares: list[float] = []
    train.perform([cut], shares.append, CPU)
    assert logged_rows(cut) == logged_rows(whole)
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert not state_path(cut).exists()


@pytest.mark.usefixtures("stacking")
def test_branches_of_runs_together_are_those_of_each_alone(make_sweep: MakeSweep, tmp_path: Path) -> None:
    tables = []
    for together in (1, 2):
        path = make_sweep(cpt={**CPT, "branches": [1280, 2560]}, together=together)
        run(path, tmp_path / f"{together}.parquet", work=tmp_path / f"work-{together}")
        tables.append(pd.read_parquet(tmp_path / f"{together}.parquet").drop(columns="together"))
    pd.testing.assert_frame_equal(*tables, rtol=1e-4, atol=1e-6)
    table = validate(tables[0]).frame
    ends = table[table["trunk"].notna()]
    assert sorted(ends["tokens"]) == [1280, 1280, 2560, 2560]
    assert list(ends["run"]) == [
        f"{trunk}-b{tokens:.0f}" for trunk, tokens in zip(ends["trunk"], ends["tokens"], strict=True)
    ]
    assert (ends["learning_rate"] == 0).all()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"branches": [5000]}, "after the end of the run"),
        ({"branches": [1280], "schedule": "cosine"}, "constant part (constant, infinite, wsd), not 'cosine'"),
        ({"branches": [640], "schedule": "infinite"}, "before its rate is constant at 1024"),
        ({"branches": [1280, 1280]}, "twice"),
        ({"branches": [1280, 1300]}, "different steps"),
        ({"branches": [128]}, "from step 2 on"),
        ({"reptile": {"every": 0, "step": 0.5}}, "cpt.reptile.every"),
        ({"reptile": {"every": 7, "step": 0.5}}, "multiples of 7, not 20"),
        ({"reptile": {"every": 4, "step": 0.5}, "branches": [1280]}, "multiples of 4, not 10"),
    ],
)
def test_branches_that_cannot_be_are_refused(make_sweep: MakeSweep, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011
        config.load_sweep(make_sweep(cpt={**CPT, **changes}))
    assert words in str(caught.value)


def test_a_branch_falls_to_zero_from_the_rate_of_its_run() -> None:
    branch = Branch(start=7, end=10, anneal=2.0)
    assert [branch.factor(step) for step in (7, 8, 9, 10)] == [1, 1, 0.5, 0]


def test_a_branch_whose_loss_is_no_number_is_told_and_its_run_goes_on(
    make_sweep: MakeSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = config.load_sweep(make_sweep(cpt={**CPT, "branches": [1280]}))
    base, job, _ = (one for one in prepare.unfold(sweep, tmp_path, tmp_path / "work") if isinstance(one, Job))
    train.perform([base], nothing, CPU)
    score = train.Group.score

    def spoilt(self: train.Group, models: train.Models) -> list[list[Loss]]:
        losses = score(self, models)
        return [[Loss((math.nan, math.nan))] * 2 for _ in losses] if models is not self.models else losses

    monkeypatch.setattr(train.Group, "score", spoilt)
    assert train.perform([job], nothing, CPU) == ["finished"]
    assert lost_branches(job) == [f"{job.name}-b1280"]
    assert not any(row["trunk"] for row in logged_rows(job))


def test_with_reptile_checkpoints_lie_at_its_turns() -> None:
    steps = checkpoint_steps(100, 8, 4, every=7)
    assert all(step % 7 == 0 for step in steps[:-1])
    assert steps[-1] == 100


def test_reptile_goes_a_share_of_the_way(unfold: Callable[..., list[Job]]) -> None:
    """A whole step changes nothing; a part of one stays nearer to the base, so that less is forgotten."""
    ends = {}
    for name, reptile in (("none", None), ("whole", {"every": 4, "step": 1.0}), ("part", {"every": 4, "step": 0.3})):
        job = unfold(name, reptile=reptile, warmup=0.0)[1]
        train.perform([job], nothing, CPU)
        ends[name] = logged_rows(job)[-1]["domain_loss"]
        first = logged_rows(job)[0]["domain_loss"]
    assert ends["whole"] == pytest.approx(ends["none"], rel=1e-5)
    assert ends["none"] < ends["part"] < first


def test_a_cut_run_with_reptile_and_branches_goes_on_to_the_same_bits(unfold: Callable[..., list[Job]]) -> None:
    options = {"reptile": {"every": 4, "step": 0.5}, "branches": [1536]}
    whole, cut = unfold("whole", **options)[1], unfold("cut", **options)[1]
    assert whole.branches[0].start == 8
    train.perform([whole], nothing, CPU)
    with pytest.raises(Cut):
        train.perform([cut], cut_at(19), CPU)
    train.perform([cut], nothing, CPU)
    assert logged_rows(cut) == logged_rows(whole)
