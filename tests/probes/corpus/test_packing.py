import hashlib
import json
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer

from probes import config, prepare
from probes.corpus import END, pack, tokenizer_for
from probes.corpus.packing import at_shares
from probes.corpus.shards import Encoder, write_shard
from probes.corpus.sides import HELD_OUT, TRAIN, decided
from probes.train import Batches
from scaling.errors import InputError

# made with text, tokens and blocks held in memory whole, before sources and near-duplicates were there
SHARDS = {
    "prose": (
        "6e5754ed5381070addd360f42a46ee02c50997ed8a19997d27487cbbdb2fe73f",
        "6687ab7c98b5cca7394807f11e824fd38bf9ad5a754f8ab2c28ec025c1f799f9",
    ),
    "code": (
        "c7a11a8284f176f27f7537556360e6c4a8f763362a08424ec35d88470012f0f0",
        "3b99bb9fa062788aa7e5622f10cb402ecd65aa25bf4323282aba6a3efa9c128f",
    ),
}
ORDERS = {
    "base-d1": "3f31a865c298d928d444fecc5f41347b931e57d53bff35a7dd1735dc3f043844",
    "toy-d1-r0-s0": "ff5cf85429e0686511b7b3970dbf7e947e2f5b55b72e027ddc9dea7f421d9204",
    "toy-d1-r0.5-s0": "569f626f7d27a478850ac21725f2cbac640c966448369301957dd00cf0b4e45b",
    "toy-d1-r1-s0": "ac64937b26f7b5dacffc68cc8dcfed24425999d0249641940400840ebf8ec7be",
}


def lines(path: Path, texts: list[str]) -> None:
    path.write_text("\n".join(json.dumps({"text": text}) for text in texts), encoding="utf-8")


@pytest.fixture
def corpus(tmp_path: Path) -> config.Corpus:
    texts = [f"document {i} says {'word ' * (i % 7 + 5)}{i}" for i in range(200)]
    lines(tmp_path / "a.jsonl", [*texts, texts[0], " "])
    return config.Corpus(name="a", train=["a.jsonl"], held_out_fraction=0.25, near_duplicates=False)


@pytest.fixture
def tokenizer(corpus: config.Corpus, tmp_path: Path) -> Tokenizer:
    return tokenizer_for(corpus, 300, tmp_path, tmp_path)


def test_blocks_and_their_order_are_what_they_always_were(make_sweep: Callable[..., Path], tmp_path: Path) -> None:
    jobs = prepare.unfold(config.load_sweep(make_sweep()), tmp_path, tmp_path / "work")
    for packed in jobs[1].corpora:
        hashes = tuple(hashlib.sha256(Path(file).read_bytes()).hexdigest() for file in packed.files)
        assert hashes == SHARDS[packed.name]
        assert packed.near_duplicates == 0
    for job in jobs:
        data = Batches(job)
        order = np.concatenate([data.corpus.astype(np.int64), data.index])
        assert hashlib.sha256(order.tobytes()).hexdigest() == ORDERS[job.name]


def test_packs_every_token_once_and_caches(tmp_path: Path, corpus: config.Corpus, tokenizer: Tokenizer) -> None:
    end = tokenizer.token_to_id(END)
    blocks = pack(corpus, tmp_path, tokenizer, end, 16, tmp_path / "cache")
    assert blocks.train.shape[1] == blocks.held_out.shape[1] == 16
    sides = decided(corpus, tmp_path, tmp_path)
    train = list(sides.texts(corpus, 0, TRAIN, tmp_path))
    expected = sum(len(tokenizer.encode(text).ids) + 1 for text in train)
    assert 0 <= expected - blocks.train.size < 16
    assert abs(int((blocks.train == end).sum()) - len(train)) <= 2
    (tmp_path / "cache" / "witness").touch()
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "cache").iterdir()}
    again = pack(corpus, tmp_path, tokenizer, end, 16, tmp_path / "cache")
    assert again.hash == blocks.hash
    assert (np.asarray(again.train) == np.asarray(blocks.train)).all()
    assert {file: file.stat().st_mtime_ns for file in (tmp_path / "cache").iterdir()} == before


