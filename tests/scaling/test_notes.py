"""One table of sentences, for Python, JSON and the page."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

import scaling
from scaling.cli import main
from scaling.fitting import Fit
from scaling.notes import TEMPLATES, Note, note

ROOT = Path(__file__).parents[2]
ASSETS = ROOT / "scaling" / "report" / "assets"
PLANNER, PAGE = ASSETS / "planner.js", ASSETS / "page.js"


def test_the_page_of_notes_is_the_table(tool: Callable[[str], ModuleType]) -> None:
    assert tool("notes").main(["--check"]) == 0


def test_a_note_is_its_sentence_and_its_values() -> None:
    one = note("one_value", only=3e8, name="params", asked=7e9)
    assert one == "all probes have 300M params, so nothing is known at 7B"
    assert one.values == {"only": 3e8, "name": "params", "asked": 7e9}
    assert one.within("general: ").code == "one_value"
    assert json.dumps([one]) == json.dumps([str(one)])


def test_every_code_is_used_and_every_use_has_a_code() -> None:
    files = [path for path in (ROOT / "scaling").rglob("*.py") if path.parent.name != "templates"]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    asked = set(re.findall(r'note\(\s*"(\w+)"', text))
    assert asked <= set(TEMPLATES)
    used = {code for code in TEMPLATES if f'"{code}"' in text}
    assert used == set(TEMPLATES)
    written = "".join((ASSETS / name).read_text(encoding="utf-8") for name in ("planner.js", "page.js", "report.html"))
    page = re.findall(r'note\("(\w+)"', written)
    assert set(page) <= set(TEMPLATES)


def sentences(script: Path) -> list[str]:
    """Strings of three words and more, comments aside."""
    code = re.sub(r"/\*.*?\*/|//[^\n]*", "", script.read_text(encoding="utf-8"), flags=re.DOTALL)
    strings = re.findall(r'"([^"\n]*)"|`([^`]*)`', code)
    return [one for pair in strings for one in pair if len(re.findall(r"[a-z]{2,} ", one)) >= 3]


def test_no_sentence_stands_in_the_planner() -> None:
    assert [
        one for one in sentences(PLANNER) if "write a number" not in one
    ] == []  # of a field that Python does not have


def test_no_sentence_of_the_page_stands_in_python() -> None:
    python = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "scaling").rglob("*.py"))
    found = sentences(PAGE)
    assert found
    assert [one for one in found if one.partition("${")[0] in python] == []


def test_json_has_codes_beside_the_sentences(
    forgetting_fit: Fit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forgetting_fit.save(tmp_path / "fit.json")
    assert main(["plan", str(tmp_path / "fit.json"), "--params", "3e7", "--tokens", "5e5", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["text"] for one in found["notes"]] == found["warnings"]
    assert "tokens_few" in {one["code"] for one in found["notes"]}
    plan = scaling.critical_ratio(forgetting_fit, 3e11, 1e8)
    assert isinstance(plan.warnings[0], Note)
    assert plan.warnings[0].code == "too_far"
