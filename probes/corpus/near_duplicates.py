"""Near-duplicates: training documents that share too much with held-out ones, by runs of eight words.

A document is near where more than 30 % of its distinct shingles occur in held-out documents of the
same corpus; a shingle is eight words in a row, a shorter document is one shingle. Shingles are
compared by 64-bit hashes, so one in 10^12 may be taken for another.
"""

import re
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

WORDS = 8
LIMIT = 0.30
_WORD = re.compile(r"\w+")
_MIX = np.uint64(0x9E3779B97F4A7C15)  # odd, so that every word of a shingle counts with all its bits

Hashes = NDArray[np.uint64]


def shingles(text: str) -> Hashes:
    """Hashes of the shingles of a document, in order; they hold for this process alone."""
    words = _WORD.findall(text.lower())
    hashes = np.fromiter(map(hash, words), np.int64, len(words)).view(np.uint64)
    width = min(WORDS, len(words))
    count = len(words) - width + 1
    mixed = np.zeros(count, np.uint64)
    for offset in range(width):
        mixed = mixed * _MIX + hashes[offset : offset + count]
    return mixed


def gather(parts: Iterable[Hashes]) -> Hashes:
    """Several documents' shingles, each once, sorted."""
    return np.unique(np.concatenate([np.empty(0, np.uint64), *parts]))


def near(text: str, known: Hashes) -> bool:
    """Whether a document is too close to held-out text, whose shingles are `known` (from `gather`)."""
    return len(known) > 0 and overlap(text, known) > LIMIT


def overlap(text: str, known: Hashes) -> float:
    """The share of a document's distinct shingles that are among `known`, which is sorted and not empty."""
    own = shingles(text)
    if not _among(own, known).any():  # most documents, and the distinct ones need not be found
        return 0.0
    return float(_among(np.unique(own), known).mean())


def _among(own: Hashes, known: Hashes) -> NDArray[np.bool_]:
    places = np.searchsorted(known, own)
    found: NDArray[np.bool_] = known[np.minimum(places, len(known) - 1)] == own
    return found
