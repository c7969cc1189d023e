"""Write the tables and pictures of the documents again, from the shipped sweeps: `make results`.

Each script's output goes to benchmarks/results/, and the demo's pictures to docs/figures/. The tables of an output (all of the
demo's) go into the pages between `<!-- NAME -->` and `<!-- end -->`. The words around them are not touched.
"""

import re
import shutil
import subprocess
import sys
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS, FIGURES = ROOT / "benchmarks" / "results", ROOT / "docs" / "figures"
SWEEP = "data/runs/prose-python.parquet"
SCRIPTS = {
    "demo.txt": ["-m", "scaling.cli", "demo", SWEEP, "--out", "out"],
    "shipped_fit.md": ["benchmarks/shipped_fit.py"],
    "compare.md": ["benchmarks/compare.py"],
    "critical_ratio_rollout.md": ["benchmarks/critical_ratio_rollout.py"],
    "critical_ratio_published.md": ["benchmarks/critical_ratio_published.py"],
    "forgetting_sweeps.md": ["benchmarks/forgetting_sweeps.py"],
    "forgetting_forms.md": ["benchmarks/forgetting_forms.py"],
    "published.md": ["benchmarks/published.py"],
    "pythia.md": ["benchmarks/pythia.py"],
    "sweeps.md": ["benchmarks/sweeps.py"],
    "cross_domain.md": ["benchmarks/cross_domain.py"],
}


def shown(name: str, output: str) -> str:
    """What a page shows of a script's output: its tables (of fits the demo's sweep alone, of the rollout the first, which
    sums up the others), or a text block."""
    if name.endswith(".txt"):
        return f"```text\n{output.rstrip()}\n```"
    tables = [list(rows) for table, rows in groupby(output.splitlines(), lambda line: line.startswith("|")) if table]
    if name == "critical_ratio_rollout.md":
        tables = tables[:1]
    if name == "shipped_fit.md":
        first = tables[0]
        tables = [[*first[:2], *(line for line in first if line.startswith(f"| {Path(SWEEP).stem} |"))]]
    return "\n\n".join("\n".join(lines) for lines in tables)


def main() -> None:
    """Run the scripts and put their output where it belongs."""
    outputs = {}
    for name, arguments in SCRIPTS.items():
        output = subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, check=True, capture_output=True, text=True
        ).stdout
        (RESULTS / name).write_text(output, encoding="utf-8")
        outputs[name] = output
    # read only now: the scripts take minutes, in which somebody may write
    pages = {
        page: page.read_text(encoding="utf-8") for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
    }
    for name, output in outputs.items():
        between = re.compile(rf"(<!-- {Path(name).stem} -->\n).*?(<!-- end -->)", re.DOTALL)
        found, count = shown(name, output), 0
        for page, text in pages.items():
            pages[page], here = between.subn(lambda match, found=found: f"{match[1]}{found}\n{match[2]}", text)
            count += here
        assert count, f"no page has a place for {name}"
    for page, text in pages.items():
        page.write_text(text, encoding="utf-8")
    for picture in (ROOT / "out").glob("*.png"):
        shutil.copy(picture, FIGURES)


if __name__ == "__main__":
    main()
