"""Translated manual pages: plain text out of the `man` macros."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from building.model import Source

from sources.markup import join_lines, read_text

# The closing section names translators and a licence, the same on every page.
_CLOSING = re.compile(r"^\.SH \"?(?:ÜBERSETZUNG|TRADUCTION)", re.MULTILINE)
_FONT = re.compile(r"\\f(?:\(..|\[[^\]]*\]|.)|\\s[-+]?\d+|\\[&,/|^%:]|\\c$")
_CHARACTER = re.compile(r"\\(?:\((..)|\[([^\]]+)\]|\*\((..)|(.))")
_NAMED = {
    "aq": "'", "dq": '"', "lq": "“", "rq": "”", "oq": "‘", "cq": "’", "em": "—", "en": "–", "bu": "•", "co": "©",
    "Fo": "«", "Fc": "»", "bq": "‚", "Bq": "„", "rs": "\\", "ha": "^", "ti": "~", "hy": "-", "mc": "µ",
}  # fmt: skip
_SINGLE = {"-": "-", "e": "\\", "(": "(", " ": " ", "~": " ", "0": " ", "'": "'", "`": "`", '"': ""}
_MACRO = re.compile(r"^[.'][ \t]*([A-Za-z]+)[ \t]*(.*)$")
_TEXT_MACROS = frozenset({"B", "I", "BR", "BI", "IB", "RB", "IR", "RI", "SM", "SB"})
_BREAK_MACROS = frozenset({"PP", "P", "LP", "TP", "TQ", "IP", "sp", "br", "RS", "RE", "nf", "fi"})


def _escape(match: re.Match[str]) -> str:
    name = match[1] or match[2] or match[3]
    return _NAMED.get(name, "") if name else _SINGLE.get(match[4], match[4])


def _inline(text: str) -> str:
    return _CHARACTER.sub(_escape, _FONT.sub("", text))


def _arguments(text: str, between: str) -> str:
    words = re.findall(r'"((?:[^"]|"")*)"|(\S+)', text)
    return between.join(quoted or plain for quoted, plain in words)


def _line(line: str) -> str:
    """One input line as text; macros that carry no words become line breaks or nothing."""
    match = _MACRO.match(line)
    if not match:
        return f"{_inline(line)} " if line.strip() else "\n"
    macro, rest = match.groups()
    if macro in {"SH", "SS"}:
        return f"\n\n{_inline(_arguments(rest, ' '))}\n"
    if macro in _TEXT_MACROS:
        # Two-font macros set their arguments without blanks between them.
        return f"{_inline(_arguments(rest, ' ' if len(macro) == 1 else ''))} "
    if macro == "IP":
        return f"\n{_inline(_arguments(rest, ' ').rsplit(' ', 1)[0])} "
    return "\n" if macro in _BREAK_MACROS else ""


def page_text(page: str) -> str:
    """Text of a page in `man` macros."""
    body = _CLOSING.split(page)[0]
    text = "".join(_line(line) for line in body.split("\n") if not line.startswith(('.\\"', "'\\\"")))
    return join_lines(re.sub(r" {2,}", " ", text))


def _reader(language: str) -> Callable[[Path], Iterator[str]]:
    def read(folder: Path) -> Iterator[str]:
        for path in sorted(folder.glob(f"usr/share/man/{language}/man*/*.gz")):
            page = read_text(path)
            # Pages in the other macro set, mdoc, are few and would need a second translator.
            if "\n.Dd " not in page and not page.startswith(".so"):
                yield page_text(page)

    return read


GERMAN_PAGES = Source("manpages-de", "manpages-de", "apt", "GPL-3+ and others, per page", _reader("de"))
FRENCH_PAGES = Source("manpages-fr", "manpages-fr", "apt", "GPL-3+ and others, per page", _reader("fr"))
