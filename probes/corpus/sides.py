"""Decides which documents of a corpus are trained on and which are held out; one sentence where either are too few.

The documents are passed twice, one at a time: once for their hashes, which find repetitions and the
held-out side, once for near-duplicates of held-out text. What is kept in memory is 16 bytes and
their bookkeeping (about 100 bytes) per distinct document, the shingles of the held-out text (8 bytes per
word), and one byte per document for the answer.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from probes import config
from probes.corpus import files, near_duplicates, readers
from probes.progress import Meter, Report, between, nobody
from probes.storage import digest
from scaling.errors import InputError
from scaling.storage import write_atomically

OUT, TRAIN, HELD_OUT, NEAR = range(4)  # OUT: empty, or the same text as an earlier document
HASHING = 0.3  # of the time that both passes take
FEW = 100  # documents; of fewer a larger share helps little

Codes = NDArray[np.uint8]


@dataclass(frozen=True)
class Sides:
    """For each source a code a document, in reading order: of its training files and of its held-out files."""

    train: list[Codes]
    held_out: list[Codes]

    @property
    def near_duplicates(self) -> int:
        """Training documents left out since they share too much with held-out text."""
        return sum(int((codes == NEAR).sum()) for codes in self.train)

    def texts(self, source: config.Text, number: int, side: int, folder: Path) -> Iterator[str]:
        """The documents of the `number`-th source that are on one side: TRAIN or HELD_OUT."""
        for paths, codes in (
            (files.held_out_files(source, folder), self.held_out[number]),
            (files.train_files(source, folder), self.train[number]),
        ):
            if (codes == side).any():
                yield from (text for text, code in _coded(paths, source, codes) if code == side)

    def count(self, side: int) -> list[int]:
        """Documents on one side, for each source."""
        return [
            int((one == side).sum() + (two == side).sum()) for one, two in zip(self.train, self.held_out, strict=True)
        ]


def decided(corpus: config.Corpus, folder: Path, cache: Path, report: Report = nobody) -> Sides:
    """The sides of a corpus; cached under a hash of its contents and of how they are split."""
    path = cache / f"{digest(files.contents(corpus, folder))}.sides.npz"
    if (found := _kept(path, len(corpus.parts))) is None:
        found = decide(corpus, folder, report)
        named = {f"train_{i}": codes for i, codes in enumerate(found.train)}
        named |= {f"held_out_{i}": codes for i, codes in enumerate(found.held_out)}
        write_atomically(path, lambda temporary: _save(temporary, named))
    report(1.0)
    return found


def _kept(path: Path, parts: int) -> Sides | None:
    """What was decided before; None where it is not there."""
    try:
        with np.load(path, allow_pickle=False) as kept:
            return Sides(*([kept[f"{side}_{i}"] for i in range(parts)] for side in ("train", "held_out")))
    except FileNotFoundError:
        return None
    except (ValueError, EOFError, KeyError, BadZipFile) as error:
        raise InputError(f"{path}: damaged; delete it and start again") from error


def _save(temporary: Path, named: dict[str, Any]) -> None:
    with temporary.open("wb") as handle:  # np.savez would add a suffix to the name
        np.savez(handle, allow_pickle=False, **named)


def decide(corpus: config.Corpus, folder: Path, report: Report = nobody) -> Sides:
    """Read a corpus and decide the side of each document.

    A document counts once in a corpus, where it comes first, held-out files before all others; so
    none is on both sides. Near-duplicates of held-out text are left out of the training side.
    """
    first = _First(corpus.near_duplicates)
    paths = [(files.train_files(part, folder), files.held_out_files(part, folder)) for part in corpus.parts]
    size = sum(file.stat().st_size for both in paths for path in (*both[0], *both[1]) for file in readers.files(path))
    meter = Meter(size, between(report, 0, HASHING if corpus.near_duplicates else 1))

    def codes(paths: list[Path], part: config.Text, fraction: float) -> Codes:
        sides = bytearray()
        for path in paths:
            sides.extend(first.side(text, fraction) for text in files.read([path], part))
            meter.add(sum(file.stat().st_size for file in readers.files(path)))
        return np.frombuffer(sides, np.uint8).copy()

    held_out = [codes(own[1], part, 1.0) for part, own in zip(corpus.parts, paths, strict=True)]
    train = [
        codes(own[0], part, 0.0 if part.held_out else part.held_out_fraction)
        for part, own in zip(corpus.parts, paths, strict=True)
    ]
    if corpus.near_duplicates:
        known = near_duplicates.gather(first.shingles)
        meter = Meter(sum(map(len, train)), between(report, HASHING, 1))
        for part, own, sides in zip(corpus.parts, paths, train, strict=True):
            _leave_out_near(meter.watch(_coded(own[0], part, sides)), sides, known)
    return Sides(train, held_out)


class _First:
    """Documents by the hash of their text: the side of a new one; held-out ones leave their shingles."""

    def __init__(self, keep_shingles: bool) -> None:
        self.keep_shingles = keep_shingles
        self.seen: set[bytes] = set()
        self.shingles: list[near_duplicates.Hashes] = []

    def side(self, text: str, held_out_fraction: float) -> int:
        """OUT, or held out where the hash as a number in [0, 1) lies below a fraction; no other document matters."""
        key = hashlib.sha256(text.encode()).digest()
        if key[:16] in self.seen or not text.strip():
            return OUT
        self.seen.add(key[:16])
        if int.from_bytes(key[:6]) / 256**6 >= held_out_fraction:
            return TRAIN
        if self.keep_shingles:
            self.shingles.append(np.unique(near_duplicates.shingles(text)))
        return HELD_OUT


def _leave_out_near(documents: Iterable[tuple[str, int]], sides: Codes, known: near_duplicates.Hashes) -> None:
    for number, (text, side) in enumerate(documents):
        if side == TRAIN and near_duplicates.near(text, known):
            sides[number] = NEAR


def _coded(paths: list[Path], source: config.Text, codes: Codes) -> Iterator[tuple[str, int]]:
    """Documents with their codes; InputError where they are not as many as before."""
    try:
        yield from zip(files.read(paths, source), codes.tolist(), strict=True)
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{paths[0]}: changed while it was read; start again") from error


def require_both(corpus: config.Corpus, found: Sides) -> None:
    """InputError where a source has no document to be held out or to train on."""
    for number in range(len(corpus.parts)):
        if not found.count(HELD_OUT)[number]:
            raise too_little(corpus, number, found, ": no document is held out")
        if corpus.has_training_text and not found.count(TRAIN)[number]:
            raise too_little(corpus, number, found, ": no document is left to train on")


def too_little(corpus: config.Corpus, number: int, found: Sides, what: str) -> InputError:
    """The sentence: what is wrong with the `number`-th source (`what` follows its name), how many documents it
    has, and the cure."""
    which = f"corpus {corpus.name!r}" + (f", source {number + 1}" if len(corpus.parts) > 1 else "")
    held, train = found.count(HELD_OUT)[number], found.count(TRAIN)[number]
    left = sum(int((codes == OUT).sum() + (codes == NEAR).sum()) for codes in (found.train[number],))
    some = f"; {left} are empty, the same as others or near-duplicates of held-out text" if left else ""
    have = f"{held} of {_documents(held + train + left)} held out"
    return InputError(f"{which}{what} ({have}{some}): {_cure(corpus.parts[number], held, train)}")


def _cure(part: config.Text, held: int, train: int) -> str:
    if part.held_out:
        return "name more files under held_out" if train else "name other files under train than under held_out"
    if held + train >= FEW:
        return "raise held_out_fraction, or name more text under train or held_out"
    if part.separator is not None and held + train <= 1:
        return f"the separator {part.separator!r} hardly occurs; give the one that stands between documents, or name held_out"
    return "name held_out, give text files a `separator`, or write JSONL with one document per line"


def _documents(count: int) -> str:
    return f"{count} document" + ("" if count == 1 else "s")
