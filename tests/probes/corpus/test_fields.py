import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from probes.corpus import documents
from scaling.errors import InputError

ROWS = [
    {"id": 1, "content": "some text", "meta": {"text": "one", "page": {"body": "deep"}}},
    {"id": 2, "content": "more text", "meta": {"text": "two", "page": {"body": "deeper"}}},
]


def saved(folder: Path, rows: list[dict[str, object]]) -> list[Path]:
    """The same rows in every format that has fields."""
    table = pa.Table.from_pylist(rows)
    (folder / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "a.json").write_text(json.dumps(rows, indent=1))
    pq.write_table(table, folder / "a.parquet")
    (folder / "saved").mkdir()
    with pa.OSFile(str(folder / "saved" / "data.arrow"), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    (folder / "saved" / "state.json").write_text(json.dumps({"_data_files": [{"filename": "data.arrow"}]}))
    return [folder / name for name in ("a.jsonl", "a.json", "a.parquet", "saved")]


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("text", "has no field 'text'; it has id, content, meta: name one with `field`"),
        ("meta.body", "has no field 'meta.body'; its 'meta' has text, page: name one with `field`"),
        ("meta.page.x", "has no field 'meta.page.x'; its 'meta.page' has body: name one with `field`"),
        ("id.x", "has no field 'id.x'; its 'id' is not an object with fields: name another with `field`"),
    ],
)
def test_every_reader_says_the_same_of_a_field_that_is_not_there(tmp_path: Path, field: str, words: str) -> None:
    for path in saved(tmp_path, ROWS):
        with pytest.raises(InputError) as caught:
            list(documents(path, field))
        row = "" if path.suffix in ("", ".parquet") else " row 1"
        file = path / "data.arrow" if path.name == "saved" else path
        assert str(caught.value) == f"{file}:{row} {words}"


@pytest.mark.parametrize(
    ("field", "texts"),
    [("content", ["some text", "more text"]), ("meta.text", ["one", "two"]), ("meta.page.body", ["deep", "deeper"])],
)
def test_every_reader_looks_into_what_is_nested(tmp_path: Path, field: str, texts: list[str]) -> None:
    for path in saved(tmp_path, ROWS):
        assert list(documents(path, field)) == texts


def test_a_field_of_that_very_name_comes_first(tmp_path: Path) -> None:
    for path in saved(tmp_path, [{"meta.text": "own", "meta": {"text": "nested"}}]):
        assert list(documents(path, "meta.text")) == ["own"]


def test_a_nested_text_that_is_missing_is_named(tmp_path: Path) -> None:
    rows = [{"meta": {"text": "one"}}, {"meta": None}, {"meta": {"text": None}}]
    for path in saved(tmp_path, rows):
        with pytest.raises(InputError, match=r"row 2"):
            list(documents(path, "meta.text"))


def test_many_fields_are_not_all_listed(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({f"key{i}": i for i in range(50)}))
    with pytest.raises(InputError, match=r"key18, key19 and 30 more: name one"):
        list(documents(tmp_path / "a.jsonl"))
