"""What is not text, and what to do about it: binary files by their first bytes, tables and lists by the shape of their lines.

A table, checksums or a list of files is refused only where every line that is looked at has the shape: prose must pass.
"""

import csv
import re

from probes.corpus.opening import compression

UNPACK = "unpack it and name the files in it"
EXTRACT = "extract its text first"
CONVERT = "convert it to parquet or JSONL"
STRAY = 1e-3  # of the bytes of a text may be zero by mistake
MAGIC = {
    b"PK\x03\x04": f"it looks like a ZIP archive or an office document; {UNPACK}",
    b"7z\xbc\xaf'\x1c": f"it looks like a 7z archive; {UNPACK}",
    b"Rar!\x1a\x07": f"it looks like a RAR archive; {UNPACK}",
    b"%PDF-": f"it looks like a PDF; {EXTRACT}",
    b"\xd0\xcf\x11\xe0": f"it looks like an office document; {EXTRACT}",
    b"ARROW1": "it looks like an Arrow file; save it as parquet or as an Arrow stream named .arrow",
    b"\xff\xff\xff\xff": "it looks like an Arrow stream; name it .arrow",
    b"\x89HDF": f"it looks like HDF5; {CONVERT}",
    b"\x93NUMPY": "it looks like a NumPy array; name text, which is tokenised here",
    b"SQLite format 3\x00": f"it looks like an SQLite database; {CONVERT}",
    b"Obj\x01": f"it looks like Avro; {CONVERT}",
    b"ORC": f"it looks like ORC; {CONVERT}",
    b"\xff\xfe": "it looks like UTF-16; convert it to UTF-8 (iconv -f UTF-16 -t UTF-8)",
    b"\xfe\xff": "it looks like UTF-16; convert it to UTF-8 (iconv -f UTF-16 -t UTF-8)",
    b"WARC/1.": f"it looks like a web archive (WARC); {EXTRACT}",
    b"<mediawiki": f"it looks like a MediaWiki dump; {EXTRACT}",
    b"version https://git-lfs": "it is a Git LFS pointer; fetch the file that it stands for (git lfs pull)",
}
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


def binary(start: bytes) -> str:
    """What a file of these first bytes looks like and what to do; empty for what may be text."""
    if compression(start):
        return "it is compressed twice; unpack it once"
    if start[257:262] == b"ustar":
        return f"it looks like a tar archive; {UNPACK}"
    known = next((what for magic, what in MAGIC.items() if start.startswith(magic) and _sure(magic, start)), "")
    return known or ("it looks like binary data; convert it to text" if start.count(0) > STRAY * len(start) else "")


def _sure(magic: bytes, start: bytes) -> bool:
    """Letters alone may begin a sentence; then a byte that is in no text must follow."""
    return not magic.isalnum() or b"\0" in start


def listing(lines: list[str]) -> str:
    """What kind of list these lines are, which are not blank; empty where they may be text."""
    for what, (least, shape) in LISTS.items():
        pattern = re.compile(shape, re.IGNORECASE)
        if len(lines) >= least and all(pattern.fullmatch(line.strip()) for line in lines):
            return what
    return ""


def table_header(lines: list[str], suffix: str, cut: bool) -> list[str] | None:
    """The columns of a table; None for what may be text.

    Args:
        lines: those that are not blank, at the beginning of a file.
        suffix: of the file's name; it alone is enough where it is that of a table.
        cut: whether the file continues after these lines; then the last row may not be whole.
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
