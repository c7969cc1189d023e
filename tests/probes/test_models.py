import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel, T5Config, dynamic_module_utils

from probes import models
from probes.bases import Pretrained, Rung
from probes.evaluate import token_losses
from probes.prepare import _own_vocabulary
from scaling.errors import InputError

Hub = Callable[[Path, str], str]


@pytest.mark.parametrize(("depth", "millions"), [(3, 0.33), (4, 0.80), (6, 2.66), (10, 12.3), (14, 34.0), (20, 98.0)])
def test_the_ladder_has_the_documented_sizes(depth: int, millions: float) -> None:
    counts = models.count(models.shape(Rung(depth, 2048, 256)))
    assert counts.non_embedding / 1e6 == pytest.approx(millions, rel=0.03)
    assert counts.embedding == 2048 * 32 * depth  # tied: once
    assert counts.total == counts.embedding + counts.non_embedding


def test_flops_are_six_per_multiplying_parameter_plus_attention() -> None:
    model = models.shape(Rung(4, 2048, 256))
    dense = 6 * (models.count(model).non_embedding + 2048 * 128)
    assert models.flops_per_token(model, 256) == dense + 6 * 4 * 128 * 256


def test_the_same_seed_gives_the_same_weights() -> None:
    config = models.ladder_config(1, 280, 16)
    one, two, other = (models.build(config, seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(one[key], two[key]) for key in one)
    assert any(not torch.equal(one[key], other[key]) for key in one)


def test_a_saved_base_loads_from_its_folder(tmp_path: Path) -> None:
    model = models.build(models.ladder_config(1, 280, 16), 0)
    model.save_pretrained(tmp_path)
    assert (tmp_path / "model.safetensors").exists()
    tokens = torch.arange(32).view(2, 16)
    with torch.no_grad():
        torch.testing.assert_close(
            token_losses(models.load(Pretrained(str(tmp_path))), tokens), token_losses(model, tokens)
        )


@pytest.mark.parametrize("action", [models.load, models.load_tokenizer])
def test_an_unknown_model_is_one_sentence(tmp_path: Path, action: object) -> None:
    for path in (str(tmp_path), str(tmp_path / "absent")):
        with pytest.raises(InputError) as caught:
            action(Pretrained(path))  # type: ignore[operator]
        assert path in str(caught.value)
        assert "\n" not in str(caught.value)


def test_dropout_of_a_loaded_base_is_off(tmp_path: Path) -> None:
    config = GPT2Config(vocab_size=280, n_positions=16, n_embd=32, n_layer=1, n_head=1)
    assert config.resid_pdrop > 0
    GPT2LMHeadModel(config).save_pretrained(tmp_path)
    model = models.load(Pretrained(str(tmp_path))).train()
    tokens = torch.arange(32).view(2, 16)
    with torch.no_grad():
        assert torch.equal(token_losses(model, tokens), token_losses(model, tokens))


def test_a_model_of_another_kind_is_one_sentence(tmp_path: Path) -> None:
    T5Config(vocab_size=280, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2).save_pretrained(tmp_path)
    with pytest.raises(InputError, match="contains no model that transformers loads"):
        models.shape(Pretrained(str(tmp_path)))


CODE = """
from transformers import LlamaConfig, LlamaForCausalLM


class OwnConfig(LlamaConfig):
    model_type = "own"


class OwnModel(LlamaForCausalLM):
    config_class = OwnConfig
    _supports_sdpa = False
"""


@pytest.fixture
def own_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A folder with a model whose classes, without fused attention, come in a file beside it."""
    monkeypatch.setattr(dynamic_module_utils, "HF_MODULES_CACHE", str(tmp_path / "modules"))
    monkeypatch.setattr(sys, "path", list(sys.path))
    folder = tmp_path / "own_base"
    models.build(models.ladder_config(1, 280, 16), 0).save_pretrained(folder)
    config = json.loads((folder / "config.json").read_text())
    classes = {"AutoConfig": "code.OwnConfig", "AutoModelForCausalLM": "code.OwnModel"}
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "own", "auto_map": classes}))
    (folder / "code.py").write_text(CODE)
    return str(folder)


def test_code_of_a_base_runs_only_where_that_is_asked_for(own_code: str) -> None:
    for action in (models.load, models.shape):
        with pytest.raises(InputError, match="comes with Python code; set `remote_code: true` to let it run"):
            action(Pretrained(own_code))
        assert not list(Path(own_code).parent.glob("modules/**/code.py"))
    for action in (models.load, models.shape):
        model = action(Pretrained(own_code, remote_code=True))
        assert type(model).__name__ == "OwnModel"
        assert models.count(model) == models.count(models.shape(Rung(1, 280, 16)))


def test_attention_is_fused_where_the_architecture_has_it(own_code: str, tmp_path: Path) -> None:
    plain, tokens = models.build(models.ladder_config(1, 280, 16), 0), torch.arange(32).view(2, 16)
    plain.save_pretrained(tmp_path / "plain")
    fused, own = models.load(Pretrained(str(tmp_path / "plain"))), models.load(Pretrained(own_code, remote_code=True))
    assert (fused.config._attn_implementation, own.config._attn_implementation) == ("sdpa", "eager")
    with torch.no_grad():
        torch.testing.assert_close(token_losses(own, tokens), token_losses(fused, tokens))


def test_code_that_fails_is_one_sentence(own_code: str) -> None:
    (Path(own_code) / "code.py").write_text("raise AttributeError('of another version')")
    with pytest.raises(InputError, match="of another version"):
        models.load(Pretrained(own_code, remote_code=True))


def test_a_tokenizer_with_code_of_its_own_is_refused(own_code: str) -> None:
    settings = {"tokenizer_class": "OwnTokenizer", "auto_map": {"AutoTokenizer": [None, "code.OwnTokenizer"]}}
    (Path(own_code) / "tokenizer_config.json").write_text(json.dumps(settings))
    with pytest.raises(InputError, match="remote_code: true"):
        models.load_tokenizer(Pretrained(own_code))


def test_a_base_is_told_apart_by_its_code_too(own_code: str) -> None:
    before = models.fingerprint(Pretrained(own_code))
    (Path(own_code) / "code.py").write_text(CODE + "\n# changed\n")
    assert models.fingerprint(Pretrained(own_code)) != before


def test_a_hub_name_is_loaded_at_its_revision(tmp_path: Path, hub: Hub) -> None:
    folders = [tmp_path / str(seed) for seed in (1, 2)]
    for seed, folder in enumerate(folders, 1):
        models.build(models.ladder_config(1, 280, 16), seed).save_pretrained(folder)
    first, second = hub(folders[0], "old"), hub(folders[1], "main")
    assert (models.commit(Pretrained("team/base")), models.commit(Pretrained("team/base", revision="old"))) == (
        second,
        first,
    )
    for revision, seed in ((None, 2), ("old", 1), (first, 1)):
        expected = models.build(models.ladder_config(1, 280, 16), seed)
        torch.testing.assert_close(
            models.load(Pretrained("team/base", revision=revision)).state_dict(), expected.state_dict()
        )


@pytest.mark.usefixtures("hub")
def test_a_hub_name_that_is_not_there_has_no_commit() -> None:
    with pytest.raises(InputError, match="the hub gives no such model"):
        models.commit(Pretrained("team/other"))


@pytest.mark.parametrize("kind", ["gpt2", "gpt_neox", "qwen2", "gemma"])
def test_a_tokenizer_that_was_made_up_is_none(tmp_path: Path, kind: str) -> None:
    """transformers 5.23 gives a folder without tokenizer files one that turns every text into the same tokens, or none."""
    (tmp_path / "config.json").write_text(json.dumps({"model_type": kind, "vocab_size": 50000}))
    with pytest.raises(InputError, match=r"has no tokenizer that transformers loads|needs a fast implementation"):
        _own_vocabulary(Pretrained(str(tmp_path)))
