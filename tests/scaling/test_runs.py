import numpy as np
import pandas as pd
import pytest

from scaling.errors import InputError
from scaling.runs import Runs, share, validate


def table(**changes: object) -> pd.DataFrame:
    """Two sizes, three ratios, two checkpoints each and a base row a size; both losses move as they should."""
    rows = []
    for params in (1e6, 3e6):
        rows.append({"params": params, "tokens": 0, "ratio": 0.5, "general_loss": 4.0, "domain_loss": 7.0})
        for ratio in (0.0, 0.5, 1.0):
            for tokens in (1e6, 2e6):
                row = {"params": params, "tokens": tokens, "ratio": ratio}
                rows.append(
                    {**row, "general_loss": 4 + ratio + tokens / 1e7, "domain_loss": 7 - 2 * ratio - tokens / 1e7}
                )
    return pd.DataFrame(rows).assign(**changes)


def test_a_good_table_has_nothing_to_say() -> None:
    runs = validate(table())
    assert runs.warnings == ()
    assert runs.corpora == ("general", "domain")
    assert runs.frame["run"].nunique() == 6
    assert list(runs.frame.index) == list(range(14))
    assert runs.frame[["run", "tokens"]].equals(runs.frame[["run", "tokens"]].sort_values(["run", "tokens"]))


def test_row_order_does_not_matter() -> None:
    shuffled = table().sample(frac=1, random_state=0)
    pd.testing.assert_frame_equal(validate(shuffled).frame, validate(table()).frame)


def test_the_frame_given_is_left_as_it_was() -> None:
    frame = table()
    before = frame.copy()
    validate(frame)
    pd.testing.assert_frame_equal(frame, before)


def test_rows_are_trained_rows_with_that_loss() -> None:
    frame = table()
    frame.loc[1, "domain_loss"] = np.nan
    runs = validate(frame)
    assert len(runs.rows("general")) == 12
    assert len(runs.rows("domain")) == 11
    with pytest.raises(InputError, match="corpus 'music' is unknown"):
        runs.rows("music")


def test_base_losses_from_rows_at_tokens_zero() -> None:
    base = validate(table(general_loss_se=0.02)).base("general")
    assert base.to_dict("list") == {"params": [1e6, 3e6], "loss": [4.0, 4.0], "se": [0.02, 0.02]}


def test_base_losses_from_a_column() -> None:
    frame = table(base_general_loss=3.9)
    runs = validate(frame[frame["tokens"] > 0])
    assert runs.base("general")["loss"].tolist() == [3.9, 3.9]
    assert runs.base("general")["se"].isna().all()
    assert runs.base("domain").empty
    assert not any("no base losses" in warning for warning in runs.warnings)


def test_repeated_base_rows_are_averaged() -> None:
    frame = table(run=[f"r{i // 7}-{max(0, (i % 7 - 1) // 2)}" for i in range(14)])
    extra = pd.DataFrame([{"params": 1e6, "tokens": 0, "ratio": 0.0, "general_loss": 4.2, "run": "other seed"}])
    assert validate(pd.concat([frame, extra])).base("general")["loss"].tolist() == pytest.approx([4.1, 4.0])


def test_seed_and_domain_make_runs() -> None:
    frame = pd.concat([table(seed=0), table(seed=1)])
    runs = validate(frame)
    assert runs.frame["run"].nunique() == 12
    assert "params=1000000-ratio=0.5-seed=1" in set(runs.frame["run"])


def test_a_run_column_is_kept_as_text() -> None:
    frame = table()[1:3].assign(run=[3.0, 3.0])
    assert validate(frame).frame["run"].tolist() == ["3", "3"]


def test_other_columns_are_kept() -> None:
    assert validate(table(note="x")).frame["note"].eq("x").all()


def test_select_keeps_source_and_finds_anew() -> None:
    runs = validate(table(), "a.csv")
    small = runs.select(runs.frame["params"] < 2e6)
    assert isinstance(small, Runs)
    assert small.source == "a.csv"
    assert len(small.frame) == 7
    assert any("only one model size" in warning for warning in small.warnings)


def test_share_is_that_of_the_corpus() -> None:
    assert share("domain", 0.3) == pytest.approx(0.3)
    np.testing.assert_allclose(share("general", [0.3, 1.0]), [0.7, 0.0])


@pytest.mark.parametrize(
    ("row", "column", "value", "said"),
    [
        (3, "params", 0, "must be greater than 0"),
        (3, "params", np.nan, "is empty"),
        (3, "tokens", -1, "must not be negative"),
        (3, "ratio", 1.5, "outside 0..1"),
        (3, "ratio", -0.1, "outside 0..1"),
        (3, "general_loss", 0.0, "must be greater than 0"),
        (3, "general_loss", -3.0, "must be greater than 0"),
        (3, "general_loss", 3e200, "is no loss in nats per token"),
        (3, "general_loss", np.inf, "not finite"),
        (3, "domain_loss", -np.inf, "not finite"),
        (3, "ratio", np.inf, "not finite"),
    ],
)
def test_bad_cells_name_file_row_and_column(row: int, column: str, value: float, said: str) -> None:
    frame = table().astype({"tokens": float})
    frame.loc[row, column] = value
    with pytest.raises(InputError) as error:
        validate(frame, "my.csv")
    text = str(error.value)
    assert text.startswith(f"my.csv: row {row + 1}, column {column}: ")
    assert said in text
    assert "\n" not in text


def test_the_first_bad_row_is_the_one_named() -> None:
    frame = table()
    frame.loc[9, "general_loss"] = -1
    frame.loc[4, "domain_loss"] = -1
    with pytest.raises(InputError, match="row 5, column domain_loss"):
        validate(frame)


