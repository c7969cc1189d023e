import bz2
import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from probes import config
from probes.corpus import content, documents, files, readers
from scaling.errors import InputError

TEXTS = [f'document {i}\nsays "{"word " * i}"' for i in range(30)]
ROWS = [{"id": i, "text": text, "url": "https://example.org"} for i, text in enumerate(TEXTS)]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS)
PRETTY = json.dumps({"data": ROWS}, indent=2)
TABLE = "id,text\n" + "".join(f'{i},"a sentence, and\nanother {i}"\n' for i in range(9))


def zstd(path: Path, mode: str) -> pa.NativeFile:
    return pa.output_stream(str(path), compression="zstd")


OPENERS: dict[str, Callable[..., IO[bytes]]] = {
    "": open, ".gz": gzip.open, ".xz": lzma.open, ".bz2": bz2.open, ".zst": zstd
}  # fmt: skip


def write(path: Path, text: str, packed: str = "") -> Path:
    with OPENERS[packed](path, "wb") as handle:
        handle.write(text.encode())
    return path


@pytest.mark.parametrize("packed", OPENERS)
@pytest.mark.parametrize("name", ["c4-train.00000-of-00002.json", "a.txt", "part-00000", "a.log", "a.JSON"])
def test_json_lines_are_read_as_such_whatever_their_name(tmp_path: Path, name: str, packed: str) -> None:
    path = write(tmp_path / f"{name}{packed}", LINES, packed)
    assert list(documents(path)) == TEXTS
    assert readers.name(path) == "jsonl"
    bare = write(tmp_path / "no-suffix-of-compression", LINES, packed)
    assert list(documents(bare)) == TEXTS, "compression is told by the first bytes"


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("name", ["a.json", "a.json.gz", "a.jsonl", "array"])
def test_an_array_of_objects_is_read(
    tmp_path: Path, name: str, indent: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("probes.corpus.readers.json_array.PIECE", 7)
    path = write(tmp_path / name, json.dumps(ROWS, indent=indent) + "\n", ".gz" if name.endswith(".gz") else "")
    assert list(documents(path)) == TEXTS
    assert readers.name(path) == "json_array"


def test_a_record_longer_than_what_is_looked_at(tmp_path: Path) -> None:
    texts = ["long " * 50_000, "short"]
    rows = [{"meta": {}, "text": text} for text in texts]
    assert list(documents(write(tmp_path / "lines.json", "\n".join(map(json.dumps, rows))))) == texts
    assert list(documents(write(tmp_path / "array.json", json.dumps(rows)))) == texts


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[{"text": "a"}, {"text": ', "row 2 is not JSON"),
        ('[{"text": "a"} {"text": "b"}]', "breaks off after row 1"),
        ('[{"text": "a"}', "breaks off after row 1"),
        ('[{"text": "a"}] [', "text follows the JSON array of 1 rows; remove it"),
        ('[{"text": "a"}, {"body": "b"}]', "row 2 has no field 'text'; it has body: name one with `field`"),
        ('[{"text": "a"}, 5]', "row 2 has no field 'text'; it is not an object with fields: name another with `field`"),
    ],
)
def test_a_broken_array_is_named(tmp_path: Path, text: str, words: str) -> None:
    path = write(tmp_path / "a.json", text)
    with pytest.raises(InputError, match=r"a\.json") as caught:
        list(documents(path))
    assert words in str(caught.value)


def test_a_broken_row_in_a_file_named_json_is_named(tmp_path: Path) -> None:
    for rows in ('{"text": "a"}\n{"text": \n{"text": "c"}\n', '{"text": "a"}\n{"text": \n'):
        with pytest.raises(InputError, match=r"a\.json: row 2 is not JSON"):
            list(documents(write(tmp_path / "a.json", rows)))
    assert list(documents(write(tmp_path / "b.json", ""))) == []
    assert list(documents(write(tmp_path / "c.json", "[]\n"))) == []


TAR = "a.txt" + "\0" * 252 + "ustar" + "\0" * 300


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.csv", TABLE, "looks like a table with the columns id, text: convert it to parquet or JSONL"),
        ("a.tsv", TABLE.replace(",", "\t"), "looks like a table with the columns id, text"),
        ("a.csv", "one column\nof prose\n", "looks like a table"),
        ("table", TABLE, "looks like a table with the columns id, text"),
        ("table.txt", "word\tcount\nthe\t5\na\t3\n", "looks like a table with the columns word, count"),
        ("a.md5", "d41d8cd98f00b204e9800998ecf8427e  a.json.gz\n", "looks like a list of checksums, not text"),
        ("SHA256SUMS", f"{'0a' * 32} *a.gz\n{'b1' * 32} *b.gz\n", "looks like a list of checksums"),
        ("sums", "SHA256 (a.gz) = 00ff\n", "looks like a list of checksums"),
        (
            "urls.txt",
            "https://example.org/a.json.gz\nhttps://example.org/b.json.gz\n",
            "looks like a list of addresses",
        ),
        ("files.txt", "web/a.jsonl.gz\nweb/b.jsonl.gz\n", "looks like a list of file names"),
        ("a.json", PRETTY, "looks like JSON objects that are not one per line: write JSONL"),
        ("pretty", PRETTY, "looks like JSON objects that are not one per line"),
        ("long", json.dumps({"data": ROWS * 99}, indent=2), "looks like JSON objects that are not one per line"),
        ("a.json", '{"text": "a"}{"text": "b"}', "looks like JSON objects that are not one per line"),
        ("a.json", "Once upon a time", "is named .json, but contains no JSON objects"),
        ("a.json", '["one", "two"]', "is named .json, but contains no JSON objects"),
        ("a.jsonl.zip", "PK\x03\x04\0\0", "it looks like a ZIP archive or an office document; unpack it"),
        ("a.pdf", "%PDF-1.7\n", "it looks like a PDF; extract its text first"),
        ("a.tar", TAR, "it looks like a tar archive"),
        ("a.feather", "ARROW1\0\0", "it looks like an Arrow file"),
        ("a.bin", "text\0text", "it looks like binary data"),
        ("a.warc", "WARC/1.0\nWARC-Type: response\n", "it looks like a web archive"),
        ("a.xml", "<mediawiki xmlns='x'>", "it looks like a MediaWiki dump"),
        ("a.txt", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "it is a Git LFS pointer"),
    ],
)
def test_what_is_not_understood_is_refused_with_what_to_do(tmp_path: Path, name: str, text: str, words: str) -> None:
    for packed in ("", ".gz"):
        path = write(tmp_path / f"{name}{packed}", text, packed)
        for act in (documents, lambda path: files.check(config.Corpus(name="a", train=[path.name]), tmp_path)):
            with pytest.raises(InputError) as caught:
                act(path)
            assert str(caught.value).startswith(f"{path}: ")
            assert words in str(caught.value)
            assert "\n" not in str(caught.value)


