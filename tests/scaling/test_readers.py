import gzip
import json
from pathlib import Path

import pandas as pd
import pytest

from scaling.errors import InputError
from scaling.readers import is_table, load_runs, suffixes

CSV = "params,tokens,ratio,general_loss,domain_loss\n1e6,0,0.5,4,7\n1e6,1e6,0.5,4.1,5\n1e6,2e6,0.5,4.2,\n"
PUBLISHED = Path(__file__).parents[2] / "data" / "published"


def load(folder: Path, name: str, content: str | bytes) -> pd.DataFrame:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return load_runs(path).frame


def failure(folder: Path, name: str, content: str | bytes) -> str:
    with pytest.raises(InputError) as error:
        load(folder, name, content)
    text = str(error.value)
    assert text.startswith(f"{name}: ")
    assert "\n" not in text
    return text


def test_formats_agree(tmp_path: Path) -> None:
    expected = load(tmp_path, "a.csv", CSV)
    frame = pd.read_csv(tmp_path / "a.csv")
    records = [{key: value for key, value in row.items() if value == value} for row in frame.to_dict("records")]
    lines = "\n".join(json.dumps(record) for record in records)
    frame.to_parquet(tmp_path / "b.parquet")
    for found in (
        load(tmp_path, "a.jsonl", lines + "\n\n"),
        load(tmp_path, "a.tsv", CSV.replace(",", "\t")),
        load(tmp_path, "a.csv.gz", gzip.compress(CSV.encode())),
        load(tmp_path, "A.CSV", "\ufeff" + CSV),
        load(tmp_path, "spaces.csv", CSV.replace(",", " , ")),
        load(tmp_path, "crlf.csv", CSV.replace("\n", "\r\n")),
        load_runs(str(tmp_path / "b.parquet")).frame,
        load_runs(frame).frame,
    ):
        pd.testing.assert_frame_equal(found, expected)


def test_suffixes_come_from_the_files_there() -> None:
    assert {".csv", ".tsv", ".jsonl", ".parquet"} <= set(suffixes())
    assert is_table("RUNS.CSV")
    assert not is_table("fit.json")


def test_csv_rows_are_lines_of_the_file(tmp_path: Path) -> None:
    text = CSV.replace("\n1e6,1e6", "\n\n1e6,1e6").replace("4.2", "-4.2")
    assert "row 5, column general_loss" in failure(tmp_path, "a.csv", text)


def test_jsonl_rows_are_lines_of_the_file(tmp_path: Path) -> None:
    good = '{"params": 1e6, "tokens": 1e6, "ratio": 0.5, "general_loss": 4}'
    bad = good.replace("4}", "NaN}")
    assert "row 3, column general_loss: 'NaN' is not a number" in failure(tmp_path, "a.jsonl", f"{good}\n\n{bad}\n")
    assert "row 2 is not JSON" in failure(tmp_path, "a.jsonl", good + "\n{...}\n")
    assert "row 2 is not a JSON object" in failure(tmp_path, "a.jsonl", good + "\n[1]\n")
    nothing = load(
        tmp_path, "a.jsonl", good + "\n" + good.replace("4}", 'null, "domain_loss": 3}').replace("0.5", "0.6")
    )
    assert nothing["general_loss"].isna().sum() == 1


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.csv", "", "empty"),
        ("empty.jsonl", "\n\n", "empty"),
        ("empty.parquet", b"", "empty"),
        ("blank.csv", "\n\n", "no header"),
        ("head.csv", "params,tokens,ratio,general_loss\n", "no rows"),
        ("no_ratio.csv", "params,tokens,general_loss\n1e8,1e9,3\n1e8,1e9,3.5\n", "column ratio is missing"),
        ("text.csv", "params,tokens,ratio,general_loss\n1e8,many,0.5,3\n", "row 2, column tokens: 'many'"),
        ("suffix.csv", "params,tokens,ratio,general_loss\n7B,1e9,0.5,3\n", "row 2, column params: '7B'"),
        ("infinite.csv", "params,tokens,ratio,general_loss\n1e8,1e9,0.5,inf\n", "row 2, column general_loss: inf"),
        ("nan.csv", "params,tokens,ratio,general_loss\n1e8,1e9,0.5,nan\n", "leave a cell empty"),
        ("percent.csv", "params,tokens,ratio,general_loss\n1e8,1e9,50,3\n", "percentage"),
        ("long.csv", "params,tokens,ratio,general_loss\n1e8,1e9,0,3\n1e8,1e9,0.5,3,4\n", "row 3 has 5 cells"),
        ("first.csv", "params,tokens,ratio,general_loss\n1e8,1e9,0,3,4\n", "more cells than the header"),
        ("other.csv", "hello\nworld\n", "column params is missing"),
        ("binary.csv", b"\xff\xfe\x00\x01", "not text"),
        ("binary.jsonl", b"\xff\xfe\x00\x01", "not text"),
        ("cut.parquet", b"PAR1xxxx", "not a parquet file"),
        ("runs.xlsx", b"PK", "unknown kind of table"),
        ("cut.csv.gz", gzip.compress(CSV.encode(), mtime=0)[:20], "cut"),
    ],
)
def test_bad_files_get_one_sentence(tmp_path: Path, name: str, content: str | bytes, said: str) -> None:
    assert said in failure(tmp_path, name, content)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        load_runs(tmp_path / "none.csv")
    with pytest.raises(InputError, match="folder"):
        load_runs(tmp_path)


def test_the_published_run_table_loads() -> None:
    runs = load_runs(PUBLISHED / "dcpt_table5_chemistry.csv")
    assert len(runs.frame) == 7
    assert runs.base("general")["loss"].tolist() == pytest.approx([2.8602])
    assert runs.warnings == ("only one model size: nothing can be said about other sizes",)
