from pathlib import Path

import pytest
import torch

from probes import models
from probes.evaluate import token_losses
from scaling.errors import InputError


@pytest.mark.parametrize(("depth", "millions"), [(3, 0.33), (4, 0.80), (6, 2.66), (10, 12.3), (14, 34.0), (20, 98.0)])
def test_the_ladder_has_the_documented_sizes(depth: int, millions: float) -> None:
    counts = models.count(models.shape(None, depth, 2048, 256))
    assert counts.non_embedding / 1e6 == pytest.approx(millions, rel=0.03)
    assert counts.embedding == 2048 * 32 * depth  # tied: once
    assert counts.total == counts.embedding + counts.non_embedding


def test_flops_are_six_per_multiplying_parameter_plus_attention() -> None:
    model = models.shape(None, 4, 2048, 256)
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
        torch.testing.assert_close(token_losses(models.load(str(tmp_path)), tokens), token_losses(model, tokens))


@pytest.mark.parametrize("action", [models.load, models.load_tokenizer])
def test_an_unknown_model_is_one_sentence(tmp_path: Path, action: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for path in (str(tmp_path), str(tmp_path / "absent")):
        with pytest.raises(InputError) as caught:
            action(path)  # type: ignore[operator]
        assert path in str(caught.value)
        assert "\n" not in str(caught.value)