def test_other_bytes_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("text".encode("utf-16"))
    with pytest.raises(InputError, match="it looks like UTF-16; convert it to UTF-8"):
        list(documents(tmp_path / "a.txt"))
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(gzip.compress(b"text")))
    with pytest.raises(InputError, match="it is compressed twice"):
        list(documents(tmp_path / "a.txt.gz"))
    (tmp_path / "latin.txt").write_bytes("é".encode("latin-1"))
    for act in (documents, readers.check):
        with pytest.raises(InputError, match=r"latin\.txt: cannot be read as text .*: convert it to UTF-8"):
            act(tmp_path / "latin.txt")
    (tmp_path / "cut.txt").write_text("é" * content.HEAD)
    (tmp_path / "odd.txt").write_text("x" + "é" * content.HEAD)
    assert {readers.check(tmp_path / name) for name in ("cut.txt", "odd.txt")} == {"text"}
    (tmp_path / "late.txt").write_bytes(b"x" * content.HEAD + "é".encode("latin-1"))
    with pytest.raises(InputError, match=r"late\.txt: cannot be read as text .*: convert it to UTF-8"):
        list(documents(tmp_path / "late.txt"))


def test_parquet_without_its_suffix(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": ["one", "two"]}), tmp_path / "data")
    assert list(documents(tmp_path / "data")) == ["one", "two"]


PROSE = {
    "python.py": "import os, sys\nfrom a import b, c\n\nx = {'a': 1}\n",
    "dict.py": '{"a": 1}\nprint("this is a module")\n',
    "list.py": '["a", "b"]\n',
    "types.h": "int a, b;\nint c, d;\nint e, f;\n",
    "set.tex": "{\\bf Bold}, and so on,\n\\begin{document}\nText, here.\n",
    "cite.tex": "[1] A reference, 1999.\n[2] Another, 2001.\n",
    "poem.txt": "Roses are red,\nviolets are blue,\nsugar is sweet,\nand so are you,\n",
    "two-commas.txt": "one, two, three\nfour, five, six\nseven, eight, nine\n",
    "quotes.txt": '"Well," he said.\n"Indeed," she said.\n',
    "strings.txt": '"Well"\n"Indeed"\n',
    "brace.txt": "{so it began} and went on\n{again}\n",
    "json-in-prose.txt": '{"a": 1}\nis an object of JSON.\nIt has one key.\n',
    "list.md": "[link](a.md)\n\n- one\n- two\n",
    "table.md": "| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n",
    "story": "[The curtain rises.]\nHAMLET. Who is there?\n",
    "numbers.txt": "1,2,3\n4,5,6\n7,8,9\n",
    "tabs.py": "def f():\n\treturn 1\n\ndef g():\n\treturn 2\n",
    "one-address.md": "https://example.org\nis a site.\n",
    "magic.txt": "ORCs and BZh are words; PK is not.\n",
    "magic2.txt": "BZh9 is how it begins\n",
    "min.map": '{"version": 3, "sources": []}',
    "hash.txt": "d41d8cd98f00b204e9800998ecf8427e is a hash.\n",
    "stray.txt": "A zero byte \0 came in by mistake. " + "And the text goes on. " * 60,
    "unicode.txt": "«Où, quand?» — 日本語、テキスト\n",
}


@pytest.mark.parametrize("name", PROSE)
def test_prose_and_source_code_are_text(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, PROSE[name])
    assert list(documents(path)) == [PROSE[name]]
    assert readers.name(path) == "text"


def test_our_own_source_is_text() -> None:
    root = Path(content.__file__).parents[2]
    pages = [*root.rglob("probes/**/*.py"), *root.rglob("docs/*.md")]
    assert len(pages) > 80
    assert {content.look(page).kind for page in pages} == {"text"}


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("text".encode("utf-8-sig"))
    (tmp_path / "a.jsonl").write_bytes('{"text": "text"}'.encode("utf-8-sig"))
    assert [*documents(tmp_path / "a.txt"), *documents(tmp_path / "a.jsonl")] == ["text", "text"]


def test_a_format_that_is_said_is_taken(tmp_path: Path) -> None:
    path = write(tmp_path / "table.csv", TABLE)
    assert list(documents(path, format="text")) == [TABLE]
    with pytest.raises(InputError, match="row 1 is not JSON"):
        list(documents(path, format="jsonl"))
    corpus = config.Corpus(name="a", train=["table.csv"], format="text")
    files.check(corpus, tmp_path)
    assert files.contents(corpus, tmp_path)["sources"][0]["train"][0][0] == "text"
    assert [*files.read([path], corpus)] == [TABLE]


def test_without_zstd_the_pip_line_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.json.zst", LINES, ".zst")
    monkeypatch.setattr("probes.corpus.opening.pa.Codec", type("Codec", (), {"is_available": lambda name: False}))
    with pytest.raises(InputError, match=r"a\.json\.zst: this pyarrow cannot read zstd.*pip install"):
        list(documents(path))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tagged.conll", "The\tDT\ndog\tNN\nbarks\tVBZ\n"),
        ("words.txt", "dog\tHund\ncat\tKatze\nhouse\tHaus\n"),
        ("people.txt", "Smith,John\nJones,Mary\nBrown,Ann\n"),
        ("boot.s", "push\trbp\nmov\trsp\npop\trbp\n"),
        ("data.py", '[{"a": 1}]\nprint("a program")\n'),
    ],
)
def test_rows_without_a_header_and_programs_are_text(tmp_path: Path, name: str, text: str) -> None:
    assert list(documents(write(tmp_path / name, text, ""))) == [text]


def test_an_array_whose_first_record_is_long_is_one(tmp_path: Path) -> None:
    book = "word " * 30_000
    path = write(tmp_path / "books.txt", json.dumps([{"title": "a", "text": book}, {"text": "short"}]), "")
    assert list(documents(path)) == [book, "short"]