def test_percentages_are_recognised() -> None:
    with pytest.raises(InputError, match=r"column ratio: 50 is outside 0\.\.1 and looks like a percentage"):
        validate(table(ratio=table()["ratio"] * 100))


@pytest.mark.parametrize("word", ["many", "7B", "nan", "NaN", "1,5", True, [1]])
def test_words_in_number_columns(word: object) -> None:
    frame = table().astype({"general_loss": object})
    frame.at[2, "general_loss"] = word
    with pytest.raises(InputError, match=r"row 3, column general_loss: .* is not a number"):
        validate(frame)


def test_numbers_written_as_text_are_numbers() -> None:
    frame = table().astype(str)
    assert validate(frame).frame["general_loss"].dtype == np.float64


def test_a_table_without_ratios_is_for_a_law_that_does_not_look_at_them() -> None:
    frame = table()[lambda t: (t["ratio"] == 0.5) | (t["tokens"] == 0)].drop(columns="ratio")
    runs = validate(frame)
    assert runs.frame["ratio"].isna().all()
    assert any("no column ratio" in warning for warning in runs.warnings)


@pytest.mark.parametrize("column", ["params", "tokens", "ratio"])
def test_missing_columns(column: str) -> None:
    with pytest.raises(InputError, match=f"column {column} is missing"):
        validate(table().drop(columns=column))


def test_a_table_without_losses() -> None:
    with pytest.raises(InputError, match="general_loss and domain_loss are both missing"):
        validate(table().drop(columns=["general_loss", "domain_loss"]))


def test_a_row_without_losses() -> None:
    frame = table()
    frame.loc[5, ["general_loss", "domain_loss"]] = np.nan
    with pytest.raises(InputError, match="row 6: no loss was measured"):
        validate(frame)


def test_no_rows_and_only_base_rows() -> None:
    with pytest.raises(InputError, match="no rows"):
        validate(table()[:0])
    with pytest.raises(InputError, match="column tokens is 0 in every row"):
        validate(table()[:1])


def test_duplicate_checkpoints_name_both_rows() -> None:
    frame = pd.concat([table(), table()[5:6].assign(general_loss=9.0)])
    with pytest.raises(InputError, match=r"rows 6 and 15 are the same checkpoint \(column run params=1000000-ratio=1"):
        validate(frame, "my.csv")


def test_exact_copies_are_left_out_with_a_warning() -> None:
    runs = validate(pd.concat([table(), table()[5:7]]))
    assert len(runs.frame) == 14
    assert runs.warnings == ("2 rows are copies of others and were left out",)


def test_a_column_twice() -> None:
    frame = table()
    frame.columns = ["params", "tokens", "ratio", "general_loss", "general_loss"]
    with pytest.raises(InputError, match="column general_loss appears twice"):
        validate(frame)


def test_swapped_corpora_are_noticed() -> None:
    swapped = table().rename(columns={"general_loss": "domain_loss", "domain_loss": "general_loss"})
    assert any("look swapped" in warning for warning in validate(swapped).warnings)
    share_given = table().assign(ratio=1 - table()["ratio"])
    assert any("ratio is the general share" in warning for warning in validate(share_given).warnings)


@pytest.mark.parametrize(
    ("mask", "said"),
    [
        ("params < 2e6", "only one model size"),
        ("ratio == 0.5", "only one ratio"),
        ("tokens > 0", "no base losses"),
        ("params < 2e6 and ratio == 1", "only one run"),
    ],
)
def test_soft_findings(mask: str, said: str) -> None:
    assert any(said in warning for warning in validate(table().query(mask)).warnings)


def test_soft_findings_about_columns() -> None:
    assert any("several domains (a, b)" in w for w in validate(table(domain=["a", "b"] * 7)).warnings)
    assert any("no domain loss" in w for w in validate(table().drop(columns="domain_loss")).warnings)
    mixed = table(run=["base", *["x"] * 2, *(f"r{i}" for i in range(11))])
    mixed.loc[2, "ratio"] = 0.7
    assert any("run x has 2 values of ratio" in w for w in validate(mixed).warnings)


def test_names_that_are_lists_are_refused() -> None:
    frame = pd.DataFrame({"params": [1e8], "tokens": [1e9], "ratio": [0.5], "general_loss": [3.0], "domain": [["a"]]})
    with pytest.raises(InputError, match="row 1, column domain"):
        validate(frame)


def test_a_number_too_large_for_a_float_is_refused() -> None:
    frame = pd.DataFrame({"params": [10**400], "tokens": [1e9], "ratio": [0.5], "general_loss": [3.0]}, dtype=object)
    with pytest.raises(InputError, match="column params"):
        validate(frame)


def test_finished_runs_are_within_a_percent_of_the_longest() -> None:
    rows = [(1e8, tokens, 0.1 * i, 3.0) for i, last in enumerate((1000, 995, 500)) for tokens in (100, last)]
    runs = validate(pd.DataFrame(rows, columns=["params", "tokens", "ratio", "general_loss"]))
    assert runs.finished("general")["tokens"].tolist() == [1000, 995]


@pytest.mark.parametrize("column", ["general_change_se", "domain_change_se"])
def test_errors_of_changes_are_numbers_that_are_not_negative(column: str) -> None:
    assert validate(table(**{column: ["", *["0.01"] * 13]})).frame[column].isna().sum() == 1
    with pytest.raises(InputError, match=f"row 1, column {column}: -0.01 must not be negative"):
        validate(table(**{column: -0.01}))
