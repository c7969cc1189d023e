"""The notebooks' sources; that they run is the business of `make notebooks`."""

import re
from pathlib import Path

import pytest

jupytext = pytest.importorskip("jupytext")

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
SOURCES = sorted(FOLDER.glob("*.py"))


def test_there_are_four() -> None:
    assert [source.name[:3] for source in SOURCES] == ["01_", "02_", "03_", "04_"]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_paired_without_outputs_or_places_of_one_machine(source: Path) -> None:
    notebook = jupytext.read(source)
    assert notebook.metadata["jupytext"]["formats"] == "py:percent,ipynb"
    assert notebook.metadata["kernelspec"]["name"] == "python3"
    assert notebook.cells[0].cell_type == "markdown"
    assert notebook.cells[0].source.startswith("# ")
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells)
    assert not re.search(r"""["'](/\w|[A-Z]:\\)""", source.read_text(encoding="utf-8"))  # no place of one machine


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_links_lead_somewhere(source: Path) -> None:
    text = source.read_text(encoding="utf-8")
    places = [part.split(")")[0].split("#")[0] for part in text.replace("\n# ", " ").split("](")[1:]]
    assert all((FOLDER / place).exists() for place in places if place and not place.startswith("http"))


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_cells_are_short(source: Path) -> None:
    code = [cell.source for cell in jupytext.read(source).cells if cell.cell_type == "code"]
    assert max(len(cell.splitlines()) for cell in code) <= 40
