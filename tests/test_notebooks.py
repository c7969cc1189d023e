"""The notebooks' sources and the notebooks made from them; that they run is the business of `make notebooks`."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

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


def test_the_notebook_to_open_is_its_source(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], tool: Callable[[str], ModuleType]
) -> None:
    pairs = tool("pairs")
    assert pairs.main(["--check"]) == 0, "notebooks/*.ipynb are stale; `make docs` writes them again"
    assert sorted(FOLDER.glob("*.ipynb")) == [source.with_suffix(".ipynb") for source in SOURCES]
    stale = Path(shutil.copytree(FOLDER, tmp_path / "notebooks")) / f"{SOURCES[0].stem}.ipynb"
    written = stale.read_text(encoding="utf-8")
    stale.write_text(written.replace('"outputs": []', '"outputs": [{}]', 1), encoding="utf-8")
    pairs.FOLDER = stale.parent
    assert pairs.main(["--check"]) == 1
    assert "make docs" in capsys.readouterr().err
    assert pairs.main([]) == 0
    assert stale.read_text(encoding="utf-8") == written


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_jupytext_reads_the_source_out_of_the_notebook(source: Path) -> None:
    notebook = jupytext.read(source.with_suffix(".ipynb"))
    ours = [(cell.cell_type, cell.source) for cell in jupytext.read(source).cells]
    assert [(cell.cell_type, cell.source) for cell in notebook.cells] == ours
    assert notebook.metadata["jupytext"]["formats"] == "py:percent,ipynb"
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells)
