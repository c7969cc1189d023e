"""Document-level splits: stable, free of exact duplicates, and free of near-duplicates across the split."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

HELDOUT_SHARE = 0.05
SHINGLE_WORDS = 8
OVERLAP_LIMIT = 0.30
SMALLEST_BYTES = 200

_WORD = re.compile(r"\w+")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufeff\ufffd]")
_TRAILING = re.compile(r"[ \t]+$", re.MULTILINE)
_BLANK = re.compile(r"\n{3,}")


@dataclass(frozen=True)
class Split:
    """Train and held-out documents in source order, and how many near-duplicates of held-out text were dropped."""

    train: list[str]
    heldout: list[str]
    near_duplicates: int


def tidy(text: str) -> str:
    """NFC, Unix line ends, no control characters, no trailing blanks, at most one empty line in a row."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    return _BLANK.sub("\n\n", _TRAILING.sub("", _CONTROL.sub("", text))).strip("\n")


def place(text: str, salt: str = "split") -> float:
    """A number in 0..1 that depends on the text alone, so that new documents move no old one."""
    digest = hashlib.sha256(f"{salt}\0{text}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def size(documents: Iterable[str]) -> int:
    """Bytes of UTF-8 text."""
    return sum(len(document.encode()) for document in documents)


def unique(documents: Iterable[str], seen: set[bytes]) -> list[str]:
    """Tidy documents whose words are not in `seen` yet, which is added to; tiny documents are left out."""
    kept = []
    for document in map(tidy, documents):
        key = hashlib.sha256(" ".join(_words(document)).encode()).digest()
        if len(document.encode()) >= SMALLEST_BYTES and key not in seen:
            seen.add(key)
            kept.append(document)
    return kept


def cap(documents: Sequence[str], limit: int | None) -> list[str]:
    """Documents spread evenly over the source whose sizes add up to at most `limit` bytes, in source order."""
    if limit is None:
        return list(documents)
    chosen, total = set(), 0
    for index in sorted(range(len(documents)), key=lambda i: place(documents[i], "cap")):
        total += len(documents[index].encode())
        if total > limit:
            break
        chosen.add(index)
    return [document for index, document in enumerate(documents) if index in chosen]


def choose_heldout(documents: Sequence[str], share: float = HELDOUT_SHARE, least_bytes: int = 0) -> set[int]:
    """Indices of the documents below `share` on the hash scale, and the next ones until `least_bytes` is reached."""
    chosen: set[int] = set()
    total = 0
    for position, index in sorted((place(document), index) for index, document in enumerate(documents)):
        if position >= share and total >= least_bytes:
            break
        chosen.add(index)
        total += len(documents[index].encode())
    return chosen


def shingles(document: str) -> Iterator[str]:
    """Every run of eight words; a shorter document is one shingle."""
    words = _words(document)
    for start in range(max(1, len(words) - SHINGLE_WORDS + 1)):
        yield " ".join(words[start : start + SHINGLE_WORDS])


def overlap(document: str, known: set[str]) -> float:
    """The share of the document's distinct shingles that are among `known`."""
    own = set(shingles(document))
    return len(own & known) / len(own)


def split(sources: Sequence[Sequence[str]], share: float = HELDOUT_SHARE, least_bytes: int = 0) -> Split:
    """Split each source by hash, then drop train documents that share too much with held-out ones of any source."""
    train: list[str] = []
    heldout: list[str] = []
    for documents in sources:
        chosen = choose_heldout(documents, share, least_bytes)
        for index, document in enumerate(documents):
            (heldout if index in chosen else train).append(document)
    known = {shingle for document in heldout for shingle in shingles(document)}
    clean = [document for document in train if overlap(document, known) <= OVERLAP_LIMIT]
    return Split(clean, heldout, len(train) - len(clean))


def _words(document: str) -> list[str]:
    return _WORD.findall(document.lower())
