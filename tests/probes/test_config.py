from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from probes.config import load_sweep
from scaling.errors import InputError

MakeSweep = Callable[..., Path]


def test_reads_a_sweep(make_sweep: MakeSweep) -> None:
    sweep = load_sweep(make_sweep())
    assert [base.label for base in sweep.bases] == ["d1"]
    assert sweep.cpt.ratios == [0, 0.5, 1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"contxt": 16}, ["unknown key", "contxt"]),
        ({"cpt": {"tokens": 1536, "ratios": [0, 1.5]}}, ["cpt.ratios.1", "less than or equal to 1"]),
        ({"cpt": {"tokens": 1536, "ratios": [-0.1]}}, ["cpt.ratios.0", "greater than or equal to 0"]),
        ({"cpt": {"tokens": 1536, "ratios": [0.5, 0.5]}}, ["cpt.ratios", "twice"]),
        ({"cpt": {"tokens": 1536, "batch_tokens": 100, "ratios": [0]}}, ["multiple of context"]),
        ({"cpt": {"tokens": 64, "batch_tokens": 128, "ratios": [0]}}, ["less than one step"]),
        ({"cpt": {"tokens": 1536, "ratios": [0], "schedule": "zigzag"}}, ["cpt.schedule", "zigzag", "constant"]),
        ({"bases": [{}]}, ["either depth or path"]),
        ({"bases": [{"path": "somewhere"}]}, ["needs learning_rate"]),
        ({"bases": [{"depth": 2}, {"depth": 2}]}, ["same name"]),
        ({"cpt": {"tokens": 1536, "ratios": [0.1234567, 0.1234568]}}, ["cpt.ratios", "twice"]),
        ({"cpt": {"tokens": 1536, "ratios": [0], "seeds": [-1]}}, ["cpt.seeds.0", "greater than or equal to 0"]),
        ({"cpt": {"tokens": "many", "ratios": [0]}}, ["cpt.tokens", "not a number"]),
        ({"bases": [{"depth": 1, "seeds": [0, 0]}]}, ["bases.0.seeds", "twice"]),
        ({"pretrain": {"tokens_per_param": float("inf")}}, ["pretrain.tokens_per_param", "finite"]),
        ({"name": "a/b"}, ["name", "pattern"]),
    ],
)
def test_a_mistake_is_one_sentence_with_file_and_key(
    make_sweep: MakeSweep, change: dict[str, Any], words: list[str]
) -> None:
    path = make_sweep(**change)
    with pytest.raises(InputError) as caught:
        load_sweep(path)
    text = str(caught.value)
    assert "\n" not in text
    assert all(word in text for word in [str(path), *words]), text


@pytest.mark.parametrize("content", ["- a list", "a: [unclosed", "just text"])
def test_what_is_no_sweep_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(content)
    with pytest.raises(InputError, match=r"bad\.yaml"):
        load_sweep(path)


def test_counts_are_written_as_people_do(make_sweep: MakeSweep) -> None:
    sweep = load_sweep(make_sweep(cpt={"tokens": "2M", "batch_tokens": 128.0, "ratios": [0.5]}))
    assert (sweep.cpt.tokens, sweep.cpt.batch_tokens) == (2_000_000, 128)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.yaml: No such file"):
        load_sweep(tmp_path / "none.yaml")
