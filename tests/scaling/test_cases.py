"""Small inputs shaped like people's tables, by kind of mistake: `pytest tests/scaling/test_cases.py --collect-only -q` lists
them. Each kind is a class; random designs of whole sweeps are in test_designs.py, corpora in tests/probes."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import scaling
from scaling.cli import main

World = Callable[..., pd.DataFrame]
TARGET = ("--params", "3e7", "--tokens", "1e8")


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """ask(table, command, *options): what the command prints of the table as JSON; nothing else may be printed."""

    def asked(table: pd.DataFrame | str | Path, command: str, *options: str, name: str = "runs.csv") -> dict[str, Any]:
        path = table if isinstance(table, Path) else tmp_path / name
        if isinstance(table, pd.DataFrame):
            table.to_csv(path, index=False)
        elif isinstance(table, str):
            path.write_text(table)
        code = main([command, str(path), *options, "--json"])
        printed, said = capsys.readouterr()
        assert (code, said) == (0, "")
        found: dict[str, Any] = json.loads(printed)
        return found

    return asked


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """refused(path, command, *options): the one sentence with which the command ends."""

    def asked(path: Path, command: str, *options: str) -> str:
        assert main([command, str(path), *options]) == 2
        printed, said = capsys.readouterr()
        assert printed == ""
        assert said.count("\n") == 1
        return said

    return asked


def ratio_of(plan: dict[str, Any]) -> float:
    assert plan["status"] == "ok", plan["warnings"]
    return float(plan["critical_ratio"]["value"])


def noted(found: dict[str, Any], *parts: str) -> bool:
    return any(all(part in note for part in parts) for note in found["warnings"])


class TestCountsThatDifferByRounding:
    def test_cpt_as_a_fixed_share_of_the_base(self, ask: Any, forgetting_world: World) -> None:
        """Tokens in units of a batch: the share varies by 0.2 %, and identifies nothing."""
        sizes, seen = (1e6, 3e6, 1e7), (4e8, 4.5e8, 1e9)
        parts = [
            forgetting_world(1e-3, (n,), (b / n,), (0.33, 0.5, 0.67), (0.2 * b,))
            for n, b in zip(sizes, seen, strict=True)
        ]
        exact = pd.concat(parts, ignore_index=True)
        rounded = exact.assign(
            tokens=(exact["tokens"] / 2.5e5).round() * 2.5e5 * np.where(exact["params"] == 3e6, 1.001, 1.0)
        )
        ours, theirs = (ask(one, "plan", "--params", "3e7", "--tokens", "3e8") for one in (rounded, exact))
        assert ratio_of(ours) == pytest.approx(ratio_of(theirs), abs=0.005)
        assert noted(ours, "g not fitted", "one ratio of CPT to base tokens")
        assert noted(ours, "CPT is 0.2 to 0.2002 of the base's tokens")
        assert not noted(theirs, "CPT is")

    def test_runs_that_end_a_batch_apart(self, ask: Any, forgetting_world: World) -> None:
        exact = forgetting_world(1e-3, (3e7,), (400.0,), tokens=(1e8,))
        ends = 1e8 * (1 + 1e-3 * np.array([0, 0.0, 1.5, -1.0, 0.6, 1.2, -0.4, 0.9]))
        near = exact.assign(tokens=np.where(exact["tokens"] > 0, ends, 0.0))
        ours, theirs = (ask(one, "plan", *TARGET) for one in (near, exact))
        assert ratio_of(ours) == pytest.approx(ratio_of(theirs), abs=0.003)
        assert noted(ours, "final token counts within 1 % count as one")

    def test_a_base_under_its_nominal_size(self, ask: Any, forgetting_world: World) -> None:
        exact = forgetting_world(1e-3)
        nominal = exact.assign(params=exact["params"] * np.where(exact["tokens"] > 0, 1.006, 1.0))
        ours, theirs = (ask(one, "plan", *TARGET) for one in (nominal, exact))
        assert ours["law"] == "forgetting"
        assert ratio_of(ours) == pytest.approx(ratio_of(theirs), abs=0.005)
        assert noted(ours, "sizes within 1 % count as one", "1M to 1.006M")
        assert ask(nominal, "check")["base"]["general"][0]["params"] == 1.006e6

    def test_fits_use_what_was_logged(self, forgetting_world: World) -> None:
        frame = forgetting_world(1e-3)
        frame["params"] *= np.where(frame["ratio"] > 0.5, 1.008, 1.0)
        runs = scaling.load_runs(frame)
        assert runs.frame["params"].nunique() == 3
        assert scaling.fit(runs, "dcpt", draws=0).general.ranges["params"] == pytest.approx((1e6, 1.008e7))

    def test_a_group_spans_a_percent_and_never_chains(self, forgetting_world: World) -> None:
        frame = forgetting_world(0.0)
        frame["params"] *= 1 + 0.006 * np.searchsorted([0.1, 0.5], frame["ratio"])
        assert scaling.load_runs(frame).frame["params"].nunique() == 6

    def test_ratios_are_never_joined(self, ask: Any, forgetting_world: World) -> None:
        close = forgetting_world(1e-3, ratios=(0.5, 0.9, 0.99, 0.995, 1.0))
        assert ask(close, "check")["ratios"] == [0.5, 0.9, 0.99, 0.995, 1.0]
        dense = forgetting_world(1e-3, (3e7,), (400.0,), tokens=(9.9e7, 9.95e7, 1e8))
        fit = ask(dense, "fit", "--law", "dcpt", "--draws", "0")
        assert "beta" in fit["general"]["parameters"]


class TestNumbersThatNoModelCanHave:
    @pytest.mark.parametrize("unit", [1e6, 1e9])
    def test_sizes_and_tokens_in_other_units(self, ask: Any, forgetting_world: World, unit: float) -> None:
        frame = forgetting_world(1e-3)
        counts = frame.assign(
            params=frame["params"] / unit, tokens=frame["tokens"] / unit, base_tokens=frame["base_tokens"] / unit
        )
        plan = ask(counts, "plan", *TARGET)
        assert plan["status"] == "not_identified"
        assert plan["critical_ratio"]["value"] is None
        assert noted(plan, "in another unit")
        assert noted(ask(counts, "check"), "sizes are numbers of parameters")
        assert noted(ask(counts, "check"), "write numbers of tokens")
        assert noted(ask(counts, "limited", "--params", "3e7", "--domain-tokens", "1e8"), "in another unit")

    def test_a_target_that_is_meant(self, ask: Any, forgetting_world: World) -> None:
        table, target = forgetting_world(1e-3), ("--params", "7e10", "--tokens", "1e8")
        assert ask(table, "plan", *target)["status"] == "not_identified"
        assert ask(table, "plan", *target, "--far")["status"] != "not_identified"
        assert (
            ask(table, "plan", "--params", "1e7", "--tokens", "1e8", "--base-tokens", "1e13")["status"]
            == "not_identified"
        )

    def test_a_loss_below_nothing(self, ask: Any, forgetting_world: World, tmp_path: Path) -> None:
        frame, fit = forgetting_world(1e-4, per_param=(100.0, 33.0, 10.0)), str(tmp_path / "fit.json")
        gain = 0.8 * np.log1p(frame["tokens"] / frame["base_tokens"]) - 0.01 * frame["ratio"]
        falling = frame.assign(general_loss=frame.groupby("params")["general_loss"].transform("first") - gain)
        ask(falling, "fit", "--law", "forgetting", "--draws", "5", "--out", fit)
        where = ("--params", "1e7", "--tokens", "9e10")
        plan = ask(Path(fit), "plan", *where)
        assert plan["status"] == "not_identified"
        assert noted(plan, "the law gives a general loss of -", "which no model has")
        assert plan["general_loss"]["value"] is None
        predicted = ask(Path(fit), "predict", *where, "--ratio", "0.5")
        assert predicted["general_loss"] == {"value": None, "low": None, "high": None}
        assert noted(predicted, "the law gives a general loss of -", "which no model has")
        rows = ask(Path(fit), "tradeoff", *where)["rows"]
        assert all(row["general_loss"]["value"] is None for row in rows)

    def test_perplexities(self, ask: Any, forgetting_world: World) -> None:
        frame = forgetting_world(1e-3)
        frame = frame.assign(general_loss=np.exp(frame["general_loss"]), domain_loss=np.exp(frame["domain_loss"]))
        assert noted(ask(frame, "check"), "look like perplexities")
        assert noted(ask(frame, "plan", *TARGET), "look like perplexities")

    def test_one_run_that_diverged(self, ask: Any, forgetting_world: World) -> None:
        frame = forgetting_world(1e-3)
        frame.loc[len(frame) - 1, "general_loss"] = 14.0
        assert noted(ask(frame, "check"), "leave out a run that has diverged")

    def test_ends_of_an_interval_are_losses_too(self, ask: Any, forgetting_world: World) -> None:
        frame = forgetting_world(1e-3)
        base = frame["tokens"] == 0
        odd = frame.assign(general_loss=frame["general_loss"].where(~base, np.exp(frame["general_loss"])))
        plan = ask(odd, "plan", *TARGET)
        assert noted(plan, "general_loss is up to", "look like perplexities")
        ends = [plan[name][end] for name in ("general_loss", "base_general_loss") for end in ("low", "high")]
        assert all(end is None or 0 <= end <= 50 for end in ends)

    @pytest.mark.parametrize("column", ["tokens", "base_tokens"])
    def test_one_run_or_size_in_other_units(self, ask: Any, forgetting_world: World, column: str) -> None:
        frame = forgetting_world(1e-3)
        odd = (frame["params"] == 3e6) & (frame["ratio"] == 0.5) & (frame["tokens"] > 0)
        frame[column] = frame[column].mask(odd, frame[column] / 1e9)
        assert noted(ask(frame, "check"), f"{column} is", "write numbers of tokens")


class TestSizesWithAndWithoutAnInterval:
    def test_a_size_that_cannot_be_fitted_does_not_end_the_link(self, ask: Any, forgetting_world: World) -> None:
        frame = forgetting_world(1e-3)
        poor = (frame["params"] == 3e6) & (frame["tokens"] > 0) & ((frame["ratio"] != 0.5) | (frame["tokens"] < 6e7))
        plan = ask(frame[~poor], "plan", *TARGET, "--route", "link")
        assert plan["status"] == "ok"
        assert noted(plan, "at 3M params: not in the link, as 2 rows of")
        own = ask(frame[~poor], "plan", "--params", "3e6", "--tokens", "1e8", "--route", "link")
        assert noted(own, "at 3M params: not in the link")  # the size itself is asked for, and the others answer

    @pytest.mark.parametrize("option", [("--route", "link"), ("--definition", "cmr")])
    def test_three_sizes_by_three_ratios(
        self, ask: Any, forgetting_world: World, forgetting_ratio: Any, option: tuple[str, str]
    ) -> None:
        frame = forgetting_world(2e-3, ratios=(0.25, 0.5, 0.75))
        frame = frame[(frame["params"] != 1e6) | frame["tokens"].isin([0, 2e7, 1e8])]  # fewer checkpoints at one size
        plan = ask(frame, "plan", *TARGET, *option)
        if option[1] == "link":
            assert ratio_of(plan) == pytest.approx(forgetting_ratio(3e7, 1e8, 3e9), abs=0.2)
        assert plan["warnings"]

    def test_a_fixed_share_of_the_base_is_compared_at_that_share(self, ask: Any, forgetting_world: World) -> None:
        parts = [
            forgetting_world(5e-4, (n,), (100.0,), (0.25, 0.5, 0.75), tuple(20 * n * np.linspace(0.1, 1, 6)))
            for n in (1e6, 4e6, 1.6e7)
        ]
        table = pd.concat(parts, ignore_index=True)
        link, law = (
            ask(table, "plan", "--params", "6.4e7", "--tokens", "1.28e9", "--route", r) for r in ("link", "law")
        )
        assert noted(link, "sizes answer at equal CPT over base tokens")
        assert ratio_of(link) == pytest.approx(ratio_of(law), abs=0.06)


class TestAnswersThatDependOnNames:
    def test_a_run_of_base_and_end_whose_name_comes_last(self, ask: Any, forgetting_world: World) -> None:
        frame = forgetting_world(1e-3)
        last = frame["ratio"].eq(0.5) & frame["params"].eq(1e7) & frame["tokens"].between(1, 9.9e7)
        frame = frame[~last]
        only = frame["ratio"].eq(0.5) & frame["params"].eq(1e7) & frame["tokens"].gt(0)
        answers = [ask(frame.assign(run=frame["run"].mask(only, name)), "plan", *TARGET) for name in ("zz", "00")]
        assert answers[0] == answers[1]
        assert ratio_of(answers[0]) > 0


class TestRowsThatCompleteOrRepeatEachOther:
    def test_the_two_losses_in_two_rows(self, ask: Any, forgetting_world: World) -> None:
        frame = forgetting_world(1e-3)
        split = pd.concat([frame.assign(domain_loss=np.nan), frame.assign(general_loss=np.nan)])
        plan, whole = ask(split, "plan", *TARGET), ask(frame, "plan", *TARGET)
        assert plan["critical_ratio"] == pytest.approx(whole["critical_ratio"])
        assert noted(plan, "had their losses in several rows")

    def test_an_evaluation_that_was_repeated(self, ask: Any, forgetting_world: World) -> None:
        frame = forgetting_world(1e-3).assign(eval_runtime=11.5)
        copy = frame[20:21].assign(eval_runtime=12.5)
        check = ask(pd.concat([frame, copy]), "check")
        assert check["rows"] == len(frame)
        assert noted(check, "1 row is a copy of another", "eval_runtime")
        again = copy.assign(general_loss=copy["general_loss"] + 4e-4)
        runs = scaling.load_runs(pd.concat([frame, again]))
        assert any("differs by up to 0.0004 nats" in note for note in runs.warnings)
        kept = runs.frame[(runs.frame["run"] == copy["run"].iloc[0]) & (runs.frame["tokens"] == copy["tokens"].iloc[0])]
        assert kept["general_loss"].tolist() == again["general_loss"].tolist()

    def test_two_runs_under_one_name(self, refused: Any, forgetting_world: World, tmp_path: Path) -> None:
        frame = forgetting_world(1e-3)
        frame["run"] = frame["run"].mask(frame["ratio"] == 0.25, frame["params"].map("{:g}-0.5".format))
        frame.to_csv(tmp_path / "runs.csv", index=False)
        said = refused(tmp_path / "runs.csv", "check")
        assert "are the same checkpoint" in said
        assert "two values of ratio" in said

    def test_a_base_without_a_ratio(self, ask: Any, forgetting_world: World) -> None:
        frame = forgetting_world(1e-3)
        blank = frame.assign(ratio=frame["ratio"].mask(frame["tokens"] == 0))
        assert ask(blank, "plan", *TARGET) == ask(frame, "plan", *TARGET)
        assert ask(blank.drop(columns="run"), "check")["base"]["general"] == ask(frame, "check")["base"]["general"]

    def test_a_trained_row_without_a_ratio(self, refused: Any, forgetting_world: World, tmp_path: Path) -> None:
        frame = forgetting_world(1e-3)
        frame.assign(ratio=frame["ratio"].mask(frame.index == 7)).to_csv(tmp_path / "runs.csv", index=False)
        assert "row 9, column ratio: the cell is empty" in refused(tmp_path / "runs.csv", "check")

    def test_bases_that_share_a_name_or_have_none(self, ask: Any, forgetting_world: World) -> None:
        frame = forgetting_world(1e-3, (1e7, 1.03e7, 1.06e7))
        whole = ask(frame, "check")["base"]
        for name in ("base", None):
            shared = frame.assign(run=frame["run"].mask(frame["tokens"] == 0, name))
            assert ask(shared, "check")["base"] == whole

    def test_a_mixture_as_the_name_of_runs(self, refused: Any, forgetting_world: World, tmp_path: Path) -> None:
        frame = forgetting_world(1e-3, (1e7, 1.03e7, 1.06e7))
        frame["run"] = frame["ratio"].map("mix{}".format)
        frame.to_csv(tmp_path / "runs.csv", index=False)
        assert "with two values of params; name each run apart" in refused(tmp_path / "runs.csv", "check")

    def test_two_seeds_under_one_name(self, refused: Any, forgetting_world: World, tmp_path: Path) -> None:
        frame = forgetting_world(1e-3)
        trained = frame["tokens"] > 0
        again = frame[trained].assign(general_loss=frame["general_loss"] + 0.004)
        pd.concat([frame, again]).to_csv(tmp_path / "runs.csv", index=False)
        assert "runs that were repeated need a column run or seed" in refused(tmp_path / "runs.csv", "check")

    def test_a_base_that_was_evaluated_twice(self, ask: Any, forgetting_world: World) -> None:
        frame = forgetting_world(1e-3)
        again = frame[frame["tokens"] == 0].assign(general_loss=lambda t: t["general_loss"] + 0.03)
        plans = [ask(pd.concat(two), "plan", *TARGET) for two in ([frame, again], [again, frame])]
        assert plans[0]["critical_ratio"] == pytest.approx(plans[1]["critical_ratio"])
        assert noted(plans[0], "base general losses at 1M params differ by 0.03 nats")

    def test_base_losses_in_a_column_for_some_sizes(self, ask: Any, forgetting_world: World) -> None:
        frame = forgetting_world(1e-3)
        first = frame.groupby("params")["general_loss"].transform("first")
        column = frame.assign(base_general_loss=first)[(frame["tokens"] > 0) | (frame["params"] == 1e6)]
        plan, whole = ask(column, "plan", *TARGET), ask(frame, "plan", *TARGET)
        assert plan["critical_ratio"] == pytest.approx(whole["critical_ratio"])
        assert noted(
            ask(column.assign(base_general_loss=first + 0.3), "check"), "base general losses at 1M params differ"
        )

    def test_a_column_of_their_own_that_is_called_as_ours(self, ask: Any, forgetting_world: World) -> None:
        frame = forgetting_world(1e-3)
        for values in ("70M", 1.5e6):
            found = ask(frame.assign(params_as_logged=values), "plan", *TARGET)
            assert found["critical_ratio"] == ask(frame, "plan", *TARGET)["critical_ratio"]


class TestSeveralValuesOfWhatMustBeOne:
    @pytest.fixture
    def mixed(self, forgetting_world: World) -> pd.DataFrame:
        frame = forgetting_world(1e-3)
        bases = [frame.loc[frame["tokens"] == 0].assign(run=lambda t: t["run"] + "-b")]
        return pd.concat([frame, *bases], ignore_index=True)

    def test_bases_of_one_size(self, ask: Any, mixed: pd.DataFrame) -> None:
        other = mixed["run"].str.endswith("-b")
        far = mixed.assign(general_loss=mixed["general_loss"] + 0.4 * other)
        for command in (("check",), ("plan", *TARGET)):
            assert noted(ask(far, *command), "base general losses at 1M params differ by 0.4 nats")
        assert not noted(ask(mixed, "check"), "base general losses")
        unsure = mixed.assign(general_loss=mixed["general_loss"] + 0.02 * other, general_loss_se=0.01)
        assert not noted(ask(unsure, "check"), "base general losses")

    def test_tokens_of_the_bases_of_one_size(self, ask: Any, forgetting_world: World) -> None:
        frame = forgetting_world(1e-3)
        frame["base_tokens"] *= np.where(frame["ratio"] > 0.6, 3.0, 1.0)
        assert noted(ask(frame, "plan", *TARGET), "base_tokens at 1M params", "runs of one size start from one base")

    def test_schedules_and_rates(self, ask: Any, forgetting_world: World) -> None:
        frame = forgetting_world(1e-3)
        odd = frame["ratio"] > 0.6
        mixed = frame.assign(schedule=np.where(odd, "cosine", "constant"), learning_rate=np.where(odd, 1e-5, 3e-4))
        for command in (("check",), ("plan", *TARGET)):
            found = ask(mixed, *command)
            assert noted(found, "several values of schedule (constant, cosine)")
            assert noted(found, "several values of learning_rate at 1M params (peaks 1e-05, 0.0003)")
        by_size = frame.assign(learning_rate=frame["params"] ** -0.5)
        assert not noted(ask(by_size, "check"), "several values")

    def test_a_run_that_was_logged_at_its_end_alone(self, ask: Any, forgetting_world: World) -> None:
        frame = forgetting_world(1e-3)
        cosine = frame.assign(learning_rate=3e-4 * (1.02 - frame["tokens"] / 1e8))
        kept = cosine[(cosine["ratio"] != 0.9) | (cosine["tokens"] == 1e8)]
        assert not noted(ask(kept, "check"), "several values of learning_rate")


class TestNotesInEveryCommand:
    def test_a_base_of_all_domains(self, ask: Any, forgetting_world: World) -> None:
        frame = forgetting_world(1e-3)
        both = pd.concat([frame.assign(domain=name, run=frame["run"] + name) for name in ("code", "law")])
        for name in ("", "base"):
            plan = ask(
                both.assign(domain=both["domain"].mask(both["tokens"] == 0, name)), "plan", *TARGET, "--domain", "law"
            )
            assert plan["law"] == "forgetting"

    def test_notes_of_the_table_reach_every_answer(self, ask: Any, forgetting_world: World) -> None:
        frame = forgetting_world(1e-3).rename(columns={"general_loss": "domain_loss", "domain_loss": "general_loss"})
        budget = ("--budget", "1e17")
        for command in (("plan", *TARGET), ("tradeoff", *TARGET), ("next", *TARGET, *budget)):
            assert noted(ask(frame, *command), "look swapped"), command

    def test_ratios_outside_the_probed_ones(self, ask: Any, forgetting_world: World, tmp_path: Path) -> None:
        frame, fit = forgetting_world(1e-3, ratios=(0.5, 0.75, 0.9)), str(tmp_path / "fit.json")
        ask(frame, "fit", "--law", "forgetting", "--draws", "5", "--out", fit)
        assert noted(
            ask(Path(fit), "predict", "--params", "1e7", "--tokens", "1e8", "--ratio", "0"),
            "lies outside of those that were trained",
        )
        found = ask(Path(fit), "tradeoff", *TARGET)
        assert noted(found, "ratios outside the probed 0.5 to 0.9 are marked")
        for row in found["rows"]:
            assert row["outside"] == (not 0.5 <= row["ratio"] <= 0.9)
            assert not (row["outside"] and row["pareto"])
        assert any(row["pareto"] for row in found["rows"])

    def test_a_size_without_a_base_is_predicted_as_it_is_planned(
        self, ask: Any, forgetting_world: World, tmp_path: Path
    ) -> None:
        fit = str(tmp_path / "fit.json")
        ask(forgetting_world(1e-3), "fit", "--draws", "20", "--out", fit)
        plan = ask(Path(fit), "plan", *TARGET)
        found = ask(Path(fit), "predict", *TARGET, "--ratio", repr(plan["critical_ratio"]["value"]))
        assert found["general_loss"] == pytest.approx(plan["general_loss"])
        assert noted(found, "the base general loss is carried from other sizes")


class TestReasonsThatAreTrue:
    @pytest.mark.parametrize("checkpoints", [(1e8,), (5e7, 1e8)])
    def test_the_cmr_definition_on_ends_alone(
        self, ask: Any, forgetting_world: World, checkpoints: tuple[float, ...]
    ) -> None:
        plan = ask(forgetting_world(1e-3, tokens=checkpoints), "plan", *TARGET, "--definition", "cmr")
        assert plan["status"] == "not_identified"
        assert noted(plan, "no run has the 5 checkpoints after tokens 0", "whether the general loss still rises")

    @pytest.mark.parametrize(("separator", "decimal"), [(";", ","), (";", "."), ("\t", "."), ("\t", ","), ("|", ".")])
    def test_dialects(self, ask: Any, forgetting_world: World, separator: str, decimal: str) -> None:
        frame = forgetting_world(1e-3).round(6)
        text = frame.to_csv(index=False, sep=separator, decimal=decimal)
        assert ask(text, "check", name="other.csv")["base"] == ask(frame, "check", name="plain.csv")["base"]

    def test_content_names_the_format(self, ask: Any, forgetting_world: World, tmp_path: Path) -> None:
        frame = forgetting_world(1e-3)
        lines = frame.to_json(orient="records", lines=True)
        (tmp_path / "packed.csv").write_bytes(gzip.compress(lines.encode()))
        frame.to_parquet(tmp_path / "table.csv")
        (tmp_path / "bare").write_text(frame.to_csv(index=False))
        for name in ("packed.csv", "table.csv", "bare"):
            assert ask(tmp_path / name, "check")["rows"] == len(frame)

    @pytest.mark.parametrize("lines", ["sep=;\n", "# from the tracker\n", "\n"])
    def test_lines_before_the_header(self, ask: Any, forgetting_world: World, lines: str) -> None:
        text = forgetting_world(1e-3).round(6).to_csv(index=False, sep=";")
        assert ask(lines + text, "check")["rows"] == ask(text, "check")["rows"]

    def test_an_array_of_objects(self, ask: Any, forgetting_world: World) -> None:
        frame = forgetting_world(1e-3)
        assert ask(frame.to_json(orient="records"), "check", name="runs.json")["rows"] == len(frame)

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"<!DOCTYPE html><html><body>sign in</body></html>", "this is a web page"),
            (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "`git lfs pull` brings the file"),
            (b"PK\x03\x04....", "a zip archive or a spreadsheet"),
            ("params;tokens".encode("utf-16"), "text in UTF-16"),
            (b"params\ttokens\tratio\tgeneral_loss\n332,000\t524,288\t0\t3\n", "may be a number of thousands"),
        ],
    )
    def test_what_is_not_understood_is_named(self, refused: Any, tmp_path: Path, content: bytes, said: str) -> None:
        (tmp_path / "runs.csv").write_bytes(content)
        assert said in refused(tmp_path / "runs.csv", "check")

    def test_the_cmr_definition_without_a_late_checkpoint(self, ask: Any, forgetting_world: World) -> None:
        frame = forgetting_world(1e-3, tokens=(1e6, 2e6, 3e6, 4e6, 1e8))
        assert noted(ask(frame, "plan", *TARGET, "--definition", "cmr"), "two of them in its second half")

    def test_seeds_in_words(self, ask: Any, forgetting_world: World) -> None:
        frame, budget = forgetting_world(1e-3), ("--budget", "1e18")
        words, numbers = (ask(frame.assign(seed=seed), "next", *TARGET, *budget) for seed in ("first", 0))
        assert words == numbers

    def test_a_report_needs_ratios(self, refused: Any, forgetting_world: World, tmp_path: Path) -> None:
        frame = forgetting_world(1e-3, ratios=(0.5,)).drop(columns="ratio")
        frame.to_csv(tmp_path / "runs.csv", index=False)
        out = str(tmp_path / "page.html")
        said = refused(tmp_path / "runs.csv", "report", "--law", "chinchilla", "--out", out)
        assert "a report is about ratios" in said


class TestNothingButOursOnStandardError:
    def test_a_parameter_that_runs_off(self, ask: Any) -> None:
        """Two bases under one size: the shift of the forgetting law runs to infinity in some draws."""
        rows = []
        for base, start in (("a", 2.05), ("b", 1.8)):
            for r in (0.1, 0.3, 0.5, 0.7, 0.9):
                for tokens in (0, 2.5e8, 5e8, 1e9, 2e9):
                    general = start + (tokens > 0) * (0.01 + 0.03 * r * np.log1p(tokens / 1e9))
                    domain = start + 0.35 - 0.1 * r**0.2 * (tokens / 1e9) ** 0.2
                    rows.append((f"{base}-{r}", 7e9, tokens, r, 2e12, round(general, 4), round(domain, 4)))
        heads = ["run", "params", "tokens", "ratio", "base_tokens", "general_loss", "domain_loss"]
        ask(pd.DataFrame(rows, columns=heads), "plan", "--params", "7e9", "--tokens", "2e9")


LOGS = {
    "trainer_state.json": '{"log_history": [{"epoch": 0.0, "eval_general_loss": 2.95, "step": 0}], "global_step": 400}',
    "trainer_log.jsonl": '{"current_steps": 5, "total_steps": 400, "loss": 1.7, "eval_loss": null, "learning_rate": 5e-05}\n',
    "export.csv": '"Step","m160-r25 - eval/general_loss","m160-r25 - eval/general_loss__MIN"\n"0","2.95","2.95"\n',
    "board.csv": "Wall time,Step,Value\n1700000000.1,0,2.95\n",
    "train.log": " validation loss at iteration 100 | lm loss value: 2.998000E+00 | lm loss PPL: 2.004500E+01 |\n",
}


class TestLogsOfRunsThatAreOver:
    @pytest.mark.parametrize("name", LOGS)
    def test_a_sentence_leads_to_the_page(self, refused: Any, tmp_path: Path, name: str) -> None:
        (tmp_path / name).write_text(LOGS[name])
        assert "docs/logging.md says how to make a run table of it" in refused(tmp_path / name, "check")


class TestPassingAndToBeKept:
    def test_chinchillas_law_without_ratios(self, ask: Any) -> None:
        random = np.random.default_rng(0)
        params, tokens = np.exp(random.uniform(np.log(7e7), np.log(1.6e10), 120)), np.exp(random.uniform(20, 26, 120))
        loss = (1.82 + 480 * params**-0.348 + 2090 * tokens**-0.366) * np.exp(2e-3 * random.standard_normal(120))
        found = ask(
            pd.DataFrame({"params": params, "tokens": tokens, "general_loss": loss}), "fit", "--law", "chinchilla"
        )
        fitted = {name: one["value"] for name, one in found["general"]["parameters"].items()}
        assert fitted["E"] == pytest.approx(1.82, abs=0.03)
        assert fitted["alpha"] == pytest.approx(0.348, abs=0.02)
        assert fitted["beta"] == pytest.approx(0.366, abs=0.02)


class TestOneDefaultBehindEveryDoor:
    def test_the_same_table_gives_the_same_answer(self, ask: Any, forgetting_world: World, tmp_path: Path) -> None:
        """Fit then plan, plan of the table, Python, next, limited, tradeoff, report and validate take one law."""
        table, fit = forgetting_world(1e-3), str(tmp_path / "fit.json")
        runs = scaling.load_runs(table)
        saved = ask(table, "fit", "--out", fit)
        plans = [
            ask(table, "plan", *TARGET),
            ask(Path(fit), "plan", *TARGET),
            scaling.critical_ratio(scaling.fit(runs), 3e7, 1e8).to_json_dict(),
            scaling.critical_ratio(scaling.load_fit(fit), 3e7, 1e8).to_json_dict(),
        ]
        assert all(plan["critical_ratio"] == pytest.approx(plans[0]["critical_ratio"]) for plan in plans)
        budget = ("--budget", "1e17")
        laws = [saved["law"], *(plan["law"] for plan in plans)]
        laws += [ask(table, *one)["law"] for one in (("tradeoff", *TARGET), ("validate",), ("next", *TARGET, *budget))]
        laws += [
            ask(table, "plan", *TARGET, "--route", "link")["law"],
            scaling.critical_ratio(runs, 3e7, 1e8, method="link", draws=0).law,
        ]
        laws += [scaling.validate_law(runs).law, scaling.next_probes(runs, 3e7, 1e8, budget=1e17, draws=8).law]
        assert set(laws) == {"forgetting"}
        without = table[table["tokens"] > 0]
        doors = [ask(without, "fit")["law"], ask(without, "plan", *TARGET)["law"], ask(without, "validate")["law"]]
        assert doors == ["dcpt"] * 3
