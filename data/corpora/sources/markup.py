"""Plain text out of HTML, XML and files of unknown encoding."""

from __future__ import annotations

import gzip
import html
import re
from html.parser import HTMLParser
from pathlib import Path

_BLOCK = re.compile(r"p|div|[uod]l|li|d[td]|table|tr|h[1-6]|pre|blockquote|br|hr|section|article|title")
_SILENT = re.compile(r"head|script|style|nav|noscript|svg|form|button|header|footer|aside")
# Navigation and tables of contents of DocBook and Publican pages.
_SILENT_CLASSES = frozenset({"navheader", "navfooter", "docnav", "toc"})
_TAG = re.compile(r"<!--.*?-->|<[^>]+>", re.DOTALL)


class _Text(HTMLParser):
    """Collects visible text. A silent element swallows everything up to its own end tag."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent_tag = ""
        self._depth = 0
        self._literal = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._silent_tag:
            self._depth += tag == self._silent_tag
        elif _SILENT.fullmatch(tag) or _SILENT_CLASSES.intersection((dict(attrs).get("class") or "").split()):
            self._silent_tag, self._depth = tag, 1
        else:
            self._literal += tag == "pre"
            self._break(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._silent_tag:
            self._literal = max(0, self._literal - (tag == "pre"))
            self._break(tag)
        elif tag == self._silent_tag:
            self._depth -= 1
            if self._depth == 0:
                self._silent_tag = ""

    def handle_data(self, data: str) -> None:
        if not self._silent_tag:
            self.parts.append(data if self._literal else re.sub(r"\s+", " ", data))

    def _break(self, tag: str) -> None:
        if _BLOCK.fullmatch(tag):
            self.parts.append("\n")


def html_text(page: str) -> str:
    """The visible text of an HTML page, one block a line."""
    parser = _Text()
    parser.feed(page)
    parser.close()
    return join_lines("".join(parser.parts))


def strip_tags(text: str) -> str:
    """Text without inline tags and with entities resolved."""
    return html.unescape(_TAG.sub("", text))


def join_lines(text: str) -> str:
    """No blanks at line ends, no indent except that of code, no empty lines in a row."""
    lines = [line.rstrip() if line.startswith("    ") else line.strip() for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def read_text(path: Path) -> str:
    """Text with Unix line ends, unpacked where it is gzip; files that are not UTF-8 are taken as Latin-1."""
    content = path.read_bytes()
    if content.startswith(b"\x1f\x8b"):
        content = gzip.decompress(content)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n")
