from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from probes.config import load_sweep
from probes.prepare import unfold
from scaling.errors import InputError

MakeSweep = Callable[..., Path]
ONE = {"train": ["a.jsonl"], "share": 1}


def test_reads_a_sweep(make_sweep: MakeSweep) -> None:
    sweep = load_sweep(make_sweep())
    assert [base.label for base in sweep.bases] == ["d1"]
    assert sweep.cpt.ratios == [0, 0.5, 1]


def test_code_of_a_base_is_off_unless_asked_for(make_sweep: MakeSweep) -> None:
    base = {"path": "somewhere", "learning_rate": 1e-3}
    sweep = load_sweep(make_sweep(bases=[base, {**base, "path": "elsewhere", "remote_code": True}]))
    assert [base.remote_code for base in sweep.bases] == [False, True]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"contxt": 16}, ["unknown key", "contxt"]),
        ({"cpt": {"tokens": 1536, "ratios": [0, 1.5]}}, ["cpt.ratios.1", "less than or equal to 1"]),
        ({"cpt": {"tokens": 1536, "ratios": [-0.1]}}, ["cpt.ratios.0", "greater than or equal to 0"]),
        ({"cpt": {"tokens": 1536, "ratios": [0.5, 0.5]}}, ["cpt.ratios", "twice"]),
        ({"cpt": {"tokens": 1536, "batch_tokens": 100, "ratios": [0]}}, ["multiple of context"]),
        ({"cpt": {"tokens": 64, "batch_tokens": 128, "ratios": [0]}}, ["must be at least one step"]),
        ({"cpt": {"tokens": 1536, "ratios": [0], "schedule": "zigzag"}}, ["cpt.schedule", "zigzag", "constant"]),
        ({"bases": [{}]}, ["either depth or path"]),
        ({"bases": [{"path": "somewhere"}]}, ["needs learning_rate"]),
        ({"bases": [{"depth": 2, "remote_code": True}]}, ["remote_code is for a base given by path"]),
        ({"bases": [{"depth": 2, "revision": "v1"}]}, ["revision is for a base given by its hub name"]),
        ({"bases": [{"depth": 2}, {"depth": 2}]}, ["same name"]),
        ({"cpt": {"tokens": 1536, "ratios": [0.1234567, 0.1234568]}}, ["cpt.ratios", "twice"]),
        ({"cpt": {"tokens": 1536, "ratios": [0], "seeds": [-1]}}, ["cpt.seeds.0", "greater than or equal to 0"]),
        ({"cpt": {"tokens": "many", "ratios": [0]}}, ["cpt.tokens", "not a number"]),
        ({"bases": [{"depth": 1, "seeds": [0, 0]}]}, ["bases.0.seeds", "twice"]),
        ({"bases": [{"depth": 1, "ratios": [0.5, 0.5]}]}, ["bases.0.ratios", "twice"]),
        ({"bases": [{"depth": 1, "ratios": []}]}, ["bases.0.ratios", "at least 1"]),
        ({"bases": [{"depth": 1, "ratios": [2]}]}, ["bases.0.ratios.0", "less than or equal to 1"]),
        ({"pretrain": {"tokens_per_param": float("inf")}}, ["pretrain.tokens_per_param", "finite"]),
        ({"name": "a/b"}, ["name", "pattern"]),
        ({"general": {"name": "a"}}, ["general:", "either train", "or sources"]),
        (
            {"general": {"name": "a", "train": ["a"], "sources": [ONE]}},
            ["general:", "either train or sources, not both"],
        ),
        ({"general": {"name": "a", "sources": []}}, ["general:", "either train", "or sources"]),
        ({"general": {"name": "a", "sources": [ONE], "field": "b"}}, ["general:", "field must be in each source"]),
        ({"general": {"name": "a", "sources": [{**ONE, "share": 0.6}]}}, ["general:", "sum to 0.6, not to 1"]),
        ({"general": {"name": "a", "sources": [{**ONE, "share": 1.1}]}}, ["general.sources.0.share", "less than"]),
        (
            {"general": {"name": "a", "sources": [ONE, {**ONE, "share": 0}]}},
            ["general.sources.1.share", "greater than"],
        ),
        ({"general": {"name": "a", "sources": [{"train": ["a"]}]}}, ["general.sources.0.share", "required"]),
        ({"general": {"name": "a", "sources": [{"share": 1}]}}, ["general.sources.0.train", "required"]),
        ({"general": {"name": "a", "sources": [{**ONE, "shares": 1}]}}, ["unknown key", "general.sources.0.shares"]),
        ({"domain": {"name": "a", "train": ["a"], "share": 1}}, ["unknown key", "domain.share"]),
        ({"cpt": 5}, ["cpt: must be keys with values"]),
        ({"compute": None}, ["compute: must be keys with values"]),
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


