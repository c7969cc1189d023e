import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel, LlamaForCausalLM, MistralConfig, MistralForCausalLM
from transformers.cache_utils import DynamicLayer

from probes import models
from probes.generation import draw
from scaling.errors import InputError


def luck(sequences: int, length: int) -> torch.Tensor:
    return torch.rand(sequences, length - 1, generator=torch.Generator().manual_seed(5), dtype=torch.float64)


def ladder(vocab: int = 280, context: int = 16) -> LlamaForCausalLM:
    return models.build(models.ladder_config(2, vocab, context), 0)


def expected(model: torch.nn.Module, uniform: torch.Tensor, temperature: float = 1.0) -> torch.Tensor:
    """The same draw without any cache: every token from all that is before it, by the inverse of the distribution."""
    ids = torch.zeros(len(uniform), 1, dtype=torch.long)
    with torch.no_grad():
        for column in uniform.T:
            chances = (model(input_ids=ids, use_cache=False).logits[:, -1] / temperature).double().softmax(-1)
            following = (chances.cumsum(-1) <= column[:, None]).sum(-1, keepdim=True)
            ids = torch.cat([ids, following], 1)
    return ids


def steep(model: torch.nn.Module) -> None:
    """Make a fresh model sure of what follows what, so that a wrong position or cache shows."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter *= 8


@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_every_token_follows_from_all_before_it(temperature: float) -> None:
    model = ladder().eval()
    steep(model)
    uniform = luck(6, 16)
    ids = draw(model, uniform, 0, temperature, 1.0)
    assert ids.shape == (6, 16)
    assert ids.unique().numel() > 20
    assert torch.equal(ids, expected(model, uniform, temperature))


def test_another_architecture_with_dropout_and_settings_of_its_own() -> None:
    torch.manual_seed(0)
    config = GPT2Config(vocab_size=100, n_positions=16, n_embd=32, n_layer=2, n_head=2, bos_token_id=0, eos_token_id=0)
    model = GPT2LMHeadModel(config)
    model.generation_config.repetition_penalty = 5.0
    steep(model)
    uniform = luck(6, 16)
    ids = draw(model, uniform, 0, 1.0, 1.0)
    assert model.training
    assert torch.equal(ids, expected(model.eval(), uniform))


@pytest.mark.parametrize("window", [None, 5])
def test_shared_heads_and_a_sliding_window(window: int | None) -> None:
    torch.manual_seed(0)
    shape = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2, "max_position_embeddings": 16}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 1, "sliding_window": window}
    model = MistralForCausalLM(MistralConfig(vocab_size=100, **shape, **heads)).eval()
    steep(model)
    uniform = luck(6, 16)
    assert torch.equal(draw(model, uniform, 0, 1.0, 1.0), expected(model, uniform))


def test_keys_are_not_copied_for_every_token(monkeypatch: pytest.MonkeyPatch) -> None:
    copies: list[int] = []
    update = DynamicLayer.update
    monkeypatch.setattr(DynamicLayer, "update", lambda *args, **more: copies.append(1) or update(*args, **more))
    draw(ladder(), luck(2, 12), 0, 1.0, 1.0)
    assert len(copies) == 2  # the first token, in two layers


def test_a_model_without_a_cache_reads_from_the_start() -> None:
    model = ladder().eval()
    steep(model)
    forward = model.forward
    model.forward = lambda input_ids, **_: forward(input_ids=input_ids, use_cache=False)
    uniform = luck(3, 12)
    assert torch.equal(draw(model, uniform, 0, 1.0, 1.0), expected(model, uniform))


class Known(torch.nn.Module):
    """Gives the same logits whatever it reads."""

    def __init__(self, logits: torch.Tensor) -> None:
        super().__init__()
        self.logits = logits

    def forward(self, input_ids: torch.Tensor, **_: object) -> "Known":
        output = Known(self.logits.expand(*input_ids.shape, -1))
        return output


CHANCES = torch.arange(1, 201) / torch.arange(1, 201).sum()  # the most likely of 200 tokens has 1 %


def frequencies(temperature: float, top_p: float) -> torch.Tensor:
    ids = draw(Known(CHANCES.log()), luck(4_000, 6), 7, temperature, top_p)  # type: ignore[arg-type]
    assert (ids[:, 0] == 7).all()
    return ids[:, 1:].flatten().bincount(minlength=200) / 20_000


@pytest.mark.parametrize("temperature", [1.0, 0.5, 2.0])
def test_the_distribution_is_plain(temperature: float) -> None:
    found = frequencies(temperature, 1.0)
    wanted = CHANCES ** (1 / temperature)
    wanted = wanted / wanted.sum()
    assert (found > 0).sum() > 150  # transformers' own default would leave 50
    assert (found - wanted).abs().max() < 5 * (wanted.max() / 20_000).sqrt()
    assert (found - wanted).abs().sum() < 0.12


def test_top_p_keeps_the_likely_tokens_that_reach_it() -> None:
    found = frequencies(1.0, 0.5)
    kept = int((CHANCES.flip(0).cumsum(0) < 0.5).sum()) + 1
    assert (found > 0).nonzero().flatten().tolist() == list(range(200 - kept, 200))
    wanted = CHANCES[-kept:] / CHANCES[-kept:].sum()
    assert (found[-kept:] - wanted).abs().sum() < 0.12


def test_the_end_token_ends_nothing() -> None:
    logits = torch.full((10,), -torch.inf)  # a token that cannot come is no fault
    logits[[0, 3]] = 1.0
    ids = draw(Known(logits), luck(50, 40), 0, 1.0, 1.0)  # type: ignore[arg-type]
    assert 0.4 < (ids[:, 1:] == 0).float().mean() < 0.6
    assert set(ids.unique().tolist()) == {0, 3}
    assert (ids[:, 20:] == 3).any(1).all()


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
@pytest.mark.parametrize("top_p", [1.0, 0.9])
def test_a_diverged_model_is_told(value: float, top_p: float) -> None:
    logits = torch.zeros(10)
    logits[4] = value
    with pytest.raises(InputError, match="not finite"):
        draw(Known(logits), luck(2, 4), 0, 1.0, top_p)  # type: ignore[arg-type]


def test_modes_are_put_back() -> None:
    model = ladder()
    model.train()
    model.model.layers[0].eval()
    before = [module.training for module in model.modules()]
    draw(model, luck(2, 4), 0, 1.0, 1.0)
    assert [module.training for module in model.modules()] == before
    model(input_ids=torch.zeros(1, 4, dtype=torch.long)).logits.sum().backward()  # and it can be trained
