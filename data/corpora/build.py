"""Makes the text corpora of the probes.

    python data/corpora/build.py small                       the small corpora that are kept in the repository
    python data/corpora/build.py all [--out DIR]             every large corpus
    python data/corpora/build.py general german [--out DIR]  the large corpora that are named

Large corpora go to `built/` beside this file unless --out says otherwise. Downloads are kept in `.cache/`. The same
packages give the same bytes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from building import readme, store
from building.clients import fetch, sha256_of
from building.model import BuildError, Corpus, Fetched, Source
from building.split import Split, cap, size, split, unique
from sources import LARGE, SMALL

HERE = Path(__file__).resolve().parent
CACHE = HERE / ".cache"
MANIFEST = "manifest.json"


def main(arguments: Sequence[str] | None = None) -> int:
    """Build what the command line asks for; 2 and one sentence on stderr when it cannot be done."""
    parsed = _parser().parse_args(arguments)
    try:
        corpora, group, out = _plan(parsed.corpora, parsed.out)
        for corpus in corpora:
            _record(group, out, corpus.name, build(corpus, out))
    except BuildError as error:
        print(f"build.py: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"build.py: {error.filename or 'a file'}: {error.strerror or error}.", file=sys.stderr)
        return 2
    return 0


def build(corpus: Corpus, out: Path) -> readme.Record:
    """Fetch, read, split and write one corpus; gives its record for the manifest."""
    seen: set[bytes] = set()
    texts, sources = [], []
    for source in corpus.sources:
        found = fetch(source, CACHE)
        raw = _documents(source, found)
        kept = unique(raw, seen)
        texts.append(cap(kept, source.cap))
        sources.append(_provenance(source, found, texts[-1], len(raw) - len(kept)))
    parts = split(texts, least_bytes=corpus.heldout_bytes)
    files = [_file(path) for path in _write(corpus, parts, out)]
    for row in files:
        print(f"{row['file']}: {row['documents']:,} documents, {row['bytes'] / 1e6:.2f} MB of text", flush=True)
    return {"sources": sources, "files": files, "near_duplicates": parts.near_duplicates}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Make the text corpora of the probes.")
    names = ", ".join(sorted(LARGE))
    parser.add_argument("corpora", nargs="+", metavar="CORPUS", help=f"small, all, or any of: {names}")
    parser.add_argument("--out", type=Path, help="folder for the files (small/ or built/ beside this script)")
    return parser


def _plan(names: Sequence[str], out: Path | None) -> tuple[list[Corpus], str, Path]:
    """The corpora to build, their group in the manifest and their folder."""
    if "small" in names:
        if len(names) > 1:
            raise BuildError("`small` stands alone; name the large corpora in a second command.")
        return list(SMALL.values()), "small", out or HERE / "small"
    wanted = list(LARGE) if "all" in names else list(dict.fromkeys(names))
    unknown = [name for name in wanted if name not in LARGE]
    if unknown:
        raise BuildError(f"there is no corpus {unknown[0]}; choose small, all, or any of {', '.join(sorted(LARGE))}.")
    return [LARGE[name] for name in wanted], "built", out or HERE / "built"


def _documents(source: Source, found: Fetched) -> list[str]:
    try:
        documents = list(source.read(found.folder))
    except (FileNotFoundError, ValueError, KeyError) as error:
        reason = f"{type(error).__name__}: {error}"
        message = f"{source.package} {found.version} is not laid out as {source.name} expects ({reason})."
        raise BuildError(message) from None
    if not documents:
        raise BuildError(f"{source.package} {found.version} holds no text where {source.name} looks for it.")
    return documents


def _write(corpus: Corpus, parts: Split, out: Path) -> list[Path]:
    # Only what is kept in the repository has to stay small; a large corpus is one file a split.
    largest = store.LARGEST_FILE if corpus.name in SMALL and out == HERE / "small" else None
    train = store.write_documents(parts.train, out, f"{corpus.name}.train", largest)
    return train + store.write_documents(parts.heldout, out, f"{corpus.name}.heldout", largest)


def _file(path: Path) -> readme.Record:
    documents = list(store.read_documents(path))
    return {"file": path.name, "documents": len(documents), "bytes": size(documents), "sha256": sha256_of(path)}


def _provenance(source: Source, found: Fetched, documents: Sequence[str], left_out: int) -> readme.Record:
    named = {key: getattr(source, key) for key in ("name", "package", "manager", "licence")}
    counts = {"documents": len(documents), "bytes": size(documents), "duplicates": left_out}
    return {**named, **counts, "version": found.version, "sha256": found.sha256}


def _record(group: str, out: Path, name: str, record: readme.Record) -> None:
    """Add a corpus to the manifest; the README follows only the builds in the usual places."""
    home = HERE if out == HERE / group else out
    manifest = readme.load_manifest(home / MANIFEST)
    manifest.setdefault(group, {})[name] = record
    readme.save_manifest(home / MANIFEST, manifest)
    if home == HERE:
        readme.rewrite(HERE / "README.md", manifest)


if __name__ == "__main__":
    sys.exit(main())
