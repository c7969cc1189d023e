"""Run the commands that README.md and the pages of docs/ show: `sh` blocks line by line, `python` blocks as one script.

A block under a comment `<!-- not run: why -->` is left out, and so are `make` and `git` lines: `.ci/run` calls make itself.
Everything runs in a scratch folder that sees data/, notebooks/ and benchmarks/, so that the checkout stays clean.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"(<!-- not run:[^\n]*-->\s*\n)?^```(sh|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SKIPPED = ("make ", "git ", "cd ", "#")


def commands(text: str) -> list[str]:
    """The shell lines to run, continuation lines joined."""
    blocks = [body for skip, kind, body in BLOCK.findall(text) if kind == "sh" and not skip]
    lines = [line.strip().removeprefix("$ ") for body in blocks for line in body.replace("\\\n", " ").splitlines()]
    return [line for line in lines if line and not line.startswith(SKIPPED)]


def script(text: str) -> str:
    """All Python blocks in order."""
    return "\n".join(body for skip, kind, body in BLOCK.findall(text) if kind == "python" and not skip)


def run_page(page: Path, environment: dict[str, str]) -> int:
    """Run a page's blocks in order; the exit code of the first that fails."""
    text = page.read_text(encoding="utf-8")
    steps: list[list[str]] = [["bash", "-ec", line] for line in commands(text)]
    steps += [[sys.executable, "-c", code] for code in [script(text)] if code]
    with tempfile.TemporaryDirectory() as scratch:
        for name in ("data", "notebooks", "benchmarks"):
            if (ROOT / name).exists():
                (Path(scratch) / name).symlink_to(ROOT / name)
        for step in steps:
            print(f"$ {step[-1]}", flush=True)
            code = subprocess.run(step, cwd=scratch, env=environment, stdout=subprocess.DEVNULL).returncode
            if code:
                print(f"{page.name}: this failed with exit code {code}", file=sys.stderr)
                return code
    return 0


def main() -> int:
    """Run all pages; the exit code of the first that fails."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "MPLBACKEND": "Agg"}
    pages = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
    return next((code for page in pages if (code := run_page(page, environment))), 0)


if __name__ == "__main__":
    sys.exit(main())
