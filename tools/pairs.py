"""Write the notebooks that people open, `notebooks/*.ipynb`, from the py:percent sources beside them, without outputs.

`python tools/pairs.py` writes them, with --check it only says which are stale. Jupyter with jupytext saves both files at once;
reviews are of the sources.
"""

import hashlib
import sys
from pathlib import Path

import jupytext
import nbformat
from pages import settle

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
KEPT = ("jupytext", "kernelspec")  # of the notebook's metadata: no version of a machine's own


def named(source: str, taken: set[str]) -> str:
    """An id for a cell from its text, so that two writers make one file."""
    text = source
    while (name := hashlib.sha256(text.encode()).hexdigest()[:8]) in taken:
        text += "\n"
    taken.add(name)
    return name


def paired(source: Path) -> str:
    """The notebook of one source, as the text of its file."""
    notebook = jupytext.read(source)
    notebook.metadata = {key: value for key, value in notebook.metadata.items() if key in KEPT}
    notebook.metadata["jupytext"] = {"formats": notebook.metadata["jupytext"]["formats"]}
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    taken: set[str] = set()
    for cell in notebook.cells:
        cell["id"] = named(cell.source, taken)
    return nbformat.writes(notebook) + "\n"


def main(arguments: list[str]) -> int:
    """0 where every notebook is as its source, or is written; 1 where one is stale."""
    return max([settle(one.with_suffix(".ipynb"), paired(one), arguments) for one in sorted(FOLDER.glob("*.py"))])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
