"""Makes a corpus into packed blocks: its sources tokenised, cut, arranged and cached."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from probes import config
from probes.corpus import files
from probes.corpus.shards import Encoder, Order, write_shard
from probes.corpus.sides import HELD_OUT, TRAIN, Sides, decided, require_both, too_little
from probes.mixture import Part, interleave
from probes.progress import Meter, Report, between, nobody
from probes.storage import digest, read_json, write_json
from scaling.errors import InputError
from scaling.storage import write_atomically

_PACK_SEED = 20240607  # fixes the order of blocks once for all runs; not a knob
_SIDES = {"train": TRAIN, "held_out": HELD_OUT}
_DECIDING = 0.3  # of the time that it takes to decide the sides and tokenise


@dataclass(frozen=True)
class Blocks:
    """One corpus, packed: `train` and `held_out` of shape (blocks, context), `hash` of what they hold.

    Training blocks lie one source after the other, as `parts` says; held-out blocks lie in the
    order of evaluation, so that the first ones of them have the sources at their shares.
    `near_duplicates` counts the training documents left out as such.
    """

    name: str
    train: NDArray[Any]
    held_out: NDArray[Any]
    hash: str
    parts: tuple[Part, ...]
    near_duplicates: int


def pack(
    corpus: config.Corpus,
    folder: Path,
    tokenizer: Tokenizer,
    end_id: int,
    context: int,
    cache: Path,
    sides: Path | None = None,
    report: Report = nobody,
) -> Blocks:
    """Tokenise, join with an end token after each document, cut into blocks; cached under `cache`.

    The blocks of a source are put in one fixed random order, so that a long document does not fill
    whole batches and every run, whatever its ratio, meets the same blocks in the same order.

    Args:
        sides: where the sides of the documents are cached; `cache` where it is not given.
        report: called with the fraction of the work that is done, up to 1.

    Raises:
        InputError: a file is missing, or there is less than one block of held-out or training text.
    """
    encoder = Encoder(_plain(tokenizer), end_id, context)
    identity = {
        **files.contents(corpus, folder),
        "shares": corpus.shares,
        "tokenizer": digest(json.loads(encoder.tokenizer.to_str())),
        "end": end_id,
        "context": context,
        "order": _PACK_SEED,
    }
    key = digest(identity)
    paths = {side: cache / f"{corpus.name}-{key}.{side}.npy" for side in _SIDES}
    notes = cache / f"{corpus.name}-{key}.json"
    if (kept := _kept(paths, notes)) is None:
        found = decided(corpus, folder, sides or cache, between(report, 0, _DECIDING))
        require_both(corpus, found)
        counts = _write(corpus, folder, encoder, found, paths, between(report, _DECIDING, 1))
        write_json(notes, {"near_duplicates": found.near_duplicates, "blocks": counts})
        kept = _kept(paths, notes)
    report(1.0)
    if kept is None:
        raise InputError(f"{cache}: another process removed packed files; start again")
    arrays, noted = kept
    parts = tuple(Part(*one) for one in zip(noted["blocks"]["train"], corpus.shares, strict=True))
    return Blocks(corpus.name, arrays["train"], arrays["held_out"], key, parts, noted["near_duplicates"])


def _kept(paths: dict[str, Path], notes: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]] | None:
    """What was packed before and the notes on it; None where any of it is missing."""
    try:
        return {side: open_blocks(path) for side, path in paths.items()}, read_json(notes)
    except FileNotFoundError:
        return None


def open_blocks(path: str | Path) -> NDArray[Any]:
    """Packed blocks of shape (blocks, context), memory-mapped; InputError where the file is damaged."""
    try:
        blocks: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise InputError(f"{path}: damaged; delete it and start again") from error
    return blocks


def _plain(tokenizer: Tokenizer) -> Tokenizer:
    """A copy that neither cuts documents short nor fills them up, as some tokenizers are set to."""
    own = Tokenizer.from_str(tokenizer.to_str())
    own.no_truncation()
    own.no_padding()
    return own


def _write(
    corpus: config.Corpus, folder: Path, encoder: Encoder, found: Sides, paths: dict[str, Path], report: Report
) -> dict[str, list[int]]:
    """Write both shards; the number of blocks of each source in the order of `paths`."""
    meter = Meter(sum(sum(found.count(side)) for side in _SIDES.values()), report)
    counts: dict[str, list[int]] = {}
    for name, path in paths.items():

        def texts(temporary: Path, name: str = name) -> None:
            sources = (meter.watch(found.texts(one, i, _SIDES[name], folder)) for i, one in enumerate(corpus.parts))
            counts[name] = write_shard(
                temporary, sources, encoder, lambda own: _arranged(corpus, name, own, encoder, found)
            )

        write_atomically(path, texts)
    return counts


def _arranged(corpus: config.Corpus, side: str, counts: Sequence[int], encoder: Encoder, found: Sides) -> Order:
    """The order of the blocks of all sources on one side; InputError where a source has none."""
    for number, count in enumerate(counts):
        if not count and (side == "held_out" or corpus.has_training_text):
            short = f": its {side.replace('_', '-')} text is shorter than one block of {encoder.context} tokens"
            raise too_little(corpus, number, found, short)
    starts = np.cumsum([0, *counts[:-1]])
    orders = [
        start + np.random.default_rng(_PACK_SEED).permutation(count)
        for start, count in zip(starts, counts, strict=True)
    ]
    return np.concatenate(orders) if side == "train" else at_shares(orders, corpus.shares)


def at_shares(orders: Sequence[Order], shares: Sequence[float]) -> Order:
    """Blocks of several sources at their shares, for as long as every source has one left when it is its turn."""
    source = interleave(shares, sum(map(len, orders)))
    turns = [np.flatnonzero(source == number) for number in range(len(orders))]
    ends = [int(turn[len(order)]) for turn, order in zip(turns, orders, strict=True) if len(turn) > len(order)]
    mixed = np.empty(min([len(source), *ends]), np.int64)
    for turn, order in zip(turns, orders, strict=True):
        mine = turn[turn < len(mixed)]
        mixed[mine] = order[: len(mine)]
    return mixed
