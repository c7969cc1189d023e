import bz2
import gzip
import json
import lzma
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from probes import config
from probes.corpus import documents, expand, files, readers
from scaling.errors import InputError

TEXTS = ["one", "zwei\nüber", "drei " * 50]


def zstd(path: Path, mode: str) -> pa.NativeFile:
    return pa.output_stream(str(path), compression="zstd")


def write_lines(path: Path, opener: Callable[..., object]) -> None:
    content = "\n".join(json.dumps({"body": text, "n": 1}) for text in TEXTS) + "\n\n"
    with opener(path, "wb") as handle:  # type: ignore[attr-defined]
        handle.write(content.encode())


def write_arrow(path: Path, texts: list[str | None], rows: int = 2, **columns: object) -> None:
    table = pa.table({"text": pa.array(texts, pa.string()), **columns})
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table, max_chunksize=rows)


def save_dataset(folder: Path, pieces: dict[str, list[str | None]]) -> Path:
    """The layout of `Dataset.save_to_disk`: the order is that of the state, not of the names."""
    folder.mkdir(parents=True)
    for name, texts in pieces.items():
        write_arrow(folder / name, texts, n=pa.array(range(len(texts))))
    state = {"_data_files": [{"filename": name} for name in pieces], "_fingerprint": "1", "_split": None}
    (folder / "state.json").write_text(json.dumps(state))
    (folder / "dataset_info.json").write_text("{}")
    return folder


PIECES: dict[str, list[str | None]] = {"data-b.arrow": ["one", "two", "three"], "data-a.arrow": ["four"]}


@pytest.mark.parametrize(
    ("suffix", "opener"),
    [("", open), (".xz", lzma.open), (".gz", gzip.open), (".bz2", bz2.open), (".zst", zstd)],
)
def test_jsonl_and_text_plain_or_compressed(tmp_path: Path, suffix: str, opener: Callable[..., object]) -> None:
    for kind in (".jsonl", ".ndjson"):
        path = tmp_path / f"a{kind}{suffix}"
        write_lines(path, opener)
        assert list(documents(path, "body")) == TEXTS
        assert readers.name(path) == "jsonl"
    text = tmp_path / f"a.py{suffix}"
    with opener(text, "wb") as handle:  # type: ignore[attr-defined]
        handle.write(TEXTS[1].encode())
    assert list(documents(text)) == [TEXTS[1]]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"text": "one"}\n{"body": "two"}\n', "row 2 has no field 'text'; it has body: name one with `field`"),
        (
            '{"text": "one"}\n\n["two"]\n',
            "row 3 has no field 'text'; it is not an object with fields: name another with `field`",
        ),
        ('{"text": "one"}\n{"text": \n', "row 2 is not JSON"),
        ('{"text": "one"}{"text": "two"}\n', "row 1 is not JSON"),
        ('{"text": 5}\n', "row 1: the field 'text' is not text"),
        ('{"text": null}\n', "row 1: the field 'text' is not text"),
        ('{"text": "\\ud800"}\n', "row 1: the field 'text' is not text"),
    ],
)
def test_a_line_without_text_is_named(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(content)
    with pytest.raises(InputError) as caught:
        list(documents(path))
    assert str(caught.value) == f"{path}: {words}"


@pytest.mark.parametrize("suffix", [".xz", ".gz", ".bz2", ".zst"])
@pytest.mark.parametrize("broken", ["cut", "other"])
def test_a_broken_archive_is_named(tmp_path: Path, suffix: str, broken: str) -> None:
    opener = {".xz": lzma.open, ".gz": gzip.open, ".bz2": bz2.open, ".zst": zstd}[suffix]
    path = tmp_path / f"a.jsonl{suffix}"
    write_lines(path, opener)
    path.write_bytes(path.read_bytes()[:-9] if broken == "cut" else b"no archive at all")
    with pytest.raises(InputError, match=r"a\.jsonl\.") as caught:
        list(documents(path, "body"))
    assert "\n" not in str(caught.value)


def test_what_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(InputError, match=r"a\.bin: cannot be read as text"):
        list(documents(tmp_path / "a.bin"))


def test_parquet_over_row_groups(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    texts = [f"text {i}" for i in range(5000)]
    for kind in (pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())):
        table = pa.table({"n": range(5000), "body": pa.array(texts).cast(kind)})
        pq.write_table(table, path, row_group_size=1500)
        assert list(documents(path, "body")) == texts


def test_parquet_is_read_piece_by_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": [f"text {i}" for i in range(6000)]}), path, row_group_size=1500)
    groups: list[int] = []
    real = pq.ParquetFile.iter_batches

    def watched(self: pq.ParquetFile, *, row_groups: list[int], **given: object) -> Iterator[pa.RecordBatch]:
        groups.extend(row_groups)
        return real(self, row_groups=row_groups, **given)

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", watched)
    texts = documents(path)
    assert (next(texts), groups) == ("text 0", [0])
    assert sum(1 for _ in texts) == 5999
    assert groups == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"body": ["a"]}, "has no field 'text'; it has body: name one with `field`"),
        ({"text": [1, 2]}, "the column 'text' contains int64, not text; name another with `field`"),
        ({"text": ["a", None]}, "row 2: the column 'text' is not text"),
        ({"text": pa.array([], pa.string())}, "contains no rows; name another file, or leave it out"),
    ],
)
def test_parquet_without_text_is_named(tmp_path: Path, table: dict[str, object], words: str) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table(table), path)
    with pytest.raises(InputError) as caught:
        list(documents(path))
    assert str(caught.value) == f"{path}: {words}"


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow"])
@pytest.mark.parametrize("content", [b"", b"no table at all", b"\xff\xff\xff\xff\x10\x00\x00\x00"])
def test_a_broken_table_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as caught:
        list(documents(tmp_path / name))
    assert str(caught.value).startswith(f"{tmp_path / name}: cannot be read as")
    assert "\n" not in str(caught.value)