@pytest.mark.parametrize(
    "change",
    [
        {"field": "body"},
        {"held_out_fraction": 0.3},
        {"near_duplicates": True},
        {"held_out": ["a.jsonl"], "train": ["b.jsonl"]},
        {"contents": "one more"},
        {"vocabulary": 270},
        {"context": 8},
        {"end": 1},
    ],
)
def test_the_hash_follows_all_that_matters(tmp_path: Path, change: dict[str, Any]) -> None:
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice([*"abcdefgh"], 60)) for _ in range(60)]
    rows = [{"text": text, "body": text[::-1]} for text in texts]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    lines(tmp_path / "b.jsonl", ["other " * 60])
    corpus = config.Corpus(name="a", train=["a.jsonl"], held_out_fraction=0.25, near_duplicates=False)
    tokenizer = tokenizer_for(corpus, 260, tmp_path, tmp_path)
    before = pack(corpus, tmp_path, tokenizer, 0, 16, tmp_path / "cache").hash
    if more := change.pop("contents", None):
        lines(tmp_path / "a.jsonl", [*texts, more])
    if size := change.pop("vocabulary", None):
        tokenizer = tokenizer_for(corpus, size, tmp_path, tmp_path)
    context, end = change.pop("context", 16), change.pop("end", 0)
    after = pack(corpus.model_copy(update=change), tmp_path, tokenizer, end, context, tmp_path / "cache").hash
    assert after != before


def test_a_tokenizer_that_cuts_and_fills_does_neither_here(
    tmp_path: Path, corpus: config.Corpus, tokenizer: Tokenizer
) -> None:
    plain = pack(corpus, tmp_path, tokenizer, 0, 16, tmp_path / "cache")
    tokenizer.enable_truncation(5)
    tokenizer.enable_padding(length=64)
    cut = pack(corpus, tmp_path, tokenizer, 0, 16, tmp_path / "cache")
    assert cut.hash == plain.hash
    assert tokenizer.truncation["max_length"] == 5  # it is the caller's


@pytest.mark.parametrize("side", ["train", "held-out"])
def test_too_little_text_is_an_error(tmp_path: Path, corpus: config.Corpus, tokenizer: Tokenizer, side: str) -> None:
    lines(tmp_path / "few.jsonl", ["few words"])
    files = {"train": ["few.jsonl"], "held_out": ["a.jsonl"]} if side == "train" else {"held_out": ["few.jsonl"]}
    given = corpus.model_copy(update=files)
    with pytest.raises(InputError, match=rf"corpus 'a': its {side} text is shorter than one block of 64 tokens"):
        pack(given, tmp_path, tokenizer, 0, 64, tmp_path / "cache")
    assert not list((tmp_path / "cache").glob(".*")), "nothing half-written is left"


@pytest.fixture
def mix(tmp_path: Path) -> config.Corpus:
    """Two sources that can be told apart by their letters."""
    rng = np.random.default_rng(0)
    for name, letters, count in (("x", "xyz", 300), ("k", "klm", 100)):
        lines(tmp_path / f"{name}.jsonl", [" ".join(rng.choice([*letters], 40)) for _ in range(count)])
    return config.Corpus(
        name="mix",
        near_duplicates=False,  # three letters give few shingles
        sources=[
            config.Source(train=["x.jsonl"], share=0.7, held_out_fraction=0.2),
            config.Source(train=["k.jsonl"], share=0.3, held_out_fraction=0.2),
        ],
    )


def test_sources_lie_one_after_the_other_and_are_held_out_at_their_shares(tmp_path: Path, mix: config.Corpus) -> None:
    tokenizer = tokenizer_for(mix, 258, tmp_path, tmp_path)
    blocks = pack(mix, tmp_path, tokenizer, 0, 8, tmp_path / "cache")
    one, two = blocks.parts
    assert (one.share, two.share) == (0.7, 0.3)
    assert one.blocks + two.blocks == len(blocks.train)

    def second(rows: np.ndarray) -> np.ndarray:
        own = [tokenizer.token_to_id(letter) for letter in "klm"]
        return np.isin(np.asarray(rows), own).any(axis=1)

    assert not second(blocks.train[: one.blocks]).any()
    assert second(blocks.train[one.blocks :]).all()
    counts = np.cumsum(second(blocks.held_out))
    assert np.abs(counts - 0.3 * np.arange(1, len(counts) + 1)).max() <= 0.5
    alone = config.Corpus(name="x", train=["x.jsonl"], held_out_fraction=0.2, near_duplicates=False)
    own = pack(alone, tmp_path, tokenizer, 0, 8, tmp_path / "cache")
    assert (np.asarray(own.train) == blocks.train[: one.blocks]).all(), "a source is packed as it would be alone"


