"""Execute every py:percent notebook from top to bottom; outputs go to out/notebooks, none into the sources."""

import sys
import time
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).resolve().parent.parent


def execute(source: Path, out: Path) -> bool:
    """Run one notebook in its own kernel; return whether it came through."""
    start = time.monotonic()
    notebook = jupytext.read(source)
    client = NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(source.parent)}}
    )
    try:
        client.execute()
    except CellExecutionError as error:
        print(f"{source.name}: FAILED\n{error}", flush=True)
        return False
    nbformat.write(notebook, out / f"{source.stem}.ipynb")
    print(f"{source.name}: {time.monotonic() - start:.0f} s", flush=True)
    return True


def main() -> int:
    """Run them all; 1 where one failed."""
    out = ROOT / "out" / "notebooks"
    out.mkdir(parents=True, exist_ok=True)
    sources = sorted((ROOT / "notebooks").glob("*.py"))
    if not sources:
        print("no notebooks")
    failed = [source.name for source in sources if not execute(source, out)]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
