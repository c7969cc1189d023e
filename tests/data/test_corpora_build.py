"""The shipped corpora are whole, and the splitter does what the README says. Nothing is downloaded."""

from __future__ import annotations

import hashlib
import importlib
import json
import random
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2] / "data" / "corpora"
NAMES = ("wordnet", "factbook", "shakespeare_milton", "bible", "python")


def load(name: str) -> ModuleType:
    """A module of the build, which is a script's own package and not an installed one."""
    sys.path.insert(0, str(ROOT))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(ROOT))


split = load("building.split")
store = load("building.store")
readme = load("building.readme")
clients = load("building.clients")
model = load("building.model")
markup = load("sources.markup")
build = load("build")


@cache
def shipped(name: str, side: str) -> list[str]:
    files = sorted((ROOT / "small").glob(f"{name}.{side}*.jsonl.xz"))
    return [document for path in files for document in store.read_documents(path)]


def made_up(count: int, words: int = 60, seed: int = 0) -> list[str]:
    """Documents of random words that have nothing in common."""
    source = random.Random(seed)
    return [" ".join(f"w{source.randrange(10**9)}" for _ in range(words)) for _ in range(count)]


def prepared(documents: list[str]) -> list[str]:
    kept: list[str] = split.unique(documents, set())
    return kept


# The shipped files


@pytest.mark.parametrize("name", NAMES)
def test_shipped_documents_are_tidy_and_long_enough(name: str) -> None:
    for side in ("train", "heldout"):
        documents = shipped(name, side)
        assert documents
        assert all(len(document.encode()) >= split.SMALLEST_BYTES for document in documents)
        assert all(split.tidy(document) == document for document in documents)


@pytest.mark.parametrize("name", NAMES)
def test_no_shipped_document_is_on_both_sides(name: str) -> None:
    train, heldout = shipped(name, "train"), shipped(name, "heldout")
    assert len(set(train)) == len(train)
    assert not set(train) & set(heldout)
    assert split.size(heldout) >= 150_000


@pytest.mark.parametrize("name", ["factbook", "bible"])
def test_shipped_train_documents_share_little_with_heldout(name: str) -> None:
    known = {shingle for document in shipped(name, "heldout") for shingle in split.shingles(document)}
    assert max(split.overlap(document, known) for document in shipped(name, "train")) <= split.OVERLAP_LIMIT


@pytest.mark.parametrize("name", NAMES)
def test_shipped_split_follows_the_hash(name: str) -> None:
    assert all(split.place(document) >= split.HELDOUT_SHARE for document in shipped(name, "train"))


def test_shipped_general_text_has_no_markup_left() -> None:
    for name in NAMES[:-1]:
        text = "\n".join(shipped(name, "heldout"))
        assert not re.search(r"</?[a-z]+[ >]|&[a-z]+;|strong:[GH]\d", text)


def test_shipped_files_are_small() -> None:
    sizes = [path.stat().st_size for path in (ROOT / "small").iterdir()]
    assert max(sizes) <= store.LARGEST_FILE
    assert sum(sizes) <= 9_000_000


def test_readme_and_manifest_match_the_files() -> None:
    manifest = readme.load_manifest(ROOT / "manifest.json")
    page = (ROOT / "README.md").read_text("utf-8")
    rows = {row["file"]: row["sha256"] for record in manifest["small"].values() for row in record["files"]}
    assert set(rows) == {path.name for path in (ROOT / "small").iterdir()}
    for name, expected in rows.items():
        assert clients.sha256_of(ROOT / "small" / name) == expected
        assert re.search(rf"\| {re.escape(name)} \|.*`{expected}`", page)
    for group, records in manifest.items():
        assert f"<!-- tables: {group} -->\n{readme.tables(records)}<!-- end: {group} -->" in page


def test_every_small_corpus_has_its_notice() -> None:
    notices = "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "LICENCES").iterdir()))
    for words in ("Princeton University", "PYTHON SOFTWARE FOUNDATION LICENSE", "World English Bible", "Factbook"):
        assert words in notices


# The splitter


def test_split_is_the_same_every_time_and_ignores_order() -> None:
    documents = prepared(made_up(400))
    first = split.split([documents])
    assert first == split.split([documents])
    assert set(first.heldout) == set(split.split([documents[::-1]]).heldout)
    assert 5 <= len(first.heldout) <= 40


def test_a_document_keeps_its_side_when_others_come() -> None:
    documents = prepared(made_up(400))
    alone = set(split.split([documents[:200]]).heldout)
    assert alone == set(split.split([documents]).heldout) & set(documents[:200])


def test_heldout_reaches_its_least_size() -> None:
    documents = prepared(made_up(100))
    assert split.size(split.split([documents], least_bytes=20_000).heldout) >= 20_000


def test_near_duplicates_of_heldout_text_leave_train() -> None:
    documents = prepared(made_up(200))
    original = split.split([documents]).heldout[0]
    words = original.split()
    # One word changed in 60 touches 8 of 53 shingles; half the text replaced leaves 23 of 53.
    near = next(text for text in altered(words, 1) if split.place(text) >= split.HELDOUT_SHARE)
    half = next(text for text in altered(words, 30) if split.place(text) >= split.HELDOUT_SHARE)
    far = next(text for text in altered(words, 50) if split.place(text) >= split.HELDOUT_SHARE)
    parts = split.split([[*documents, near, half, far]])
    assert near not in parts.train
    assert half not in parts.train
    assert far in parts.train
    assert parts.near_duplicates == 2