def test_a_saved_dataset_in_the_order_of_its_state(tmp_path: Path) -> None:
    folder = save_dataset(tmp_path / "saved", PIECES)
    assert list(documents(folder)) == ["one", "two", "three", "four"]
    assert [file.name for file in readers.files(folder)] == ["data-b.arrow", "data-a.arrow"]
    assert expand(["sav*"], tmp_path) == [folder]
    assert list(documents(folder / "data-a.arrow")) == ["four"]


def test_a_saved_dict_by_its_split(tmp_path: Path) -> None:
    for split in ("train", "test"):
        save_dataset(tmp_path / "both" / split, {"data.arrow": [split]})
    (tmp_path / "both" / "dataset_dict.json").write_text('{"splits": ["train", "test"]}')
    assert expand(["both"], tmp_path) == [tmp_path / "both" / "train"]
    assert expand(["both"], tmp_path, "test") == expand(["both/test"], tmp_path) == [tmp_path / "both" / "test"]
    with pytest.raises(InputError, match="has no split 'dev'; it has train, test"):
        expand(["both"], tmp_path, "dev")
    corpus = config.Corpus(name="a", train=["both"], held_out=["both/test"])
    files.check(corpus, tmp_path)
    assert files.contents(corpus, tmp_path)["sources"][0]["train"][0][0] == "saved_dataset"


def test_a_saved_dataset_that_is_not_whole_is_named(tmp_path: Path) -> None:
    folder = save_dataset(tmp_path / "saved", {**PIECES, "data-c.arrow": ["five", None]})
    with pytest.raises(InputError, match="saved: row 6: the column 'text' is not text"):
        list(documents(folder))
    with pytest.raises(InputError, match=r"data-b\.arrow: the column 'n' contains int64, not text"):
        list(documents(folder, "n"))
    cut = (folder / "data-b.arrow").read_bytes()[:-150]
    (folder / "data-b.arrow").write_bytes(cut)
    with pytest.raises(InputError, match=r"data-b\.arrow: cannot be read as an Arrow stream"):
        list(documents(folder))
    (folder / "data-b.arrow").unlink()
    with pytest.raises(InputError, match=r"data-b\.arrow: no such corpus file"):
        readers.files(folder)
    for state, words in [("{", "not JSON"), ("{}", "names no Arrow files"), ("[]", "not a JSON object")]:
        (folder / "state.json").write_text(state)
        with pytest.raises(InputError, match=words):
            readers.files(folder)
    (folder / "state.json").write_text('{"_data_files": [], "_indices_data_files": [{"filename": "i.arrow"}]}')
    with pytest.raises(InputError, match="list of indices"):
        readers.files(folder)
    (folder / "state.json").unlink()
    with pytest.raises(InputError, match=r"has no state\.json"):
        readers.files(folder)


def test_a_folder_that_is_no_dataset_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="folder: a folder, but not a dataset saved to disk"):
        expand(["folder"], tmp_path)
    (tmp_path / "folder" / "a.txt").write_text("text")
    assert expand(["folder/*", "folder/a.txt"], tmp_path) == [tmp_path / "folder" / "a.txt"]


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
