import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from probes import config, prepare
from probes.corpus import files, pack, tokenizer_for
from probes.corpus.sides import HELD_OUT, NEAR, OUT, TRAIN, decide, decided
from scaling.errors import InputError


def lines(path: Path, texts: list[str]) -> None:
    path.write_text("\n".join(json.dumps({"text": text}) for text in texts), encoding="utf-8")


def sentence(seed: int, count: int = 40) -> str:
    return " ".join(f"w{i}" for i in np.random.default_rng(seed).integers(0, 10**6, count))


def test_splits_by_document_each_once(tmp_path: Path) -> None:
    texts = [sentence(i) for i in range(200)]
    lines(tmp_path / "a.jsonl", [*texts, texts[0], " "])
    corpus = config.Corpus(name="a", train=["a.jsonl"], held_out_fraction=0.25)
    sides = decide(corpus, tmp_path)
    train, held_out = (list(sides.texts(corpus, 0, side, tmp_path)) for side in (TRAIN, HELD_OUT))
    assert sorted(train + held_out) == sorted(texts)
    assert 30 <= len(held_out) <= 70
    assert sides.count(TRAIN) == [len(train)]
    assert [*sides.train[0][-2:]] == [OUT, OUT]
    lines(tmp_path / "a.jsonl", texts[100:])
    fewer = decide(corpus, tmp_path)
    assert set(fewer.texts(corpus, 0, HELD_OUT, tmp_path)) == set(held_out) & set(texts[100:]), "a side is a text's own"


def test_held_out_files_are_never_trained_on(tmp_path: Path) -> None:
    texts = [sentence(i) for i in range(20)]
    lines(tmp_path / "a.jsonl", texts)
    lines(tmp_path / "h.jsonl", [texts[3], texts[3], sentence(99)])
    corpus = config.Corpus(name="a", train=["a.jsonl"], held_out=["h.jsonl"], near_duplicates=False)
    sides = decide(corpus, tmp_path)
    assert list(sides.texts(corpus, 0, HELD_OUT, tmp_path)) == [texts[3], sentence(99)]
    assert list(sides.texts(corpus, 0, TRAIN, tmp_path)) == texts[:3] + texts[4:]


def test_near_duplicates_of_held_out_text_are_not_trained_on(tmp_path: Path) -> None:
    held = sentence(0, 50)
    words = held.split()
    near = " ".join([*words[:30], *sentence(1, 20).split()])  # 23 of 43 shingles
    far = " ".join([*words[:18], *sentence(2, 40).split()])  # 11 of 51
    lines(tmp_path / "h.jsonl", [held])
    lines(tmp_path / "a.jsonl", [near, far, sentence(3)])
    corpus = config.Corpus(name="a", train=["a.jsonl"], held_out=["h.jsonl"])
    sides = decide(corpus, tmp_path)
    assert [*sides.train[0]] == [NEAR, TRAIN, TRAIN]
    assert sides.near_duplicates == 1
    off = decide(corpus.model_copy(update={"near_duplicates": False}), tmp_path)
    assert [*off.train[0]] == [TRAIN, TRAIN, TRAIN]


def test_no_source_trains_on_what_another_holds_out(tmp_path: Path) -> None:
    held, near = sentence(0, 50), sentence(0, 40)
    lines(tmp_path / "one.jsonl", [sentence(5), held, near])
    lines(tmp_path / "two.jsonl", [sentence(6), sentence(5)])
    lines(tmp_path / "h.jsonl", [held])
    corpus = config.Corpus(
        name="both",
        sources=[
            config.Source(train=["one.jsonl"], share=0.5, held_out_fraction=1e-9),
            config.Source(train=["two.jsonl"], share=0.5, held_out=["h.jsonl"]),
        ],
    )
    sides = decide(corpus, tmp_path)
    assert [[*codes] for codes in sides.train] == [[TRAIN, OUT, NEAR], [TRAIN, OUT]]
    assert [[*codes] for codes in sides.held_out] == [[], [HELD_OUT]]


def test_the_sides_are_kept_and_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines(tmp_path / "a.jsonl", [sentence(i) for i in range(50)])
    corpus = config.Corpus(name="a", train=["a.jsonl"], held_out_fraction=0.2)
    first = decided(corpus, tmp_path, tmp_path / "cache")
    monkeypatch.setattr("probes.corpus.sides.decide", lambda *given: pytest.fail("decided twice"))
    again = decided(corpus, tmp_path, tmp_path / "cache")
    assert (first.train[0] == again.train[0]).all()
    kept = next((tmp_path / "cache").iterdir())
    for content in (b"", b"no archive", kept.read_bytes()[:-40]):
        kept.write_bytes(content)
        with pytest.raises(InputError, match="damaged; delete it"):
            decided(corpus, tmp_path, tmp_path / "cache")


def test_text_that_changes_while_it_is_read_is_an_error(tmp_path: Path) -> None:
    lines(tmp_path / "a.jsonl", [sentence(i) for i in range(9)])
    corpus = config.Corpus(name="a", train=["a.jsonl"])
    sides = decide(corpus, tmp_path)
    lines(tmp_path / "a.jsonl", [sentence(i) for i in range(10)])
    with pytest.raises(InputError, match=r"a\.jsonl: changed while it was read"):
        list(sides.texts(corpus, 0, TRAIN, tmp_path))


