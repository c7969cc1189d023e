"""Write docs/notes.md from the table of notes, or say with --check whether it is stale."""

import sys
from pathlib import Path

from scaling.notes import TEMPLATES

PAGE = Path(__file__).resolve().parent.parent / "docs" / "notes.md"
HEAD = """# Notes

Every note of a plan has a code. Programs test it: `scaling plan --json` has `"notes": [{"code", "text"}]`, and in Python
`plan.warnings` holds notes with `.code` and `.values`. Braces hold values. The page is made from `scaling/notes.py`, which the
report's planner writes its sentences from too. A sentence that has no code yet is `other`.

| code | text |
|---|---|
"""


def main(arguments: list[str]) -> int:
    """0 where the page is as the table says, or is written; 1 where it is stale."""
    text = HEAD + "".join(f"| `{code}` | {template} |\n" for code, template in TEMPLATES.items())
    if "--check" not in arguments:
        PAGE.write_text(text, encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
        print("docs/notes.md is not what the table says; `make docs` writes it again", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
