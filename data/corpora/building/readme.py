"""The tables in README.md, written from the manifest of what was built."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from building.store import write_atomically

_SOURCE_HEAD = (
    "| corpus | source | package | version | licence | documents | text, MB | duplicate or tiny "
    "| sha256 of the download |\n|---|---|---|---|---|---|---|---|---|\n"
)
_FILE_HEAD = "| file | documents | text, MB | sha256 |\n|---|---|---|---|\n"
_DROP_HEAD = "| corpus | train documents left out as near-duplicates of held-out text |\n|---|---|\n"

Record = dict[str, Any]
Manifest = dict[str, dict[str, Record]]


def load_manifest(path: Path) -> Manifest:
    """Records of earlier builds: group ("small" or "built"), then corpus."""
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def save_manifest(path: Path, manifest: Manifest) -> None:
    """Write the records, sorted, so that the same build gives the same bytes."""
    write_atomically(path, (json.dumps(manifest, indent=1, sort_keys=True) + "\n").encode())


def rewrite(readme: Path, manifest: Manifest) -> None:
    """Put fresh tables between the markers of every group; the rest of the page stays."""
    page = readme.read_text("utf-8")
    for group, records in manifest.items():
        start, end = f"<!-- tables: {group} -->", f"<!-- end: {group} -->"
        before, found, rest = page.partition(start)
        _, closed, after = rest.partition(end)
        if found and closed:
            page = f"{before}{start}\n{tables(records)}{end}{after}"
    write_atomically(readme, page.encode())


def tables(records: dict[str, Record]) -> str:
    """Sources, files and what was left out, as three tables."""
    sources, files, drops = "", "", ""
    for corpus, record in sorted(records.items()):
        sources += "".join(_source_row(corpus, row) for row in record["sources"])
        files += "".join(
            f"| {row['file']} | {row['documents']:,} | {row['bytes'] / 1e6:.2f} | `{row['sha256']}` |\n"
            for row in record["files"]
        )
        drops += f"| {corpus} | {record['near_duplicates']:,} |\n"
    return f"\n{_SOURCE_HEAD}{sources}\n{_FILE_HEAD}{files}\n{_DROP_HEAD}{drops}\n"


def _source_row(corpus: str, row: Record) -> str:
    cells = (
        corpus,
        row["name"],
        f"{row['manager']}: {row['package']}",
        row["version"],
        row["licence"],
        f"{row['documents']:,}",
        f"{row['bytes'] / 1e6:.2f}",
        f"{row['duplicates']:,}",
        f"`{row['sha256']}`",
    )
    return f"| {' | '.join(cells)} |\n"
