"""Manuals and books of Debian in English, German and French, one document a page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from building.model import Source

from sources.markup import html_text, join_lines, read_text, strip_tags

_INFO = re.compile(r"<info\b.*?</info>", re.DOTALL)
_ELEMENT_SPACE = re.compile(r"\s*\n\s*")
# A link keeps its words; bold and italic marks go.
_MARKDOWN_LINK = re.compile(r"\[([^\[\]]*)\]\([^()]*\)")
_MARKDOWN_MARK = re.compile(r"\*\*|(?<!\w)_|_(?!\w)")
_TRANSLATIONS = "translations"

_Pages = Callable[[Path], Iterator[str]]


def html_pages(pattern: str, start: str = "") -> _Pages:
    """Reader of HTML pages; what comes before `start` in a page is its frame."""

    def read(folder: Path) -> Iterator[str]:
        for path in sorted(folder.glob(pattern)):
            page = read_text(path)
            yield html_text(page[max(0, page.find(start)) :])

    return read


def help_pages(language: str) -> _Pages:
    """Reader of Mallard pages, the XML of GNOME's help."""

    def read(folder: Path) -> Iterator[str]:
        for path in sorted(folder.glob(f"usr/share/help/{language}/*/*.page")):
            page = _INFO.sub("", read_text(path))
            blocks = re.split(r"</(?:p|title|item)>", page)
            yield join_lines("\n".join(_ELEMENT_SPACE.sub(" ", strip_tags(block)).strip() for block in blocks))

    return read


def _markdown(folder: Path) -> Iterator[str]:
    for path in sorted(folder.glob("usr/share/doc/anarchism/markdown/*.md*")):
        yield _MARKDOWN_MARK.sub("", _MARKDOWN_LINK.sub(r"\1", read_text(path)))


def _kernel(folder: Path) -> Iterator[str]:
    for path in sorted(folder.glob("usr/share/doc/*/Documentation/**/*.rst*")):
        if _TRANSLATIONS not in path.parts:
            yield read_text(path)


def _office(language: str) -> _Pages:
    return html_pages(f"usr/share/libreoffice/help/{language}/text/**/*.html", '<div id="DisplayArea"')


def _handbook(language: str) -> _Pages:
    return html_pages(f"usr/share/doc/debian-handbook/html/{language}/*.html", '<ul class="docnav')


def _installation(language: str) -> _Pages:
    return html_pages(f"usr/share/doc/installation-guide-amd64/{language}/*.html")


def _several(language: str, office: str, handbook: str, help_language: str) -> tuple[Source, ...]:
    """The manuals that exist in every language; `office`, `handbook`, ... are how each of them names it."""
    named = (
        ("libreoffice-help", f"libreoffice-help-{office.lower()}", "MPL-2.0", _office(office)),
        ("debian-handbook", "debian-handbook", "GPL-2+ or CC-BY-SA-3.0", _handbook(handbook)),
        ("debian-reference", f"debian-reference-{language}", "GPL-2+", html_pages("usr/share/debian-reference/*.html")),
        ("installation-guide", "installation-guide-amd64", "GPL-2+", _installation(language)),
        ("gnome-help", "gnome-user-docs", "CC-BY-SA-3.0", help_pages(help_language)),
    )
    return tuple(Source(f"{name}-{language}", package, "apt", licence, read) for name, package, licence, read in named)


ENGLISH = _several("en", "en-US", "en-US", "C")
GERMAN = _several("de", "de", "de-DE", "de")
FRENCH = _several("fr", "fr", "fr-FR", "fr")
ANARCHISM = Source("anarchism", "anarchism", "apt", "GPL-2 (per the package; upstream also GFDL)", _markdown)
KERNEL = Source("linux-doc", "linux-doc-6.1", "apt", "GPL-2", _kernel, cap=14_000_000)
POSTGRESQL = Source(
    "postgresql-doc",
    "postgresql-doc-15",
    "apt",
    "PostgreSQL licence",
    html_pages("usr/share/doc/postgresql-doc-15/html/*.html"),
)
