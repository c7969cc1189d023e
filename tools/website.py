"""Build the site from README.md, docs/, the notebooks executed in out/notebooks, and docstrings: `python tools/website.py`.

It is written to out/site. Sphinx reads docs/conf.py; every warning is an error, and so is a link that leads nowhere.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from importlib import import_module
from inspect import isclass, isfunction
from pathlib import Path

from sphinx.cmd.build import build_main
from staging import Stage, sections

import scaling

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "out" / "site"
# what a reader may import beside the names of `scaling` itself
MODULES = ("scaling.plot", "scaling.laws")


def tree(caption: str, pages: list[str]) -> str:
    """A part of the navigation."""
    lines = "\n".join(os.path.splitext(page)[0] for page in pages)
    return f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{lines}\n```\n"


def gather(root: Path, executed: Path, folder: Path) -> None:
    """Put the pages into an empty folder; docs/README.md orders the navigation, and pages it lacks come last."""
    stage = Stage(root, executed, folder)
    stage.add(Path("README.md"))
    parts = sections((root / "docs" / "README.md").read_text(encoding="utf-8"))
    named = {title: [os.path.normpath(f"docs/{page}") for page in pages] for title, pages in parts.items()}
    ordered = [page for pages in named.values() for page in pages]
    others = {f"docs/{path.name}" for path in (root / "docs").glob("*.md")} - {"docs/README.md", *ordered}
    for path in (*ordered, *sorted(others), "docs/README.md"):
        stage.add(Path(path))
    if others:
        named["More"] = sorted(others)
    named["Reference"] = reference(folder)
    with (folder / "index.md").open("a", encoding="utf-8") as index:
        index.writelines(tree(title, pages) for title, pages in named.items() if pages)


def members(module: str) -> Iterator[str]:
    """The public functions and classes of a module, as autodoc's directives."""
    loaded = import_module(module)
    for name in scaling._WHERE.get(module, getattr(loaded, "__all__", ())):
        value, path = getattr(loaded, name), f"scaling.{name}" if module in scaling._WHERE else f"{module}.{name}"
        if isclass(value):
            yield f".. autoclass:: {path}\n   :members:\n"
        elif isfunction(value):
            yield f".. autofunction:: {path}\n"


def reference(folder: Path) -> list[str]:
    """Write a page of the reference for every module with public names; returns the pages."""
    (folder / "api").mkdir(parents=True)
    pages = []
    for module in (*scaling._WHERE, *MODULES):
        names = "\n".join(members(module))
        text = f"{module}\n{'=' * len(module)}\n\n.. automodule:: {module}\n   :no-members:\n\n{names}"
        pages.append(f"api/{module}.rst")
        (folder / pages[-1]).write_text(text, encoding="utf-8")
    return pages


def build(root: Path, executed: Path, site: Path) -> int:
    """Build the site of a checkout anew; 0 where nothing was amiss."""
    missing = {path.name for path in (root / "notebooks").glob("*.ipynb")} - {
        path.name for path in executed.glob("*.ipynb")
    }
    if missing:
        names = ", ".join(sorted(missing))
        print(
            f"the site shows executed notebooks, and {names} was not executed; run `make notebooks` first",
            file=sys.stderr,
        )
        return 1
    pages = site.with_name(f"{site.name}-pages")
    for folder in (site, pages):
        shutil.rmtree(folder, ignore_errors=True)
    pages.mkdir(parents=True)
    gather(root, executed, pages)
    made = f"{pages}/.made"
    return build_main(["-q", "-W", "--keep-going", "-E", "-c", str(ROOT / "docs"), "-d", made, str(pages), str(site)])


def main() -> int:
    """Build the site of this checkout; 0 where nothing was amiss."""
    code = build(ROOT, ROOT / "out" / "notebooks", SITE)
    print(f"{SITE.relative_to(ROOT)}/index.html" if code == 0 else "the site has faults, listed above")
    return code


if __name__ == "__main__":
    sys.exit(main())
