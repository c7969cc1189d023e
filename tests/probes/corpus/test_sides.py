import json
from pathlib import Path

import numpy as np
import pytest

from probes import config
from probes.corpus import files
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
