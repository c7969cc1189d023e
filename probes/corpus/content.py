"""What a file contains, judged by its beginning: JSON records, parquet, text, or something that is refused.

Content decides, since the two commonest corpora are JSON lines named `.json.gz`. What is refused must be told apart from
prose and source code for certain: a file is text unless all that is looked at speaks against it.
"""

import json
import re
from codecs import getincrementaldecoder
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Self

from probes.corpus import not_text
from probes.corpus.opening import ENCODING, bare_suffix, head, not_utf8, open_text
from scaling.errors import InputError

TEXT, LINES, ARRAY, PARQUET, REFUSED = "text", "jsonl", "json_array", "parquet", "refused"
HEAD = 2**16  # bytes that are looked at; the first lines may be longer
ROWS, ENOUGH, LONGEST = 20, 2**20, 2**26  # lines looked at, characters that make two of them enough, of a line
JSON_NAMES = (".json", ".jsonl", ".ndjson")
PLAIN_NAMES = ("", ".txt", ".text", ".dat", ".data")  # that say nothing of a format
KEY = re.compile(r'\{(\s*)"(?:[^"\\]|\\.)*"\s*:')
ESCAPE = "set `format: text` to read it as it is"


@dataclass(frozen=True)
class Look:
    """A `kind`, one of those above; where it is REFUSED, what it looks like and what to do."""

    kind: str
    why: str = ""


def look(path: Path) -> Look:
    """What a file contains. InputError where it cannot be read at all."""
    try:
        status = path.stat()
    except OSError as error:
        raise InputError(f"{path}: no such corpus file") from error
    return _look(path, (status.st_ino, status.st_size, status.st_mtime_ns))


def require_text(path: Path) -> None:
    """InputError where a file is neither text nor anything else that is understood."""
    if (seen := look(path)).kind == REFUSED:
        raise InputError(f"{path}: {seen.why}")


@dataclass(frozen=True)
class _Start:
    """The beginning of a file: its text without white space before it, its lines that are not blank, whether there is more."""

    path: Path
    suffix: str
    text: str
    lines: list[str]
    cut: bool

    @classmethod
    def of(cls, path: Path, start: bytes) -> Self:
        """Decoded, which may raise; the last line is left out where it may be cut."""
        cut = len(start) == HEAD
        text = getincrementaldecoder(ENCODING)().decode(start, final=not cut)
        lines = [line for line in text.splitlines(keepends=True) if line.strip()]
        return cls(path, bare_suffix(path), text.lstrip(), lines[:-1] if cut and len(lines) > 1 else lines, cut)

    @property
    def plain(self) -> bool:
        """Whether the name says nothing of a format."""
        return self.suffix in PLAIN_NAMES or self.suffix[1:2].isdigit()


@lru_cache(maxsize=2**16)
def _look(path: Path, version: tuple[int, ...]) -> Look:
    """A file's look does not change while its `version` does not."""
    start = head(path, HEAD)
    if start.startswith(b"PAR1"):
        return Look(PARQUET)
    if what := not_text.binary(start):
        return Look(REFUSED, f"cannot be read as text: {what}")
    kinds: tuple[Callable[[_Start], Look | None], ...] = (_json_lines, _array, _json, _table, _list)
    try:
        given = _Start.of(path, start)
    except UnicodeDecodeError as error:
        return Look(REFUSED, not_utf8(error))
    return next((found for kind in kinds if (found := kind(given))), Look(TEXT))


def _json_lines(start: _Start) -> Look | None:
    """Most of the first lines are JSON objects; with a name that says JSON the first one is enough."""
    if not start.text.startswith("{"):
        return Look(LINES) if not start.text and start.suffix in JSON_NAMES else None
    records = [isinstance(record := _decoded(line), dict) and bool(record) for line in _first_lines(start.path)]
    if start.suffix in JSON_NAMES and records[:1] == [True]:
        return Look(LINES)
    several = len(records) > 1 or start.plain  # one line of JSON in a file of another kind is that kind's own
    return Look(LINES) if several and 2 * sum(records) > len(records) else None


def _first_lines(path: Path) -> list[str]:
    """The first lines that are not blank, whole however long they are."""
    found: list[str] = []
    with open_text(path) as handle:
        for line in islice(iter(lambda: handle.readline(LONGEST), ""), 10 * ROWS):
            found += [line] if line.strip() else []
            if len(found) == ROWS or (len(found) > 1 and sum(map(len, found)) > ENOUGH):
                break
    return found


def _decoded(line: str) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _array(start: _Start) -> Look | None:
    """An array whose first element is an object, which may be longer than what is seen in a file that is named JSON."""
    if not start.text.startswith("["):
        return None
    inside = start.text[1:].lstrip()
    if start.suffix in JSON_NAMES and (inside.startswith("]") or KEY.match(inside)):
        return Look(ARRAY)
    if start.plain and start.cut and KEY.match(inside):  # a first object that continues after what is seen
        return Look(ARRAY)
    if not start.plain:  # a program may begin with a list
        return None
    rest = _behind_object(inside)
    return Look(ARRAY) if rest is not None and rest[:1] in (",", "]") else None


def _behind_object(text: str) -> str | None:
    """What stands behind the JSON object that text begins with; None where it begins with none, or an empty one."""
    try:
        value, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return None
    return text[end:].lstrip() if isinstance(value, dict) and value else None


def _json(start: _Start) -> Look | None:
    """JSON that is not one record per line, and what is named JSON and is not."""
    suffix = start.suffix
    if suffix in (".jsonl", ".ndjson"):  # its reader says which row is not JSON
        return Look(LINES)
    key = KEY.match(start.text)
    if key and (suffix == ".json" or (start.plain and _only_objects(start, key[1]))):
        why = "looks like JSON objects that are not one per line"
        return Look(REFUSED, f"{why}: write JSONL with one document per line (jq -c . FILE), or {ESCAPE}")
    if suffix == ".json":
        why = "is named .json, but contains no JSON objects"
        return Look(REFUSED, f"{why}: write JSONL with one document per line, or {ESCAPE}")
    return None


def _only_objects(start: _Start, space: str) -> bool:
    """Whether nothing but objects is seen; one that continues after what is seen has its keys on separate lines."""
    rest = _behind_object(start.text)
    return start.cut and "\n" in space if rest is None else rest[:1] in ("", "{")


def _table(start: _Start) -> Look | None:
    """A table by its name, or by a header and rows of as many cells."""
    header = not_text.table_header(start.lines, start.suffix, start.cut)
    if header is None:
        return None
    what = f"looks like a table with the columns {', '.join(header[:20])}"
    return Look(REFUSED, f"{what}: convert it to parquet or JSONL, or {ESCAPE}")


def _list(start: _Start) -> Look | None:
    """Checksums, addresses and file names, which stand for text and are none."""
    what = not_text.listing(start.lines)
    return Look(REFUSED, f"looks like {what}, not text: name the files themselves, or {ESCAPE}") if what else None
