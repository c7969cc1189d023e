"""Gather the pages of the site in one folder: every page that is linked, with its links led to pages of the site.

The folder mirrors the checkout. The first page is README.md as `index.md`. A folder becomes its README or a list of its
files, a notebook the executed one, and any other text file a page that shows it.
"""

import os
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

PICTURES = (".png", ".svg", ".jpg")
FENCED = re.compile(r"^( *)(```+|~~~+).*?^ *\2|`[^`\n]+`", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
AWAY = re.compile(r"[a-z]+:|#|/")  # another place, or another heading of the page
LANGUAGES = {".py": "python", ".yaml": "yaml", ".json": "json", ".toml": "toml", ".sh": "bash", ".csv": "text"}


@dataclass
class Stage:
    """Pages of the checkout `root`, with notebooks as they stand in `executed`, gathered in `folder`."""

    root: Path
    executed: Path
    folder: Path
    done: set[Path] = field(default_factory=set)

    def add(self, path: Path) -> Path:
        """Gather a file or folder of the checkout, and what it links to; returns its page in the folder."""
        source, page = self.root / path, self.page(path)
        if path in self.done:
            return page
        self.done.add(path)
        to = self.folder / page
        to.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            self._list(path, to)
        elif path.suffix == ".md":
            to.write_text(self._led(source.read_text(encoding="utf-8"), path), encoding="utf-8")
        elif path.suffix == ".ipynb":
            self._notebook(path, to)
        elif path.suffix in PICTURES:
            shutil.copyfile(source, to)
        else:
            to.write_text(shown(path, source.read_text(encoding="utf-8")), encoding="utf-8")
        return page

    def page(self, path: Path) -> Path:
        """Where the page of a file or folder of the checkout lies in the folder."""
        if (self.root / path).is_dir():
            return path / "index.md"
        if path == Path("README.md"):
            return Path("index.md")
        if path.suffix in (".md", ".ipynb", *PICTURES):
            return path
        return path.with_name(f"{path.name}.md")

    def _list(self, path: Path, to: Path) -> None:
        """A page that lists the text files of a folder."""
        files = sorted(one for one in (self.root / path).iterdir() if one.suffix in (".md", ".txt"))
        pages = [self.add(one.relative_to(self.root)).name for one in files]
        names = "".join(f"- [{page.removesuffix('.md')}]({page})\n" for page in pages)
        to.write_text(f"---\norphan: true\n---\n\n# {path.as_posix()}\n\n{names}", encoding="utf-8")

    def _notebook(self, path: Path, to: Path) -> None:
        """An executed notebook, the links of its texts led to pages of the site."""
        notebook = nbformat.read(self.executed / path.name, as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                cell.source = self._led(cell.source, path, orphan=False)
        nbformat.write(notebook, to)

    def _led(self, text: str, path: Path, orphan: bool = True) -> str:
        """A page's text with its links led to pages of the site, code left as it is."""
        parts, end = [], 0
        for code in FENCED.finditer(text):
            parts += [self._links(text[end : code.start()], path), code.group()]
            end = code.end()
        led = "".join([*parts, self._links(text[end:], path)])
        return f"---\norphan: true\n---\n\n{led}" if orphan else led

    def _links(self, text: str, path: Path) -> str:
        def lead(match: re.Match[str]) -> str:
            name, hash_, anchor = match[1].partition("#")
            if AWAY.match(match[1]):
                return match[0]
            place = Path(os.path.normpath(path.parent / name))
            if place.parts[:1] == ("..",) or not (self.root / place).exists():
                return match[0]  # Sphinx refuses it
            place = place / "README.md" if (self.root / place / "README.md").exists() else place
            return f"]({os.path.relpath(self.add(place), path.parent)}{hash_}{anchor})"

        return LINK.sub(lead, text)


def shown(path: Path, text: str) -> str:
    """A page that shows a text file."""
    fence = "`" * max([3, *(len(one) + 1 for one in re.findall(r"`{3,}", text))])
    language = LANGUAGES.get(path.suffix, "text")
    return f"---\norphan: true\n---\n\n# {path.as_posix()}\n\n{fence}{language}\n{text}\n{fence}\n"


def sections(readme: str) -> dict[str, list[str]]:
    """Headings of docs/README.md with the first link of every row of their tables."""
    found: dict[str, list[str]] = {}
    for part in re.split(r"^## ", readme, flags=re.MULTILINE)[1:]:
        heading, _, rows = part.partition("\n")
        found[heading.strip()] = re.findall(r"^\| \[[^\]]*\]\(([^)]*)\)", rows, re.MULTILINE)
    return found
