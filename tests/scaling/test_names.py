import re
from pathlib import Path

import pandas as pd
import pytest

from scaling import load_runs
from scaling.errors import InputError
from scaling.runs import validate


def table(trunk: list[object], run: list[object] | None = None) -> pd.DataFrame:
    names = run or [f"r{i}" for i in range(len(trunk))]
    frame = pd.DataFrame({"params": 1e6, "tokens": 1e6, "ratio": 0.5, "general_loss": 3.0, "run": names})
    return frame.assign(trunk=trunk)


def test_empty_cells_are_no_trunk(tmp_path: Path) -> None:
    assert validate(table([None, "", float("nan"), " ", "r0"])).frame["trunk"].tolist() == [None] * 4 + ["r0"]
    assert validate(table([None, None])).frame["trunk"].tolist() == [None, None]
    frame = validate(table([None, "r0"])).frame
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_parquet(tmp_path / "a.parquet")
    frame.to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    for name in ("a.csv", "a.parquet", "a.jsonl"):
        pd.testing.assert_frame_equal(load_runs(tmp_path / name, stage="all").frame, frame)


def test_numbers_are_names_as_in_the_column_run() -> None:
    frame = validate(table([float("nan"), 3.0], run=[3, 4])).frame
    assert frame[["run", "trunk"]].to_numpy().tolist() == [["3", None], ["4", "3"]]


@pytest.mark.parametrize(
    ("trunk", "run", "said"),
    [
        ([None, "r1"], None, "row 2, column trunk: the run r1 names itself"),
        ([None, "r2", "r0"], None, "row 2, column trunk: r2 is itself a branch of r0"),
        ([None, "r0", None], ["r0", "r1", "r1"], "row 3, column trunk: the run r1 has another value in another row"),
        ([None, None, "r0"], ["r0", "r1", "r1"], "row 3, column trunk: the run r1 has another value in another row"),
        (["x", ["r0"]], None, "row 2, column trunk: the cell is a list"),
    ],
)
def test_names_that_cannot_be(trunk: list[object], run: list[object] | None, said: str) -> None:
    frame = table(trunk, run).assign(tokens=[1e6 * (i + 1) for i in range(len(trunk))])
    with pytest.raises(InputError) as error:
        validate(frame, "my.csv")
    assert str(error.value).startswith(f"my.csv: {said}")
    assert "\n" not in str(error.value)


def test_trunks_need_named_runs() -> None:
    with pytest.raises(InputError, match="row 2, column trunk: it names a run, so the table needs a column run"):
        validate(table([None, "r0"]).drop(columns="run").assign(ratio=[0.1, 0.2]))
    assert validate(table([None, None]).drop(columns="run").assign(ratio=[0.1, 0.2])).frame["trunk"].isna().all()


def test_the_public_names_have_types_and_documents() -> None:
    """`__init__.pyi` says what `__init__.py` loads, name for name."""
    import scaling

    stub = Path(scaling.__file__).with_suffix(".pyi").read_text(encoding="utf-8")
    listed = re.findall(r"^from ([\w.]+) import (\w+) as \2$", stub, re.MULTILINE)
    loaded = [(module, name) for module, names in scaling._WHERE.items() for name in names]
    assert sorted(listed) == sorted([*loaded, ("scaling", "plot")])
    for name in scaling.__all__:
        assert getattr(scaling, name).__doc__
