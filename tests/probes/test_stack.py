import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import GPT2Config, LlamaConfig, LlamaForCausalLM, MistralConfig

from probes import config, models, pool, prepare, stack
from probes.compute import CLIP, PLAIN, Compute, adamw
from probes.evaluate import token_losses
from probes.jobs import AnyJob, Job
from probes.results import logged_rows, result_path, state_path, status
from probes.stack import compiled, decoder, head
from probes.stack.attention import attention
from probes.stack.members import Members
from probes.stack.weights import Layout
from probes.storage import read_json
from probes.sweep import run, work_folder
from probes.train import Batches, Group, perform

CPU = torch.device("cpu")
VOCABULARY, CONTEXT = 280, 16
MakeSweep = Callable[..., Path]


def small(depth: int = 1, **changes: Any) -> LlamaConfig:
    ours = models.ladder_config(depth, VOCABULARY, CONTEXT)
    return LlamaConfig(**{**ours.to_dict(), **changes})


CONFIGS = {
    "one layer": small(1),
    "three layers": small(3),
    "untied": small(2, tie_word_embeddings=False),
    "grouped queries": small(4, num_key_value_heads=2),
    "other head, angles and padding": small(2, head_dim=16, rope_parameters={"rope_theta": 500.0}, pad_token_id=None),
}


def build(shape: LlamaConfig, count: int = 3) -> list[LlamaForCausalLM]:
    found = [models.build(shape, seed) for seed in range(count)]
    for model in found:
        for parameter in model.parameters():  # gains of one would hide mistakes
            parameter.data += 0.05 * torch.randn_like(parameter)
    return found


def stacked(built: list[LlamaForCausalLM], compute: Compute = PLAIN) -> Members:
    states = [{f"model.{name}": p for name, p in model.named_parameters()} for model in built]
    return Members(stack.Shape.of(built[0].config), states, 0, CPU, compute)


def slopes_of(members: Members) -> dict[str, torch.Tensor]:
    return {key: weight.grad.clone() for key, weight in members.weights.items() if weight.grad is not None}


