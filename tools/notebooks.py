"""Execute py:percent notebooks from top to bottom: `python tools/notebooks.py [NAME ...]`, all of them without a name.

A name is the beginning of a file's, such as 02. Outputs go to out/notebooks, none into the sources, and nothing else may appear
beside them. Each is meant to take less than two minutes on two cores, which is printed where it fails; CI machines vary, so
only twice that is an error.
"""

import sys
import time
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "notebooks"
MEANT, MOST = 120, 240  # seconds


def execute(source: Path, out: Path) -> bool:
    """Run one notebook in its own kernel; return whether it came through in time."""
    start = time.monotonic()
    notebook = jupytext.read(source)
    if any(cell.get("outputs") for cell in notebook.cells):
        print(f"{source.name}: FAILED, there are outputs in the source", flush=True)
        return False
    client = NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(source.parent)}}
    )
    try:
        client.execute()
    except CellExecutionError as error:
        print(f"{source.name}: FAILED\n{error}", flush=True)
        return False
    nbformat.write(notebook, out / f"{source.stem}.ipynb")
    seconds = time.monotonic() - start
    late = f", more than the {MEANT} s that it is meant to take" if seconds > MEANT else ""
    print(f"{source.name}: {seconds:.0f} s{late}", flush=True)
    return seconds <= MOST


def chosen(names: list[str]) -> list[Path]:
    """The notebooks whose names begin with one of these; all without any."""
    sources = sorted(FOLDER.glob("*.py"))
    return [one for one in sources if one.name.startswith(tuple(names))] if names else sources


def main() -> int:
    """Run them; 1 where there is none, one failed or one left something behind."""
    out = ROOT / "out" / "notebooks"
    out.mkdir(parents=True, exist_ok=True)
    before = set(FOLDER.rglob("*"))
    sources = chosen(sys.argv[1:])
    if not sources:
        print("no notebooks")
        return 1
    failed = [source.name for source in sources if not execute(source, out)]
    left = sorted(str(path.relative_to(ROOT)) for path in set(FOLDER.rglob("*")) - before)
    if left:
        print(f"left behind: {', '.join(left)}")
    return 1 if failed or left else 0


if __name__ == "__main__":
    sys.exit(main())
