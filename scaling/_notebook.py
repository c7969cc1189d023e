"""Tables and notes as HTML for notebooks: every text escaped, and no colours of our own, so that light and dark pages do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

_LINE = "border-bottom:1px solid;border-color:currentColor"
_CELL = "padding:2px 10px 2px 0;text-align:{};vertical-align:top;background:none;color:inherit"


def block(title: str, *parts: str) -> str:
    """A heading and parts that are HTML already."""
    return f'<div style="color:inherit"><p style="margin:0 0 4px"><b>{escape(title)}</b></p>{"".join(parts)}</div>'


def line(text: str, faint: bool = False) -> str:
    """A line of plain text."""
    return f'<p style="margin:0 0 4px{";opacity:0.7" if faint else ""}">{escape(text)}</p>'


def code(text: str) -> str:
    """A formula in plain text."""
    return f'<p style="margin:0 0 4px"><code style="background:none;color:inherit">{escape(text)}</code></p>'


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    """A table of plain texts; `numbers` are the columns that stand to the right."""
    sides = ["right" if j in numbers else "left" for j in range(len(heads))]
    top = _row("th", heads, [f"{_CELL.format(side)};{_LINE}" for side in sides])
    body = "".join(_row("td", row, [_CELL.format(side) for side in sides]) for row in rows)
    look = "border-collapse:collapse;border:none;margin:2px 0 6px;background:none;color:inherit"
    return f'<table style="{look}"><thead>{top}</thead><tbody>{body}</tbody></table>'


def _row(tag: str, cells: Sequence[str], looks: Sequence[str]) -> str:
    parts = (f'<{tag} style="{look}">{escape(cell)}</{tag}>' for cell, look in zip(cells, looks, strict=True))
    return f"<tr>{''.join(parts)}</tr>"


def notes(sentences: Iterable[str]) -> str:
    """Warnings as a list; nothing where there are none."""
    items = "".join(f"<li>{escape(one)}</li>" for one in sentences)
    return f'<ul style="margin:0 0 6px;padding-left:1.4em;opacity:0.85">{items}</ul>' if items else ""
