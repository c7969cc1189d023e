"""The site: which pages are gathered, where their links lead, and that a link to nothing fails the build."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("sphinx")
pytest.importorskip("myst_nb")

FIRST = """# First

[a](docs/a.md#part) [code](b/c.py) [list](b) ![shown](p.png) [web](https://example.org) [heading](#first)
`[kept](docs/a.md)`

```text
[kept](b/c.py)
```
"""
INDEX = "# Documents\n\n## Use\n\n| page | contents |\n|---|---|\n| [a](a.md) | a |\n"
NOTEBOOKS = "\n## Notebooks\n\n| notebook | contents |\n|---|---|\n| [n](../notebooks/n.ipynb) | n |\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    files = {
        "README.md": FIRST,
        "docs/README.md": INDEX + NOTEBOOKS,
        "docs/a.md": "# A\n\n## Part\n\n[back](../README.md)\n\n```math\n\\frac{A}{N}\n```\n",
        "docs/new.md": "# New\n",
        "b/c.py": '"""Text with ``` in it."""\n',
        "b/d.md": "# D\n",
        "p.png": "",
        "notebooks/n.ipynb": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    cells = [
        nbformat.v4.new_markdown_cell("# N\n\n[a](../docs/a.md)"),
        nbformat.v4.new_code_cell("1 + 1", outputs=[nbformat.v4.new_output("stream", text="the output")]),
    ]
    (tmp_path / "executed").mkdir()
    python = {"language_info": {"name": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=python), tmp_path / "executed" / "n.ipynb")
    return tmp_path


@pytest.fixture
def pages(checkout: Path, tool: Callable[[str], ModuleType]) -> Path:
    folder = checkout / "pages"
    folder.mkdir()
    tool("website").gather(checkout, checkout / "executed", folder)
    return folder


def test_links_lead_to_pages_of_the_site(pages: Path) -> None:
    first = (pages / "index.md").read_text()
    assert "[a](docs/a.md#part) [code](b/c.py.md) [list](b/index.md) ![shown](p.png) [web](https" in first
    assert "`[kept](docs/a.md)`" in first
    assert "\n[kept](b/c.py)\n" in first
    assert "[back](../index.md)" in (pages / "docs" / "a.md").read_text()
    assert "[d](d.md)" in (pages / "b" / "index.md").read_text()
    assert (pages / "b" / "c.py.md").read_text().count("````") == 2
    assert (pages / "p.png").exists()


def test_a_page_comes_in_by_being_there(pages: Path) -> None:
    first = (pages / "index.md").read_text()
    parts = [(caption, first.index(f":caption: {caption}\n")) for caption in ("Use", "Notebooks", "More", "Reference")]
    assert parts == sorted(parts, key=lambda part: part[1])
    assert ":caption: More\n\ndocs/new\n" in first
    assert ":caption: Use\n\ndocs/a\n" in first


def test_the_reference_has_the_public_names(pages: Path) -> None:
    import scaling

    text = "\n".join(page.read_text() for page in (pages / "api").glob("*.rst"))
    assert [name for name in scaling.__all__ if name != "plot" and f":: scaling.{name}\n" not in text] == []
    assert ".. autofunction:: scaling.plot.tradeoff\n" in text


def test_the_site_is_built_and_a_broken_link_fails(
    checkout: Path,
    tool: Callable[[str], ModuleType],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    website = tool("website")
    monkeypatch.setattr(website, "reference", lambda folder: [])  # of this small checkout alone
    assert website.build(checkout, checkout / "executed", checkout / "site") == 0, capsys.readouterr().err
    assert "the output" in (checkout / "site" / "notebooks" / "n.html").read_text()
    assert "<mfrac>" in (checkout / "site" / "docs" / "a.html").read_text()
    for link in ("gone.md", "a.md#gone", "../b/gone.py"):
        (checkout / "docs" / "new.md").write_text(f"# New\n\n[x]({link})\n")
        assert website.build(checkout, checkout / "executed", checkout / "site") != 0
        assert "gone" in capsys.readouterr().err


def test_notebooks_come_first(
    checkout: Path, tool: Callable[[str], ModuleType], capsys: pytest.CaptureFixture[str]
) -> None:
    (checkout / "executed" / "n.ipynb").unlink()
    assert tool("website").build(checkout, checkout / "executed", checkout / "site") == 1
    assert "make notebooks" in capsys.readouterr().err