def test_a_side_may_have_several_sources(make_sweep: MakeSweep) -> None:
    thirds = [{"train": [f"{i}.jsonl"], "share": 0.3333333} for i in range(3)]
    general = load_sweep(make_sweep(general={"name": "mix", "sources": thirds})).general
    assert general.shares == [0.3333333] * 3
    assert [part.train for part in general.parts] == [["0.jsonl"], ["1.jsonl"], ["2.jsonl"]]
    domain = load_sweep(make_sweep()).domain
    assert (domain.shares, domain.parts) == ([1.0], [domain])


def test_a_number_of_seeds_counts_them(make_sweep: MakeSweep) -> None:
    sweep = load_sweep(make_sweep(bases=[{"depth": 1, "seeds": 3}], cpt={"tokens": 2048, "ratios": [0], "seeds": [4]}))
    assert (sweep.bases[0].seeds, sweep.cpt.seeds) == ([0, 1, 2], [4])


def test_a_base_may_have_ratios_of_its_own(make_sweep: MakeSweep) -> None:
    path = make_sweep(bases=[{"depth": 1, "ratios": [0.25, 0.5], "seeds": [3]}, {"depth": 2}])
    made = [job.name for job in unfold(load_sweep(path), path.parent, path.parent / "work") if job.kind == "cpt"]
    own = ["toy-d1-r0.25-s3", "toy-d1-r0.5-s3"]
    assert sorted(made) == [*own, "toy-d2-r0-s0", "toy-d2-r0.5-s0", "toy-d2-r1-s0"]


def test_a_sweep_extends_another(make_sweep: MakeSweep, tmp_path: Path) -> None:
    make_sweep()
    heir = tmp_path / "heir.yaml"
    heir.write_text(
        "extends: sweep.yaml\nname: heir\ncpt: {ratios: [0.25], warmup: 0.5}\ndomain: {name: other, train: [prose.jsonl]}\n"
    )
    sweep, parent = load_sweep(heir), load_sweep(tmp_path / "sweep.yaml")
    assert (sweep.name, sweep.cpt.ratios, sweep.cpt.warmup) == ("heir", [0.25], 0.5)
    assert sweep.cpt.tokens == parent.cpt.tokens
    assert sweep.general == parent.general
    assert sweep.domain.held_out_fraction == 0.05, "a corpus is replaced whole"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("extends: sweep.yaml\ncpt: {ratio: [1]}", "unknown key 'cpt.ratio'"),
        ("extends: absent.yaml", "absent.yaml: No such file"),
        ("extends: ../sweep.yaml", "in the same folder"),
        ("extends: heir.yaml", "extends itself"),
        ("extends: [sweep.yaml]", "in the same folder"),
    ],
)
def test_a_sweep_that_extends_in_vain_is_one_sentence(
    make_sweep: MakeSweep, tmp_path: Path, text: str, words: str
) -> None:
    make_sweep()
    (tmp_path / "heir.yaml").write_text(text)
    with pytest.raises(InputError) as caught:
        load_sweep(tmp_path / "heir.yaml")
    assert words in str(caught.value)


def test_replay_may_be_sampled_without_any_text(make_sweep: MakeSweep, tmp_path: Path) -> None:
    base = [{"path": "some", "learning_rate": 1e-3}]
    general = load_sweep(make_sweep(general={"sample_from_base": "2M"}, bases=base)).general
    assert (general.name, general.sample_from_base, general.has_text) == ("sampled", 2_000_000, False)
    with pytest.raises(InputError, match="pre-trained on it"):
        load_sweep(make_sweep(general={"sample_from_base": "2M"}))
    with pytest.raises(InputError, match="remove it from domain"):
        load_sweep(make_sweep(domain={"sample_from_base": "2M"}))
    with pytest.raises(InputError, match="needs a name"):
        load_sweep(make_sweep(domain={"train": ["code.jsonl"]}))


def test_the_length_of_pretraining_stands_there_once(make_sweep: MakeSweep) -> None:
    assert load_sweep(make_sweep(pretrain={"tokens": "1M", "batch_tokens": 128})).pretrain.tokens == 1_000_000
    with pytest.raises(InputError, match="either tokens or tokens_per_param"):
        load_sweep(make_sweep(pretrain={"tokens": "1M", "tokens_per_param": 2, "batch_tokens": 128}))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"trackers": ["paper"]}, "no tracker 'paper'"),
        ({"compute": {"micro_batch_tokens": 100}}, "compute.micro_batch_tokens must be a multiple of context"),
        ({"domain": {"name": "a", "train": ["a"], "max_epochs": 0}}, "domain.max_epochs"),
    ],
)
def test_options_that_cannot_be_are_named(make_sweep: MakeSweep, change: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError) as caught:
        load_sweep(make_sweep(**change))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "path", sorted((Path(__file__).parents[2] / "data" / "runs").glob("*.yaml")), ids=lambda p: p.stem
)
def test_every_shipped_sweep_file_is_read(path: Path) -> None:
    assert load_sweep(path).cpt.ratios
