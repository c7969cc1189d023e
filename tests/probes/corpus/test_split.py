"""Documents in one text file, and corpora of which nothing or everything is held out."""

import json
from pathlib import Path
from typing import Any

import pytest

from probes import config, prepare
from probes.corpus import documents, files, pack, tokenizer_for
from probes.corpus.sides import TRAIN, decide
from scaling.errors import InputError

TEXTS = [f"document {i} says {' '.join(f'w{i * j}' for j in range(40))}" for i in range(60)]
FEW = "name held_out, give text files a `separator`, or write JSONL with one document a line"


def lines(path: Path, texts: list[str]) -> None:
    path.write_text("\n".join(json.dumps({"text": text}) for text in texts), encoding="utf-8")


@pytest.mark.parametrize(
    ("separator", "between"),
    [
        ("<|endoftext|>", "<|endoftext|>"),
        ("<|endoftext|>", "\n<|endoftext|>\n"),
        ("\n\n", "\n\n"),
        ("blank-lines", "\n\n"),
        ("blank-lines", "\n \n\n\t\n"),
        ("blank-lines", "\r\n\r\n"),
    ],
)
def test_a_text_file_is_parted(tmp_path: Path, separator: str, between: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("probes.corpus.readers.text.PIECE", 7)
    texts = ["  two\nlines", "one", "drei über"]
    (tmp_path / "a.txt").write_bytes(between.join(["", *texts, ""]).encode())
    assert list(documents(tmp_path / "a.txt", separator=separator)) == texts
    assert len(list(documents(tmp_path / "a.txt"))) == 1


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
    with pytest.raises(InputError, match="corpus 'a': separator is for plain text, and its files are jsonl"):
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
