"""Write docs/notes.md from the table of notes, or say with --check whether it is stale."""

import sys
from collections.abc import Mapping
from pathlib import Path

from pages import settle

from scaling.templates import SECTIONS

PAGE = Path(__file__).resolve().parent.parent / "docs" / "notes.md"
HEAD = """# Notes

Every note has a code, which programs can test. The commands' JSON has `"notes": [{"code", "text"}]` beside `warnings`. In
Python, `warnings` holds notes with `.code` and `.values`. Braces stand for values. The page is made from
`scaling/templates/`, which the report's planner writes its sentences from too. A note of an older file has the code `other`.
"""


def rows(section: Mapping[str, str]) -> str:
    """The table's lines."""
    return "".join(f"| `{code}` | {template} |\n" for code, template in section.items())


def main(arguments: list[str]) -> int:
    """0 where the page is as the table says, or is written; 1 where it is stale."""
    tables = (f"\n## {name}\n\n| code | text |\n|---|---|\n" + rows(section) for name, section in SECTIONS.items())
    return settle(PAGE, HEAD + "".join(tables), arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