@pytest.mark.parametrize("near", [True, False])
def test_progress_rises_to_one(tmp_path: Path, near: bool) -> None:
    for name in "abc":
        lines(tmp_path / f"{name}.jsonl", [sentence(i) for i in range(50)])
    shares: list[float] = []
    corpus = config.Corpus(name="a", train=["*.jsonl"], held_out_fraction=0.2, near_duplicates=near)
    decided(corpus, tmp_path, tmp_path / "cache", shares.append)
    assert len(shares) > 3
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_documents_are_read_one_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alive, most = 0, 0

    class Text(str):
        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    def documents(path: Path, field: str) -> object:
        nonlocal alive, most
        for i in range(300):
            alive += 1
            most = max(most, alive)
            yield Text(sentence(i))

    lines(tmp_path / "a.jsonl", ["not read"])
    monkeypatch.setattr("probes.corpus.readers.documents", documents)
    decide(config.Corpus(name="a", train=["a.jsonl"]), tmp_path)
    assert most <= 3


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    corpus = config.Corpus(name="a", train=["nowhere-*.txt"])
    for act in (decide, files.check):
        with pytest.raises(InputError, match=r"nowhere-\*\.txt: no such corpus file"):
            act(corpus, tmp_path)


TEXTS = [f"document {i} says {' '.join(f'w{i * j}' for j in range(40))}" for i in range(60)]
FEW = "name held_out, give text files a `separator`, or write JSONL with one document per line"


def test_a_separator_makes_documents_that_can_be_held_out(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("<|endoftext|>".join(TEXTS))
    corpus = config.Corpus(name="a", train=["a.txt"], held_out_fraction=0.3, separator="<|endoftext|>")
    sides = decide(corpus, tmp_path)
    assert 5 < sides.count(TRAIN)[0] < len(TEXTS)
    lines(tmp_path / "b.jsonl", TEXTS)
    same = decide(config.Corpus(name="a", train=["b.jsonl"], held_out_fraction=0.3), tmp_path)
    assert [*sides.train[0]] == [*same.train[0]], "the same documents as in another format"
    other = files.contents(corpus.model_copy(update={"separator": "x"}), tmp_path)
    assert files.contents(corpus, tmp_path) != other


def test_a_separator_for_nothing_is_refused(tmp_path: Path) -> None:
    lines(tmp_path / "a.jsonl", TEXTS)
    (tmp_path / "a.txt").write_text("text")
    with pytest.raises(InputError, match="corpus 'a': separator is for plain text, but its files are jsonl; remove it"):
        files.check(config.Corpus(name="a", train=["a.jsonl"], separator="x"), tmp_path)
    files.check(config.Corpus(name="a", train=["a.jsonl"], held_out=["a.txt"], separator="x"), tmp_path)


NONE_OF_FEW = [text for text in TEXTS if text.startswith(("document 1 ", "document 2 ", "document 3 "))]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"train": ["book.txt"]}, "no document is held out (0 of 1 document held out): " + FEW),
        ({"train": ["few.jsonl"]}, "no document is held out (0 of 3 documents held out): " + FEW),
        ({"train": ["shard-*.txt"]}, "no document is held out (0 of 2 documents held out): " + FEW),
        (
            {"train": ["few.jsonl"], "held_out_fraction": 1 - 1e-9},
            "no document is left to train on (3 of 3 documents held out): " + FEW,
        ),
        (
            {"train": ["few.jsonl"], "held_out": ["few.jsonl"]},
            "no document is left to train on (3 of 6 documents held out; 3 are empty, the same as others or "
            "near-duplicates of held-out text): name other files under train than under held_out",
        ),
        (
            {"train": ["few.jsonl"], "held_out": ["empty.jsonl"]},
            "no document is held out (0 of 3 documents held out): name more files under held_out",
        ),
    ],
)
def test_nothing_or_everything_held_out_is_told_by_its_cause(tmp_path: Path, given: dict[str, Any], words: str) -> None:
    (tmp_path / "book.txt").write_text("\n\n".join(TEXTS))
    for number in range(2):
        (tmp_path / f"shard-{number}.txt").write_text(TEXTS[number])
    lines(tmp_path / "few.jsonl", NONE_OF_FEW)
    lines(tmp_path / "empty.jsonl", [" "])
    corpus = config.Corpus(name="web", **given)
    with pytest.raises(InputError) as caught:
        tokenizer_for(corpus, 300, tmp_path, tmp_path / "cache")
    assert str(caught.value) == f"corpus 'web': {words}"
    lines(tmp_path / "b.jsonl", TEXTS)
    tokenizer = tokenizer_for(
        config.Corpus(name="b", train=["b.jsonl"], held_out_fraction=0.3), 300, tmp_path, tmp_path
    )
    with pytest.raises(InputError) as caught:
        pack(corpus, tmp_path, tokenizer, 0, 16, tmp_path / "cache")
    assert str(caught.value) == f"corpus 'web': {words}"


def test_held_out_text_that_is_too_short_is_told_by_its_cause(tmp_path: Path) -> None:
    lines(tmp_path / "a.jsonl", [f"{text} {i}" for i in range(10) for text in TEXTS])
    lines(tmp_path / "d.jsonl", TEXTS)
    sweep = config.Sweep(
        name="s", context=64, tokenizer={"vocab_size": 260}, bases=[{"depth": 1}], evaluate={"blocks": 5000},
        general={"name": "web", "train": ["a.jsonl"], "near_duplicates": False},
        domain={"name": "d", "train": ["d.jsonl"], "held_out_fraction": 0.3}, cpt={"tokens": "10K", "ratios": [0.5]},
    )  # fmt: skip
    with pytest.raises(InputError) as caught:
        prepare.unfold(sweep, tmp_path, tmp_path / "work")
    said = str(caught.value)
    assert said.startswith("corpus 'web' is too small for its held-out split: evaluate.blocks asks for 5000 blocks")
    assert " of 600 documents held out" in said
    assert said.endswith("raise held_out_fraction, or name more text under train or held_out")
