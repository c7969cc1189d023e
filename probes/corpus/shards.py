"""Writes the tokens of many documents to disk as they come, and puts the blocks in order at the end.

Neither text nor tokens are kept in memory beyond one batch of documents (a million characters,
or one document where it is longer); the order of the blocks is, 8 bytes per block. While a shard is
written the disk has its tokens twice.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

BATCH_CHARACTERS = 2**20  # tokenised at once, over all cores
COPIED = 4096  # blocks put in order at once

Order = NDArray[np.int64]


@dataclass(frozen=True)
class Encoder:
    """A tokenizer, the id put after each document, and the length of a block in tokens."""

    tokenizer: Tokenizer
    end_id: int
    context: int

    @property
    def dtype(self) -> Any:
        """The smallest unsigned type for every id."""
        return np.dtype(np.uint16 if self.tokenizer.get_vocab_size() <= 2**16 else np.uint32)

    def ids(self, texts: Iterable[str]) -> Iterator[NDArray[Any]]:
        """Token ids of the documents, a batch of them at a time, an end token after each document."""
        for batch in batches(texts):
            encodings = self.tokenizer.encode_batch_fast(batch, add_special_tokens=False)
            yield np.concatenate([np.array([*encoding.ids, self.end_id], self.dtype) for encoding in encodings])


def batches(texts: Iterable[str], characters: int = BATCH_CHARACTERS) -> Iterator[list[str]]:
    """Lists of documents of at least so many characters together, the last one of what is left."""
    batch: list[str] = []
    size = 0
    for text in texts:
        batch.append(text)
        size += len(text)
        if size >= characters:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def write_shard(
    temporary: Path, sources: Iterable[Iterable[str]], encoder: Encoder, arrange: Callable[[Sequence[int]], Order]
) -> list[int]:
    """Write the blocks of several sources as one .npy file of shape (blocks, context).

    Args:
        temporary: the file to write.
        sources: the documents of each source.
        arrange: given the number of blocks of each source, the numbers of the blocks to write, in
            order, counted over all sources.

    Returns:
        The number of blocks of each source; what is left of a source after its last whole block is dropped.
    """
    with tempfile.TemporaryFile(dir=temporary.parent) as raw:  # without a name, so a kill leaves nothing
        counts = [_append(raw, texts, encoder) for texts in sources]
        order = arrange(counts)
        raw.flush()
        with temporary.open("wb") as handle:
            _copy(raw, handle, sum(counts), order, encoder)
    return counts


def _append(raw: IO[bytes], texts: Iterable[str], encoder: Encoder) -> int:
    """Add the tokens of one source, cut to whole blocks; their number."""
    start = raw.tell()
    block: int = encoder.context * encoder.dtype.itemsize
    for ids in encoder.ids(texts):
        raw.write(ids.tobytes())
    count = (raw.tell() - start) // block
    raw.seek(start + count * block)
    raw.truncate()
    return count


def _copy(raw: IO[bytes], handle: IO[bytes], blocks: int, order: Order, encoder: Encoder) -> None:
    """Blocks in their order behind a .npy header; written, not mapped, since a full disk kills a mapped write."""
    shape = (len(order), encoder.context)
    descr = np.lib.format.dtype_to_descr(encoder.dtype)
    np.lib.format.write_array_header_1_0(handle, {"descr": descr, "fortran_order": False, "shape": shape})
    if blocks:
        tokens = np.memmap(raw, encoder.dtype, "r", shape=(blocks, encoder.context))
        for start in range(0, len(order), COPIED):
            handle.write(tokens[order[start : start + COPIED]].tobytes())
