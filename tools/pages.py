"""A page that a script makes: written, or with --check held against what the script would write."""

import sys
from pathlib import Path


def settle(page: Path, text: str, arguments: list[str]) -> int:
    """Write `text` to `page`. With --check write nothing: 0 where the page has this text, 1 where it is stale."""
    if "--check" not in arguments:
        page.write_text(text, encoding="utf-8")
    elif not page.exists() or page.read_text(encoding="utf-8") != text:
        print(f"{page.parent.name}/{page.name} is stale; write it again with `make docs`", file=sys.stderr)
        return 1
    return 0
