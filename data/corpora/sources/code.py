"""Python code: the standard library, and packages that are mostly Python."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from building.model import Source

# Tests are code of another kind, and the rest is generated tables or depends on the machine.
_SKIPPED = re.compile(
    r"(^|/)(tests?|idle_test|site-packages|dist-packages|__pycache__|encodings|config-[^/]*|_sysconfigdata[^/]*)(/|$)"
    r"|^pydoc_data/topics\.py$|^_sysconfigdata|^test_"
)
_LARGEST = 400_000


def read(folder: Path) -> Iterator[str]:
    """Source files in the order of their names."""
    for path in sorted(folder.rglob("*.py")):
        name = path.relative_to(folder).as_posix()
        if _SKIPPED.search(name) or path.stat().st_size > _LARGEST:
            continue
        try:
            yield path.read_text("utf-8")
        except UnicodeDecodeError:
            continue


STANDARD_LIBRARY = Source("python", "CPython standard library", "python", "PSF-2.0", read)
SYMPY = Source("sympy", "sympy", "pip", "BSD-3-Clause", read, pin="1.14.0")
DJANGO = Source("django", "django", "pip", "BSD-3-Clause", read, pin="5.2.19")
NETWORKX = Source("networkx", "networkx", "pip", "BSD-3-Clause", read, pin="3.6.1")
