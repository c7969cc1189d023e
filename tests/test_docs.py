"""The documents: links lead somewhere, docs/laws.md is what the laws declare, and what pages tell people to run runs."""

import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from scaling import InputError, load_runs
from scaling.notes import TEMPLATES

ROOT = Path(__file__).parents[1]
DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [ROOT / "README.md", *DOCS, ROOT / "data" / "README.md"]
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.*?) *$", re.MULTILINE)


@cache
def anchors(page: Path) -> set[str]:
    """The names that GitHub gives the headings of a page."""
    found: list[str] = []
    for heading in HEADING.findall(FENCED.sub("", page.read_text(encoding="utf-8"))):
        name = re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()).replace(" ", "-")
        found.append(f"{name}-{found.count(name)}" if name in found else name)
    return set(found)


def broken(page: Path) -> list[str]:
    """The links of a page whose file or heading is not there."""
    bad = []
    for target in LINK.findall(FENCED.sub("", page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        if not path.exists() or (anchor and path.suffix == ".md" and anchor not in anchors(path)):
            bad.append(target)
    return bad


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    assert broken(page) == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A heading, `x`\n[a](gone.md) [b](#a-heading-x) [c](#gone) [d](page.md#gone)\n```\n[e](f.md)\n```\n"
    )
    assert broken(page) == ["gone.md", "#gone", "page.md#gone"]


def test_the_index_has_every_page() -> None:
    listed = LINK.findall((ROOT / "docs" / "README.md").read_text(encoding="utf-8"))
    assert {page.name for page in DOCS} - {"README.md"} <= set(listed)


def test_the_first_page_is_short() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 110
    assert len(text.split()) <= 900


def test_every_output_of_make_results_has_a_place(tool: Callable[[str], ModuleType]) -> None:
    pages = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    places = set(re.findall(r"^<!-- (\w+) -->$", pages, re.MULTILINE)) - {"laws", "end"}
    assert places == {Path(name).stem for name in tool("results").SCRIPTS}


def test_the_page_of_laws_is_what_they_declare(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], tool: Callable[[str], ModuleType]
) -> None:
    laws = tool("laws")
    assert laws.main(["--check"]) == 0, "docs/laws.md is stale; `make docs` writes it again"
    stale = tmp_path / "laws.md"
    stale.write_text(
        laws.PAGE.read_text(encoding="utf-8").replace("how fast the loss falls with size", "another meaning", 1),
        "utf-8",
    )
    laws.PAGE, page = stale, laws.PAGE
    assert laws.main(["--check"]) == 1
    assert "make docs" in capsys.readouterr().err
    assert laws.main([]) == 0
    assert stale.read_text(encoding="utf-8") == page.read_text(encoding="utf-8")


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of one language on a page of docs/."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def said(folder: Path, table: str) -> list[str]:
    """What `scaling check` says of a table: the one sentence of an error, or its notes."""
    path = folder / "runs.csv"
    path.write_text(table)
    try:
        return list(load_runs(path).warnings)
    except InputError as error:
        return [str(error)]


HEADS = "params,tokens,ratio,general_loss"
MISTAKES = {  # each table gives a sentence that docs/logging.md quotes
    "row 3, column ratio": f"{HEADS}\n1e6,0,0,3.5\n1e6,1e5,25,3.6\n1e6,2e5,50,3.5",
    "column params is missing": f"{HEADS.replace('params', 'N')}\n1e6,0,0,3.5",
    "'1B' is not a number": f"{HEADS}\n1e6,1B,0.25,3.6",
    "'nan' is not a number": f"{HEADS}\n1e6,0,0,3.5\n1e6,1e5,0.25,nan",
    "no loss was measured": f"{HEADS}\n1e6,1e5,0.25,",
    "the same checkpoint": f"{HEADS}\n1e6,1e5,0.25,3.6\n1e6,1e5,0.25,3.7",
    "0 in every row": f"{HEADS}\n1e6,0,0,3.5",
    "names itself": f"{HEADS},run,trunk\n1e6,1e5,0.25,3.6,a,\n1e6,1e5,0.25,3.5,b,b",
    "no base losses": f"{HEADS}\n1e6,1e5,0.25,3.6",
    "look swapped": f"{HEADS},domain_loss\n1e6,1e5,0.25,3.9,3.6\n1e6,1e5,0.5,3.6,3.9",
    "2 values of ratio": f"{HEADS},run\n1e6,0,0,3.5,a\n1e6,1e5,0.25,3.6,a\n1e6,2e5,0.5,3.7,a",
    "only one model size": f"{HEADS}\n1e6,1e5,0.25,3.6",
    "only one ratio": f"{HEADS}\n1e6,1e5,0.25,3.6",
    "only one run": f"{HEADS}\n1e6,1e5,0.25,3.6",
    "no domain loss": f"{HEADS}\n1e6,1e5,0.25,3.6",
    "several domains": f"{HEADS},domain\n1e6,1e5,0.25,3.6,law\n1e6,1e5,0.5,3.7,code",
    "copy of another": f"{HEADS}\n1e6,1e5,0.25,3.6\n1e6,1e5,0.25,3.6\n1e6,2e5,0.25,3.5",
    "evaluated more than once": f"{HEADS},run\n1e6,1e5,0.25,3.6,a\n1e6,2e5,0.25,3.51,a\n1e6,2e5,0.25,3.5,a",
    "in several rows": f"{HEADS},domain_loss\n1e6,1e5,0.25,3.6,\n1e6,1e5,0.25,,2.5",
    "count as one": f"{HEADS},run\n1e6,0,0,3.5,base\n1.003e6,1e5,0.25,3.6,a\n1.003e6,1e5,0.5,3.7,b",
    "sizes are numbers": f"{HEADS}\n0.07,1e5,0.25,3.6",
    "perplexities": f"{HEADS}\n1e6,1e5,0.25,28.2\n1e6,2e5,0.25,24.3",
    "base general losses": f"{HEADS},run\n1e6,0,0,3.5,a\n1e6,0,0,3.9,b\n1e6,1e5,0.25,3.6,a\n1e6,1e5,0.5,3.7,b",
    "no base general loss": f"{HEADS}\n1e6,0,0,3.5\n1e6,1e5,0.25,3.6\n4e6,1e5,0.25,3.2",
    "several values of schedule": f"{HEADS},schedule\n1e6,1e5,0.25,3.6,cosine\n1e6,1e5,0.5,3.7,constant",
    "several values of learning_rate": f"{HEADS},learning_rate\n"
    + "\n".join(f"1e6,{k}e5,{r},3.6,{rate}" for r, rate in ((0.25, 1e-5), (0.5, 3e-4)) for k in (1, 2, 3)),
    "stage trunk": f"{HEADS},run,trunk\n1e6,1e5,0.25,3.6,a,\n1e6,1e5,0.5,3.7,b,\n1e6,1e5,0.25,3.5,c,a",
}


@pytest.mark.parametrize("part", MISTAKES)
def test_mistakes_are_quoted_as_they_are_said(part: str, tmp_path: Path) -> None:
    (sentence,) = (one for one in said(tmp_path, MISTAKES[part]) if part in one)
    assert f"`{sentence}` |" in (ROOT / "docs" / "logging.md").read_text(encoding="utf-8")


def test_every_quoted_mistake_is_tried() -> None:
    rows = re.findall(
        r"^\|.*\| `([^|]*)` \|$", (ROOT / "docs" / "logging.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert [row for row in rows if not any(part in row for part in MISTAKES)] == []
    assert len(rows) == len(MISTAKES)


def test_the_example_table_can_be_read(tmp_path: Path) -> None:
    (table,) = blocks("logging.md", "csv")
    (tmp_path / "runs.csv").write_text(table)
    runs = load_runs(tmp_path / "runs.csv")
    assert runs.corpora == ("general", "domain")
    assert len(runs.finished("general")) == 2
    assert list(runs.warnings) == ["only one model size: nothing can be said about other sizes"]


def test_the_callback_writes_rows_that_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("transformers")
    monkeypatch.chdir(tmp_path)
    names: dict[str, type] = {}
    exec(blocks("logging.md", "python")[0], names)
    callback = names["callback"]
    for step, first in ((0, True), (100, True), (100, False)):
        state = SimpleNamespace(global_step=step, is_world_process_zero=first)
        callback.on_evaluate(None, state, None, {"eval_general_loss": 3.0, "eval_general_runtime": 1.0})
        callback.on_evaluate(None, state, None, {"eval_domain_loss": 2.5})
    rows = [json.loads(line) for line in Path("runs.jsonl").read_text().splitlines()]
    assert [row["tokens"] for row in rows] == [0, 100 * 524_288]
    assert set(rows[1]) == {"run", "params", "ratio", "seed", "base_tokens", "tokens", "general_loss", "domain_loss"}
    assert load_runs("runs.jsonl").base("domain")["loss"].tolist() == [2.5]


def test_the_notes_explained_are_notes_of_ours() -> None:
    _, notes = (ROOT / "docs" / "intervals.md").read_text(encoding="utf-8").split("## Notes, and what to do")
    named = [
        words for row in re.findall(r"^\| (`.*?) \|", notes, re.MULTILINE) for words in re.findall("`([^`]*)`", row)
    ]
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "scaling").rglob("*.py"))
    source += "\n".join(TEMPLATES.values())
    assert len(named) > 15
    assert [words for words in named if words not in source] == []
