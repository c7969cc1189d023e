"""plan.json: what is written is what is read, and nothing else is taken for a plan."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import pytest

import scaling
from scaling.cli import main
from scaling.errors import InputError
from scaling.fitting import Fit
from scaling.planning.saved import load_plan, schema


@pytest.fixture(scope="module")
def plan(forgetting_fit: Fit) -> scaling.Plan:
    return scaling.critical_ratio(forgetting_fit, 3e7, 1e8, base_tokens=4e9)


def told(plan: scaling.Plan) -> dict[str, Any]:
    return {**plan.to_json_dict(), "draws": plan.draws, "target": plan.target, "from": plan.provenance}


def test_a_plan_is_read_as_it_was_written(plan: scaling.Plan, tmp_path: Path) -> None:
    plan.save(tmp_path / "plan.json")
    again = scaling.load_plan(tmp_path / "plan.json")
    assert told(again) == told(plan)
    assert len(again.draws) == 30
    assert again.provenance is not None
    assert again.provenance.source == "runs.csv"
    assert again.summary() == plan.summary()


def test_one_without_an_answer_too(forgetting_fit: Fit, tmp_path: Path) -> None:
    none = scaling.critical_ratio(forgetting_fit, 3e11, 1e8)
    none.save(tmp_path / "plan.json")
    again = load_plan(tmp_path / "plan.json")
    assert again.status == "not_identified"
    assert math.isnan(again.value)
    assert again.warnings == none.warnings


def test_the_schema_in_the_repository_describes_the_file(
    plan: scaling.Plan, tmp_path: Path, tool: Callable[[str], ModuleType]
) -> None:
    assert tool("schema").main(["--check"]) == 0
    plan.save(tmp_path / "plan.json")
    content = json.loads((tmp_path / "plan.json").read_text())
    jsonschema.validate(content, schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**content, "status": "fine"}, schema())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": "scaling-fit"}, "is not a saved plan"),
        ({"version": 99}, "is of format version 99"),
        ({"status": "fine"}, "is not a sound saved plan (status"),
        ({"extra": 1}, "is not a sound saved plan (extra"),
        ({"target": {"params": -1}}, "is not a sound saved plan (target"),
    ],
)
def test_what_is_no_plan(plan: scaling.Plan, tmp_path: Path, change: dict[str, Any], said: str) -> None:
    plan.save(tmp_path / "plan.json")
    content = {**json.loads((tmp_path / "plan.json").read_text()), **change}
    (tmp_path / "other.json").write_text(json.dumps(content))
    with pytest.raises(InputError) as error:
        load_plan(tmp_path / "other.json")
    assert said in str(error.value)


def test_the_command_writes_and_shows_it(
    forgetting_fit: Fit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fit, out = str(tmp_path / "fit.json"), str(tmp_path / "plan.json")
    forgetting_fit.save(fit)
    assert main(["plan", fit, "--params", "3e7", "--tokens", "1e8", "--out", out, "--json"]) == 0
    first = capsys.readouterr().out
    assert main(["plan", out, "--json"]) == 0
    assert capsys.readouterr().out == first
    for words, said in (
        (["plan", out, "--params", "3e7"], "a saved plan, which --params cannot change"),
        (["plan", out, "--tolerance", "0.1"], "a saved plan, which --tolerance cannot change"),
        (["plan", out, "--route", "link"], "a saved plan, which --route cannot change"),
        (["plan", fit], "--params 7B --tokens 20B"),
        (["plan", fit, "--params", "3e7", "--tokens", "1e8", "--out", fit], "write the plan to another file"),
        (["plan", fit, "--params", "3e7", "--tokens", "1e8", "--out", str(tmp_path / "no" / "p.json")], "is not there"),
        (["predict", out, "--params", "3e7", "--tokens", "1e8", "--ratio", "0.3"], "is not a saved fit"),
    ):
        assert main(words) == 2
        printed, sentence = capsys.readouterr()
        assert printed == ""
        assert said in sentence
        assert sentence.count("\n") == 1