def altered(words: list[str], count: int) -> Iterator[str]:
    """The text with its first words replaced, in ever new ways."""
    for trial in range(1000):
        yield " ".join([f"new{trial}x{i}" for i in range(count)] + words[count:])


def test_near_duplicates_are_found_across_sources() -> None:
    first = prepared(made_up(200))
    heldout = split.split([first]).heldout[0]
    near = next(text for text in altered(heldout.split(), 1) if split.place(text) >= split.HELDOUT_SHARE)
    assert near not in split.split([first, [near]]).train


def test_same_words_count_once_and_tiny_documents_not_at_all() -> None:
    document = made_up(1)[0]
    seen: set[bytes] = set()
    assert split.unique([document, document.upper() + "\r\n\r\n", "tiny"], seen) == [document]
    assert split.unique([document], seen) == []


def test_cap_keeps_source_order_and_limit() -> None:
    documents = prepared(made_up(100))
    kept = split.cap(documents, 10_000)
    assert split.size(kept) <= 10_000 < split.size(documents)
    assert kept == [document for document in documents if document in set(kept)]


# Files, tables, markup and errors


def test_written_files_are_equal_split_where_large_and_free_of_leftovers(tmp_path: Path) -> None:
    documents = made_up(50)
    (whole,) = store.write_documents(documents, tmp_path, "a.train", store.LARGEST_FILE)
    before = whole.read_bytes()
    parts = store.write_documents(documents, tmp_path, "a.train", len(before) // 2)
    assert [path.name for path in parts] == [f"a.train.{i}.jsonl.xz" for i in range(1, len(parts) + 1)]
    assert len(parts) > 1
    assert not whole.exists()
    assert [text for path in parts for text in store.read_documents(path)] == documents
    store.write_documents(documents, tmp_path, "a.train", store.LARGEST_FILE)
    assert [path.name for path in tmp_path.iterdir()] == ["a.train.jsonl.xz"]
    assert whole.read_bytes() == before


def test_readme_rewrite_touches_only_its_section(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text("above\n<!-- tables: small -->\nold\n<!-- end: small -->\nbelow\n", "utf-8")
    source = dict.fromkeys(("name", "package", "manager", "licence", "version", "sha256"), "x")
    record = {"sources": [{**source, "documents": 2, "bytes": 10, "duplicates": 0}], "near_duplicates": 0}
    row = {"file": "x.train.jsonl.xz", "documents": 2, "bytes": 10, "sha256": "y"}
    for _ in range(2):
        readme.rewrite(page, {"small": {"x": {**record, "files": [row]}}, "built": {}})
    text = page.read_text("utf-8")
    assert text.startswith("above\n<!-- tables: small -->\n")
    assert text.endswith("<!-- end: small -->\nbelow\n")
    assert "old" not in text
    assert text.count("| x.train.jsonl.xz | 2 |") == 1


def test_html_text_drops_frames_and_keeps_code() -> None:
    page = (
        "<head><title>no</title></head><div class='navheader'><div>no</div>no</div>"
        "<h1>Yes</h1><p>one\n two &amp; <b>three</b></p><pre>if x:\n    y</pre><script>no</script>"
    )
    text = markup.html_text(page)
    assert "no" not in text
    assert [line for line in text.split("\n") if line] == ["Yes", "one two & three", "if x:", "    y"]


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one sentence on stderr of a command that cannot be done."""
    assert build.main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.strip().split("\n")) == 1
    return captured.err


def test_an_unknown_corpus_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "klingon" in refused(capsys, "klingon")


def test_a_missing_client_is_one_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(build, "CACHE", tmp_path / "cache")
    monkeypatch.setitem(clients._COMMANDS, "apt", ("no-such-client-here",))
    assert "no-such-client-here" in refused(capsys, "metamath", "--out", str(tmp_path / "out"))


def test_a_failed_download_is_one_sentence_and_leaves_no_half_cache(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(build, "CACHE", tmp_path / "cache")
    monkeypatch.setitem(clients._COMMANDS, "apt", ("false",))
    assert "metamath-databases" in refused(capsys, "metamath", "--out", str(tmp_path / "out"))
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_a_whole_build_with_a_made_up_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = made_up(120)

    def read(_: Path) -> Iterator[str]:
        yield from [*documents, documents[0]]

    fetched = model.Fetched(tmp_path, "1", hashlib.sha256(b"").hexdigest())
    monkeypatch.setattr(build, "fetch", lambda *_: fetched)
    corpus = model.Corpus("toy", (model.Source("toy", "toy", "pip", "none", read),))
    record: dict[str, Any] = build.build(corpus, tmp_path / "out")
    assert record == build.build(corpus, tmp_path / "again")
    assert record["sources"][0]["duplicates"] == 1
    assert sum(row["documents"] for row in record["files"]) == 120
    assert json.loads(json.dumps(record)) == record
