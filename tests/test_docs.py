"""The documents: links lead somewhere, docs/laws.md is what the laws declare, and what pages tell people to run runs."""

import importlib.util
import re
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [ROOT / "README.md", *DOCS, ROOT / "data" / "README.md"]
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.*?) *$", re.MULTILINE)


def tool(name: str) -> ModuleType:
    """A script of .ci/ as a module."""
    spec = importlib.util.spec_from_file_location(f"ci_{name}", ROOT / ".ci" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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


def test_the_page_of_laws_is_what_they_declare(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    laws = tool("laws")
    assert laws.main(["--check"]) == 0, "docs/laws.md is stale; `make docs` writes it again"
    stale = tmp_path / "laws.md"
    stale.write_text(laws.PAGE.read_text(encoding="utf-8").replace("how fast size pays", "another meaning", 1), "utf-8")
    laws.PAGE, page = stale, laws.PAGE
    assert laws.main(["--check"]) == 1
    assert "make docs" in capsys.readouterr().err
    assert laws.main([]) == 0
    assert stale.read_text(encoding="utf-8") == page.read_text(encoding="utf-8")