def test_a_source_that_is_too_short_is_named(tmp_path: Path, mix: config.Corpus) -> None:
    lines(tmp_path / "k.jsonl", [f"k l m {'k' * i}" for i in range(20)])
    tokenizer = tokenizer_for(mix, 258, tmp_path, tmp_path)
    with pytest.raises(InputError, match="corpus 'mix', source 2: its train text is shorter than one block of 640"):
        pack(mix, tmp_path, tokenizer, 0, 640, tmp_path / "cache")


def test_held_out_blocks_end_with_the_first_source_that_runs_out() -> None:
    mixed = at_shares([np.arange(0, 5), np.arange(10, 110)], [0.5, 0.5])
    assert [*mixed[:4]] == [0, 10, 1, 11]
    assert len(mixed) in (10, 11)
    assert sorted(mixed[mixed < 10]) == [0, 1, 2, 3, 4]
    assert (at_shares([np.arange(7)], [1.0]) == np.arange(7)).all()


def test_progress_rises_to_one(tmp_path: Path, corpus: config.Corpus, tokenizer: Tokenizer) -> None:
    near = corpus.model_copy(update={"near_duplicates": True, "held_out_fraction": 0.02})
    for given in (corpus, near, near):
        shares: list[float] = []
        pack(given, tmp_path, tokenizer, 0, 4, tmp_path / "cache", report=shares.append)
        assert len(shares) != 2
        assert shares == sorted(shares)
        assert shares[-1] == 1.0
        assert all(0 <= share <= 1 for share in shares)
    assert shares == [1.0], "all was there"


def test_documents_are_taken_as_they_are_needed_and_memory_stays_small(tmp_path: Path, tokenizer: Tokenizer) -> None:
    taken = 0

    def documents(count: int) -> Iterator[str]:
        nonlocal taken
        for i in range(count):
            taken += 1
            yield f"{i} " + "word " * 60

    def peak(count: int) -> int:
        tracemalloc.start()
        write_shard(tmp_path / "big.npy", [documents(count)], encoder, lambda counts: np.arange(counts[0]))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    encoder = Encoder(tokenizer, 0, 256)
    next(encoder.ids(documents(20_000)))
    assert taken < 5_000, "one batch, not all of it"
    assert peak(32_000) < 1.3 * peak(8_000)


def test_a_shard_is_the_file_that_numpy_would_write(tmp_path: Path, tokenizer: Tokenizer) -> None:
    encoder = Encoder(tokenizer, 0, 4)
    texts = [[f"text number {i} of {j}" for i in range(9)] for j in range(3)]
    counts = write_shard(tmp_path / "a.npy", texts, encoder, lambda counts: np.arange(sum(counts))[::-1])
    rows = []
    for own, count in zip(texts, counts, strict=True):
        ids = [i for text in own for i in [*tokenizer.encode(text).ids, 0]]
        assert count == len(ids) // 4
        rows.append(np.array(ids[: count * 4], np.uint16).reshape(-1, 4))
    np.save(tmp_path / "b.npy", np.concatenate(rows)[::-1])
    assert (tmp_path / "a.npy").read_bytes() == (tmp_path / "b.npy").read_bytes()


def test_held_out_text_is_only_what_was_put_there(tmp_path: Path, corpus: config.Corpus) -> None:
    sides = decided(corpus, tmp_path, tmp_path)
    both = [set(sides.texts(corpus, 0, side, tmp_path)) for side in (TRAIN, HELD_OUT)]
    assert len(both[0] | both[1]) == 200
    assert not both[0] & both[1]
