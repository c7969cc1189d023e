"""Models that are no plain Llamas, trained through their own forward pass."""

from pathlib import Path

import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel, LlamaForCausalLM, OPTConfig, OPTForCausalLM, PreTrainedModel

from probes import models, stack
from probes.alone import Alone
from probes.bases import Pretrained
from probes.compute import Compute

CPU = torch.device("cpu")
GPT2 = GPT2Config(vocab_size=280, n_positions=16, n_embd=32, n_layer=2, n_head=2)
OPT = OPTConfig(
    vocab_size=280, hidden_size=32, num_hidden_layers=2, ffn_dim=64, num_attention_heads=2, max_position_embeddings=16,
    word_embed_proj_dim=32, layerdrop=0.5,
)  # fmt: skip


def saved(model: PreTrainedModel, folder: Path) -> Pretrained:
    model.save_pretrained(folder)
    return Pretrained(str(folder))


def ids() -> torch.Tensor:
    return torch.randint(1, 280, (1, 4, 16), generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("model", [GPT2LMHeadModel(GPT2), OPTForCausalLM(OPT)], ids=["gpt2", "opt"])
def test_nothing_is_drawn_by_chance_in_training_nor_in_a_copy(model: PreTrainedModel, tmp_path: Path) -> None:
    """Both have dropout in their configuration; one reads it there at every pass."""
    alone = Alone(models.load(saved(model, tmp_path)), {}, 0, CPU)
    first = alone.step(ids(), 1e-3)
    copies = [alone.only([0], 1) for _ in range(2)]
    losses = [copy.step(ids(), 1e-3) for copy in copies]
    assert losses[0] == losses[1] == alone.step(ids(), 1e-3)
    assert losses[0] < first
    for one, other in zip(copies[0].tensors, alone.tensors, strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("compute", [Compute(micro_batch=1), Compute(micro_batch=3), Compute(checkpointing=True)])
def test_ways_to_compute_agree(compute: Compute, tmp_path: Path) -> None:
    source = saved(GPT2LMHeadModel(GPT2), tmp_path)
    plain, other = Alone(models.load(source), {}, 0, CPU), Alone(models.load(source), {}, 0, CPU, compute)
    for _ in range(2):
        assert other.step(ids(), 1e-3) == pytest.approx(plain.step(ids(), 1e-3), rel=1e-5)
    for one, two in zip(plain.tensors, other.tensors, strict=True):
        torch.testing.assert_close(one, two, atol=1e-4, rtol=1e-3)


def test_a_class_of_its_own_is_no_plain_llama() -> None:
    class Mine(LlamaForCausalLM):
        """Could do anything in its forward pass."""

    config = models.ladder_config(1, 280, 16)
    assert stack.obstacle(LlamaForCausalLM(config)) is None
    assert "Mine" in str(stack.obstacle(Mine(config)))


def test_a_parameter_that_is_never_used_does_not_keep_a_run_from_going_on(tmp_path: Path) -> None:
    model = models.load(saved(GPT2LMHeadModel(GPT2), tmp_path))
    model.register_parameter("idle", torch.nn.Parameter(torch.zeros(3)))
    alone = Alone(model, {}, 0, CPU)
    alone.step(ids(), 1e-3)
    assert alone.only([0], 1).step(ids(), 1e-3) == alone.step(ids(), 1e-3)