def ids(count: int, batch: int = 4) -> torch.Tensor:
    return torch.randint(0, VOCABULARY, (count, batch, CONTEXT), generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("name", CONFIGS)
def test_losses_and_gradients_are_those_of_transformers(name: str, count: int) -> None:
    built, tokens = build(CONFIGS[name], count), ids(count)
    tokens[:, 0, 3] = 0  # the padding token is met
    members = stacked(built)
    losses = members.backward(tokens)
    slopes = {key: weight.grad for key, weight in members.weights.items() if weight.grad is not None}
    for index, model in enumerate(built):
        expected = token_losses(model, tokens[index])
        expected.mean().backward()
        assert float(losses[index]) == pytest.approx(float(expected.mean().detach()), abs=1e-5)
        own = members.layout.member(slopes, index)
        for key, parameter in model.named_parameters():
            assert parameter.grad is not None
            assert own[key].is_contiguous()  # or fused AdamW would take its numbers in the wrong order
            torch.testing.assert_close(own[key], parameter.grad, atol=1e-5, rtol=1e-4)
        with torch.no_grad():
            found = decoder.token_losses(members.weights, members.shape, tokens)[index]
        torch.testing.assert_close(found, expected.detach(), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize(
    "compute", [Compute(micro_batch=1), Compute(micro_batch=3), Compute(9, checkpointing=True), Compute(2, True)]
)
def test_micro_batches_and_checkpointing_give_the_gradients_of_the_whole(compute: Compute, count: int) -> None:
    built, tokens = build(small(2), count), ids(count)
    whole, pieces = stacked(built), stacked(built, compute)
    for _ in range(2):  # the second time there are gradients to replace
        torch.testing.assert_close(pieces.backward(tokens), whole.backward(tokens), atol=1e-6, rtol=1e-6)
    expected = slopes_of(whole)
    for key, slope in slopes_of(pieces).items():
        torch.testing.assert_close(slope, expected[key], atol=1e-7, rtol=1e-5)
    assert pieces.only([0], 0).compute == compute


def test_no_more_than_a_micro_batch_goes_through_the_model_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    losses = decoder.mean_losses

    def watch(weights: Any, shape: Any, tokens: torch.Tensor, compute: Compute) -> torch.Tensor:
        seen.append(tokens.shape[1])
        return losses(weights, shape, tokens, compute)

    monkeypatch.setattr(decoder, "mean_losses", watch)
    stacked(build(small(1), 1), Compute(micro_batch=3)).step(ids(1), 0.1)
    assert seen == [3, 1]
    with pytest.raises(ValueError, match="micro_batch"):
        Compute(micro_batch=0)


@pytest.mark.parametrize("checkpointing", [False, True])
def test_checkpointing_keeps_less(checkpointing: bool) -> None:
    model, tokens = build(small(4), 1), ids(1)
    members = stacked(model, Compute(checkpointing=checkpointing))
    kept: list[int] = []

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        kept.append(tensor.numel())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        decoder.mean_losses(members.weights, members.shape, tokens, members.compute)
    activations = sum(kept) / (tokens.numel() * members.shape.width)
    assert activations < 12 if checkpointing else activations > 30


def missing(function: Any, dynamic: bool) -> Callable[..., Any]:
    """A compiler that is not there."""

    def fail(*arguments: Any) -> Any:
        raise RuntimeError("no compiler")

    return fail


def idle(function: Any, dynamic: bool) -> Callable[..., Any]:
    """A compiler that changes nothing."""
    return lambda *arguments: function(*arguments)


@pytest.fixture
def fresh_compiler() -> Iterator[None]:
    """Nothing is compiled yet, nor after the test."""
    compiled.or_plain.cache_clear()
    yield
    compiled.or_plain.cache_clear()


@pytest.mark.parametrize("checkpointing", [False, True])
@pytest.mark.parametrize("compiler", [missing, idle])
@pytest.mark.usefixtures("fresh_compiler")
def test_layers_run_whether_or_not_they_can_be_compiled(
    compiler: Any, checkpointing: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With checkpointing layers are run again on the way back, and ended by an exception."""
    monkeypatch.setattr(torch, "compile", compiler)
    built, tokens = build(small(2), 1), ids(1)
    members = stacked(built, Compute(compile=True, checkpointing=checkpointing))
    for _ in range(2):
        found = members.backward(tokens)
    plain = stacked(built)
    assert torch.equal(found, plain.backward(tokens))
    for key, slope in slopes_of(members).items():
        torch.testing.assert_close(slope, slopes_of(plain)[key])


@pytest.mark.usefixtures("fresh_compiler")
def test_a_layer_that_finds_no_memory_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def full(function: Any, dynamic: bool) -> Callable[..., Any]:
        def fail(*arguments: Any) -> Any:
            calls.append(1)
            raise torch.cuda.OutOfMemoryError

        return fail

    monkeypatch.setattr(torch, "compile", full)
    with pytest.raises(torch.cuda.OutOfMemoryError):
        stacked(build(small(2), 1), Compute(compile=True)).backward(ids(1))
    assert len(calls) == 1


@pytest.mark.usefixtures("fresh_compiler")
def test_a_shape_that_cannot_be_compiled_runs_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last micro-batch is shorter, and a stack that a run has left is smaller."""

    def fussy(function: Any, dynamic: bool) -> Callable[..., Any]:
        def call(state: torch.Tensor, *others: Any) -> torch.Tensor:
            if state.shape[1] == CONTEXT:
                raise RuntimeError("a graph of one block")
            found: torch.Tensor = function(state, *others)
            return found

        return call

    monkeypatch.setattr(torch, "compile", fussy)
    built, tokens = build(small(2), 1), ids(1)
    found = stacked(built, Compute(micro_batch=3, compile=True, checkpointing=True)).backward(tokens)
    torch.testing.assert_close(found, stacked(built).backward(tokens))


def test_no_gradient_is_kept_between_steps() -> None:
    members = stacked(build(small(2)))
    members.step(ids(3), 0.1)
    assert all(weight.grad is None for weight in members.tensors)


@pytest.mark.parametrize("context", [1, 32, 80])
def test_attention_in_blocks_of_queries_is_that_of_torch(context: int) -> None:
    parts = torch.randn(3, 2, 4, context, 8, generator=torch.Generator().manual_seed(0)).requires_grad_()
    slope = torch.randn(2, 4, context, 8, generator=torch.Generator().manual_seed(1))
    found = attention(*parts)
    expected = torch.nn.functional.scaled_dot_product_attention(*parts, is_causal=True)
    torch.testing.assert_close(found, expected)
    for own, theirs in zip(*(torch.autograd.grad(x, parts, slope) for x in (found, expected)), strict=True):
        torch.testing.assert_close(own, theirs, atol=1e-5, rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("checkpointing", [False, True])
@pytest.mark.usefixtures("fresh_compiler")
def test_compiled_layers_give_the_same(checkpointing: bool) -> None:
    built, tokens = build(small(2), 1), ids(1)
    plain, fused = stacked(built), stacked(built, Compute(compile=True, checkpointing=checkpointing))
    torch._dynamo.reset()
    counters = torch._dynamo.utils.counters
    counters.clear()
    torch.testing.assert_close(fused.backward(tokens), plain.backward(tokens), atol=1e-5, rtol=1e-5)
    assert counters["stats"]["unique_graphs"] > 0  # it did not fall back
    for key, slope in slopes_of(fused).items():
        torch.testing.assert_close(slope, slopes_of(plain)[key], atol=1e-5, rtol=1e-4)


def test_the_head_gives_the_same_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    members, tokens = stacked(build(small(2))), ids(3)
    whole = members.backward(tokens), {key: weight.grad.clone() for key, weight in members.weights.items()}  # type: ignore[union-attr]
    monkeypatch.setattr(head, "CPU_PIECE", 7 * VOCABULARY)
    torch.testing.assert_close(members.backward(tokens), whole[0])
    for key, weight in members.weights.items():
        torch.testing.assert_close(weight.grad, whole[1][key], atol=1e-7, rtol=1e-5)


def test_half_precision_products_give_the_gradients_of_full_precision_nearly(monkeypatch: pytest.MonkeyPatch) -> None:
    members, tokens = stacked(build(small(2))), ids(3)
    whole = members.backward(tokens), {key: weight.grad.clone() for key, weight in members.weights.items()}  # type: ignore[union-attr]
    monkeypatch.setattr("probes.stack.members.precision", lambda device: torch.autocast("cpu", torch.bfloat16))
    torch.testing.assert_close(members.backward(tokens), whole[0], atol=0.02, rtol=0.01)
    for key, weight in members.weights.items():
        assert weight.grad is not None
        assert weight.grad.dtype == torch.float32
        assert float((weight.grad - whole[1][key]).norm()) < 0.05 * float(whole[1][key].norm())


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an accelerator")
def test_on_a_gpu_runs_together_give_the_losses_of_single_runs_to_bf16_precision(
    runs: list[Job], tmp_path: Path
) -> None:
    device = torch.device("cuda")
    single = elsewhere(runs, tmp_path / "single")
    for job in single:
        perform([job], nothing, device)
    assert perform(runs, nothing, device) == ["finished"] * 3
    for job, one in zip(runs, single, strict=True):
        assert losses(job) == pytest.approx(losses(one), rel=0.01)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an accelerator")
@pytest.mark.parametrize(
    "compute", [PLAIN, Compute(micro_batch=1), Compute(checkpointing=True), Compute(2, True, True)], ids=str
)
@pytest.mark.usefixtures("fresh_compiler")
def test_on_a_gpu_gradients_are_those_of_the_cpu_to_bf16_precision(compute: Compute) -> None:
    built, tokens = build(small(2)), ids(3)
    states = [{f"model.{name}": p for name, p in model.named_parameters()} for model in built]
    there = Members(stack.Shape.of(built[0].config), states, 0, torch.device("cuda"), compute)
    here = stacked(built)
    torch.testing.assert_close(there.backward(tokens.cuda()).cpu(), here.backward(tokens), atol=0.02, rtol=0.01)
    expected = slopes_of(here)
    for key, slope in slopes_of(there).items():
        assert float((slope.cpu() - expected[key]).norm()) < 0.05 * float(expected[key].norm())


@pytest.mark.parametrize("name", ["three layers", "untied", "grouped queries"])
def test_weights_go_in_and_come_out_the_same(name: str) -> None:
    built = build(CONFIGS[name])
    members = stacked(built)
    for index, model in enumerate(built):
        own = dict(model.named_parameters())
        back = members.layout.member(members.weights, index)
        assert list(back) == Layout(members.shape).names
        assert set(back) == set(own)
        assert all(torch.equal(back[key], own[key]) for key in own)
        assert not model.load_state_dict(back, strict=False).unexpected_keys


def test_steps_and_clipping_are_those_of_each_model_alone() -> None:
    built, tokens = build(small(2)), ids(3)
    with torch.no_grad():
        for parameter in built[1].parameters():  # one member with a long gradient
            parameter *= 4
    members = stacked(built)
    members.backward(tokens)
    norms = [float(norm) for norm in members.clip()]
    assert min(norms) < norms[1]
    assert norms[1] > CLIP
    optimizers = [adamw(list(model.parameters())) for model in built]
    for turn in range(3):
        members.backward(tokens)
        slopes = {key: weight.grad for key, weight in members.weights.items() if weight.grad is not None}
        for index, (model, optimizer) in enumerate(zip(built, optimizers, strict=True)):
            own = members.layout.member(slopes, index)
            for key, parameter in model.named_parameters():
                parameter.grad = own[key].clone()  # the very same: Adam makes much of rounding near zero
            norm = float(torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP))
            assert turn > 0 or norm == pytest.approx(norms[index], rel=1e-5)
            for group in optimizer.param_groups:
                group["lr"] = 1e-3
            optimizer.step()
        members.step(tokens, 1e-3)
    for index, model in enumerate(built):
        own = members.layout.member(members.weights, index)
        for key, parameter in model.named_parameters():
            torch.testing.assert_close(own[key], parameter, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize(
    ("other", "word"),
    [
        (GPT2Config(), "gpt2"),
        (MistralConfig(), "mistral"),
        (small(1, attention_bias=True), "attention_bias"),
        (small(1, mlp_bias=True), "mlp_bias"),
        (small(1, hidden_act="gelu"), "gelu"),
        (small(1, rope_parameters={"rope_type": "linear", "factor": 2.0, "rope_theta": 10000.0}), "linear"),
    ],
)
def test_what_cannot_be_stacked_says_why(other: Any, word: str) -> None:
    assert word in str(stack.supports(other))
    with pytest.raises(ValueError, match=word):
        stack.Shape.of(other)


def handed_out(sweep: Path, work: Path) -> list[list[AnyJob]]:
    """What a pool gives its workers of a sweep whose base is trained, in its order."""
    everything = prepare.unfold(config.load_sweep(sweep), sweep.parent, work)
    assert {job.columns["together"] for job in everything[1:]} == {1}, "no job knows before it is trained"
    queue = pool._Queue(everything[1:], {everything[0].name})
    return list(iter(queue.take, None))


def test_on_a_cpu_runs_are_trained_one_at_a_time(finished: tuple[Path, Path], make_sweep: MakeSweep) -> None:
    found = handed_out(make_sweep(together=3), work_folder(finished[1]))
    assert [len(group) for group in found] == [1, 1, 1]
    assert {job.columns["together"] for (job,) in found} == {1}


@pytest.mark.usefixtures("stacking")
def test_on_a_gpu_they_are_trained_together_and_their_rows_say_so(
    finished: tuple[Path, Path], make_sweep: MakeSweep
) -> None:
    found = handed_out(make_sweep(together=2), work_folder(finished[1]))
    assert [len(group) for group in found] == [2, 1]
    assert {job.columns["together"] for group in found for job in group} == {2}


@pytest.mark.usefixtures("stacking")
def test_models_that_cannot_be_stacked_are_trained_one_at_a_time(
    finished: tuple[Path, Path], make_sweep: MakeSweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stack, "obstacle", lambda model: "of another kind")
    found = handed_out(make_sweep(together=3), work_folder(finished[1]))
    assert [len(group) for group in found] == [1, 1, 1]
    assert {job.columns["together"] for (job,) in found} == {1}
    assert [job.columns["ratio"] for (job,) in found] == [0, 0.5, 1]


@pytest.mark.usefixtures("stacking")
def test_a_sweep_together_gives_the_table_of_one_at_a_time(
    finished: tuple[Path, Path], make_sweep: MakeSweep, tmp_path: Path
) -> None:
    _, out = finished
    tables = []
    for name, together in (("one.parquet", 2), ("two.parquet", 2), ("three.parquet", 3)):
        summary = run(make_sweep(together=together), tmp_path / name)
        assert (summary.trained, summary.diverged) == (4, [])
        tables.append(pd.read_parquet(tmp_path / name))
    pd.testing.assert_frame_equal(tables[0], tables[1], check_exact=True)
    alone = pd.read_parquet(out)
    for table, together in ((tables[0], 2), (tables[2], 3)):
        assert list(table.columns) == list(alone.columns)
        assert (table["together"] == together).all()
        pd.testing.assert_frame_equal(table.drop(columns="together"), alone.drop(columns="together"), rtol=1e-4)


@pytest.mark.usefixtures("stacking")
def test_killed_in_training_together_and_started_again_gives_the_same_table(
    make_sweep: MakeSweep, tmp_path: Path, sweep_content: dict[str, Any]
) -> None:
    path = make_sweep(cpt={**sweep_content["cpt"], "tokens": 6400, "checkpoints": 20}, together=3)
    out, other = tmp_path / "whole.parquet", tmp_path / "killed.parquet"
    stacking = "import torch, probes.pool as pool; pool.device = lambda: torch.device('cuda')"
    command = [
        sys.executable,
        "-c",
        f"{stacking}; from probes.cli import main; main()",
        "run",
        str(path),
        "--out",
        str(other),
    ]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + 120
    while not list(work_folder(other).glob("runs/*/state.safetensors")) and time.monotonic() < deadline:
        time.sleep(0.001)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not list(work_folder(other).glob("runs/*/result.json"))
    assert run(path, other).trained == 3
    run(path, out)
    # A kill may leave them at different steps, so that they are resumed in other groups: equal up to the rounding of a loss,
    # which is all of a standard error of a change that is near 0.
    pd.testing.assert_frame_equal(pd.read_parquet(out), pd.read_parquet(other), rtol=1e-6, atol=1e-6)


@pytest.fixture
def runs(make_sweep: MakeSweep, tmp_path: Path, stacking: None) -> list[Job]:
    """The three runs of a sweep whose base is trained."""
    torch.set_num_threads(1)
    everything = prepare.unfold(config.load_sweep(make_sweep(together=3)), tmp_path, tmp_path / "work")
    perform(everything[:1], nothing, CPU)
    assert [len(group) for group in pool.groups(everything)] == [1, 3]
    return everything[1:]


def nothing(share: float) -> None:
    """A report that is not listened to."""


def elsewhere(runs: list[Job], folder: Path) -> list[Job]:
    return [job.model_copy(update={"folder": str(folder / job.name)}) for job in runs]


def losses(job: Job) -> list[float]:
    return [row[key] for row in logged_rows(job) for key in ("general_loss", "domain_loss", "train_loss") if row[key]]


class Cut(Exception):
    """Stands for a kill."""


def cut_after(share: float) -> Callable[[float], None]:
    def report(done: float) -> None:
        if done > share:
            raise Cut

    return report


def test_a_run_that_diverges_leaves_and_the_others_go_on(
    runs: list[Job], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calm = elsewhere(runs, tmp_path / "calm")
    assert perform(calm, nothing, CPU) == ["finished"] * 3
    advance = Group.advance

    def spoil(self: Group) -> list[float]:
        if self.step == 8:
            self.models.state(1)["model.model.norm.weight"].data.fill_(math.nan)
        return advance(self)

    monkeypatch.setattr(Group, "advance", spoil)
    assert perform(runs, nothing, CPU) == ["finished", "diverged", "finished"]
    for index in (0, 2):
        assert losses(runs[index]) == pytest.approx(losses(calm[index]), rel=1e-6)
    rows = logged_rows(calm[1])
    assert logged_rows(runs[1]) == [row for row in rows if row["tokens"] <= 8 * 128]
    assert not any(state_path(job).exists() for job in runs)


def test_all_may_diverge_at_an_evaluation(runs: list[Job], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Members, "evaluate", lambda self, blocks, batch: np.full((self.count, 8), np.nan).tolist())
    assert perform(runs, nothing, CPU) == ["diverged"] * 3
    assert [read_json(result_path(job))["rows"] for job in runs] == [[]] * 3


def test_runs_cut_together_go_on_to_the_same_bits(runs: list[Job], tmp_path: Path) -> None:
    whole = elsewhere(runs, tmp_path / "whole")
    perform(whole, nothing, CPU)
    with pytest.raises(Cut):
        perform(runs, cut_after(0.7), CPU)
    before = [logged_rows(job) for job in runs]
    assert all(1 < len(rows) < 5 for rows in before)
    assert [status(job) for job in runs] == [None] * 3
    shares: list[float] = []
    assert perform(runs, shares.append, CPU) == ["finished"] * 3
    assert shares[0] > before[0][-1]["tokens"] / runs[0].tokens
    assert all(a <= b for a, b in pairwise(shares))
    assert shares[-1] == 1
    assert [logged_rows(job) for job in runs] == [logged_rows(job) for job in whole]


def test_a_kill_between_two_state_files_loses_nothing_and_logs_nothing_twice(runs: list[Job], tmp_path: Path) -> None:
    whole = elsewhere(runs, tmp_path / "whole")
    perform(whole, nothing, CPU)
    with pytest.raises(Cut):
        perform(runs[:1], cut_after(0.7), CPU)
    with pytest.raises(Cut):
        perform(runs[1:2], cut_after(0.45), CPU)
    assert len({len(logged_rows(job)) for job in runs}) == 3
    assert perform(runs, nothing, CPU) == ["finished"] * 3
    for job, one in zip(runs, whole, strict=True):
        assert [row["tokens"] for row in logged_rows(job)] == [row["tokens"] for row in logged_rows(one)]
        assert losses(job) == pytest.approx(losses(one), rel=1e-6)


@pytest.mark.parametrize("first_together", [True, False])
def test_a_run_may_be_started_together_and_resumed_alone_and_the_other_way_round(
    runs: list[Job], tmp_path: Path, first_together: bool
) -> None:
    whole = elsewhere(runs, tmp_path / "whole")
    for job in whole:
        perform([job], nothing, CPU)
    if first_together:
        with pytest.raises(Cut):
            perform(runs, cut_after(0.7), CPU)
    for job in runs:
        if first_together:
            assert perform([job], nothing, CPU) == ["finished"]
        else:
            with pytest.raises(Cut):
                perform([job], cut_after(0.7), CPU)
    if not first_together:
        assert perform(runs, nothing, CPU) == ["finished"] * 3
    for job, one in zip(runs, whole, strict=True):
        assert losses(job) == pytest.approx(losses(one), rel=1e-4)


def test_members_see_the_batches_that_they_would_see_alone(runs: list[Job], monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[torch.Tensor] = []

    def watch(self: Members, tokens: torch.Tensor, rate: float) -> list[float]:
        seen.extend(tokens)
        if len(seen) == len(runs):
            raise Cut
        return [1.0] * len(tokens)

    monkeypatch.setattr(Members, "step", watch)
    with pytest.raises(Cut):
        perform(runs, nothing, CPU)
    for job, tokens in zip(runs, seen, strict=True):
        assert torch.equal(tokens, Batches(job).batch(0, job.batch_blocks))
