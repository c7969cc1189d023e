import gzip
import json
import lzma
from pathlib import Path

import numpy as np
import pytest

from probes import config
from probes.corpus import END, documents, pack, split, tokenizer_for
from scaling.errors import InputError


@pytest.fixture
def corpus(tmp_path: Path) -> config.Corpus:
    texts = [f"document {i} says {'word ' * (i % 7 + 5)}{i}" for i in range(200)]
    lines = "\n".join(json.dumps({"text": text}) for text in [*texts, texts[0], " "])
    (tmp_path / "a.jsonl").write_text(lines)
    return config.Corpus(name="a", train=["a.jsonl"], held_out_fraction=0.25)


@pytest.mark.parametrize(("suffix", "opener"), [("", open), (".xz", lzma.open), (".gz", gzip.open)])
def test_reads_jsonl_and_text_plain_or_compressed(tmp_path: Path, suffix: str, opener: object) -> None:
    path, text = tmp_path / f"a.jsonl{suffix}", tmp_path / f"a.txt{suffix}"
    with opener(path, "wt") as handle:  # type: ignore[operator]
        handle.write('{"body": "one"}\n{"body": "two"}\n')
    with opener(text, "wt") as handle:  # type: ignore[operator]
        handle.write("three")
    assert list(documents(path, "body")) == ["one", "two"]
    assert list(documents(text)) == ["three"]


def test_a_line_without_the_field_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "one"}\n{"body": "two"}\n')
    with pytest.raises(InputError, match=r"a\.jsonl: row 2 has no JSON field 'text'"):
        list(documents(path))


def test_splits_by_document_each_once(tmp_path: Path, corpus: config.Corpus) -> None:
    train, held_out = split(corpus, tmp_path)
    assert len(train) + len(held_out) == 200
    assert not set(train) & set(held_out)
    assert 30 <= len(held_out) <= 70
    assert split(corpus, tmp_path) == (train, held_out)


def test_held_out_files_are_never_trained_on(tmp_path: Path, corpus: config.Corpus) -> None:
    (tmp_path / "h.jsonl").write_text(json.dumps({"text": "document 3 says word word word word word word word word 3"}))
    given = corpus.model_copy(update={"held_out": ["h.jsonl"]})
    train, held_out = split(given, tmp_path)
    assert len(held_out) == 1
    assert held_out[0] not in train
    assert len(train) == 199


def test_packs_every_token_once_and_caches(tmp_path: Path, corpus: config.Corpus) -> None:
    tokenizer = tokenizer_for(corpus, 300, tmp_path, tmp_path)
    end = tokenizer.token_to_id(END)
    blocks = pack(corpus, tmp_path, tokenizer, end, 16, tmp_path / "cache")
    assert blocks.train.shape[1] == blocks.held_out.shape[1] == 16
    train, _ = split(corpus, tmp_path)
    expected = sum(len(tokenizer.encode(text).ids) + 1 for text in train)
    assert 0 <= expected - blocks.train.size < 16
    assert abs(int((blocks.train == end).sum()) - len(train)) <= 2
    again = pack(corpus, tmp_path, tokenizer, end, 16, tmp_path / "cache")
    assert again.hash == blocks.hash
    assert (np.asarray(again.train) == np.asarray(blocks.train)).all()


def test_the_hash_follows_the_text(tmp_path: Path, corpus: config.Corpus) -> None:
    tokenizer = tokenizer_for(corpus, 300, tmp_path, tmp_path)
    before = pack(corpus, tmp_path, tokenizer, 0, 16, tmp_path / "cache").hash
    with (tmp_path / "a.jsonl").open("a") as handle:
        handle.write('\n{"text": "one more"}')
    assert pack(corpus, tmp_path, tokenizer, 0, 16, tmp_path / "cache").hash != before


def test_too_little_text_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps({"text": f"w{i}"}) for i in range(20)))
    corpus = config.Corpus(name="small", train=["a.jsonl"], held_out_fraction=0.2)
    tokenizer = tokenizer_for(corpus, 260, tmp_path, tmp_path)
    with pytest.raises(InputError, match=r"corpus 'small': its (train|held-out) text is shorter than one block"):
        pack(corpus, tmp_path, tokenizer, 0, 4096, tmp_path / "cache")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    corpus = config.Corpus(name="a", train=["nowhere-*.txt"])
    with pytest.raises(InputError, match=r"nowhere-\*\.txt: no such corpus file"):
        split(corpus, tmp_path)
