"""Tables, checksums and lists of files, told from prose: every line that is looked at must have the shape."""

import csv
import re

TABLES = {".csv": ",", ".tsv": "\t", ".tab": "\t", ".psv": "|"}
NAME = re.compile(r"[A-Za-z_][\w.\-]*")  # of a column; with a space behind the comma it may be prose
# columns of corpora; without one of them, rows of as many words may be a glossary, annotated text or a program
KNOWN = frozenset({
    "id", "text", "content", "body", "document", "title", "url", "source", "label",
    "lang", "language", "score", "date", "timestamp", "author", "name", "prompt", "response",
    "question", "answer", "instruction", "output", "input", "sentence", "abstract", "category", "domain",
    "split", "meta", "word", "count", "token", "rank", "key", "value",
})  # fmt: skip
ROWS = 3  # a header and so many in all make a table of a file that is not named one
LISTS = {
    "a list of checksums": (1, r"(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{56}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})"
                            r"(?:(?:  | \*|\t)\S.*)?|(?:MD5|SHA\d+) ?\(.+\) ?= ?[0-9a-f]+"),
    "a list of addresses": (1, r"(?:https?|ftp|s3|gs|hf)://\S+"),
    "a list of file names": (2, r"\S+\.(?:jsonl?|ndjson|parquet|arrow|txt|csv|tsv|gz|zst|xz|bz2)"),
}  # fmt: skip


def of(lines: list[str]) -> str:
    """What kind of list these lines are, which are not blank; empty where they may be text."""
    for what, (least, shape) in LISTS.items():
        pattern = re.compile(shape, re.IGNORECASE)
        if len(lines) >= least and all(pattern.fullmatch(line.strip()) for line in lines):
            return what
    return ""


def header(lines: list[str], suffix: str, cut: bool) -> list[str] | None:
    """The columns of a table; None for what may be text.

    Args:
        lines: those that are not blank, at the beginning of a file.
        suffix: of the file's name; it alone is enough where it is that of a table.
        cut: whether the file goes on behind these lines; then the last row may not be whole.
    """
    if suffix in TABLES:
        return [cell.strip() for cell in (_cells(lines, TABLES[suffix]) or [["nothing"]])[0]]
    tables = (_cells(lines, mark)[: -1 if cut else None] for mark in ",\t;")
    return next((rows[0] for rows in tables if _rectangular(rows)), None)


def _cells(lines: list[str], mark: str) -> list[list[str]]:
    try:
        return list(csv.reader(lines, delimiter=mark))
    except csv.Error:
        return []


def _rectangular(rows: list[list[str]]) -> bool:
    """Several columns with names, each another, over rows of as many cells."""
    heads = rows[0] if rows else []
    names = len(heads) > 1 and len(set(heads)) == len(heads) and all(map(NAME.fullmatch, heads))
    names = names and bool(KNOWN & {head.lower() for head in heads})
    return names and len(rows) >= ROWS and all(len(row) == len(heads) for row in rows)
