"""From text files to packed blocks of tokens.

A corpus becomes two memory-mapped arrays of shape (blocks, context): training and held-out. They
are cached under a hash of the text, the tokenizer and the block length.
"""

import bz2
import gzip
import hashlib
import json
import lzma
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from glob import escape, glob
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel, Digits, Sequence
from tokenizers.trainers import BpeTrainer

from probes import config
from probes.storage import digest, file_digest, write_atomically
from scaling.errors import InputError

END, END_ID = "<|end|>", 0  # the first entry of a vocabulary that we train
_OPENERS: dict[str, Callable[..., IO[str]]] = {".xz": lzma.open, ".gz": gzip.open, ".bz2": bz2.open}
_PACK_SEED = 20240607  # fixes the order of blocks once for all runs; not a knob


@dataclass(frozen=True)
class Blocks:
    """One corpus, packed: `train` and `held_out` of shape (blocks, context), `hash` of what they hold."""

    name: str
    train: NDArray[Any]
    held_out: NDArray[Any]
    hash: str


def expand(patterns: Iterable[str], folder: Path) -> list[Path]:
    """File names for the patterns, relative to `folder`, sorted; InputError where one matches nothing."""
    files: set[Path] = set()
    for pattern in patterns:
        found = [Path(name) for name in glob(str(Path(escape(str(folder))) / pattern)) if Path(name).is_file()]
        if not found:
            raise InputError(f"{folder / pattern}: no such corpus file")
        files.update(found)
    return sorted(files)


def documents(path: Path, field: str = "text") -> Iterator[str]:
    """The documents of a file: each line's `field` of a JSONL, the whole of any other text file.

    Files ending in .xz, .gz or .bz2 are decompressed on the way.
    """
    inner = Path(path.stem) if path.suffix in _OPENERS else path
    try:
        with _OPENERS.get(path.suffix, partial(open))(path, "rt", encoding="utf-8") as handle:
            if inner.suffix == ".jsonl":
                yield from _json_lines(path, handle, field)
            else:
                yield handle.read()
    except (UnicodeError, EOFError, lzma.LZMAError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{path}: cannot be read as text ({error})") from error
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error


def _json_lines(path: Path, handle: IO[str], field: str) -> Iterator[str]:
    for number, line in enumerate(handle, start=1):
        try:
            text = json.loads(line)[field]
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path}: row {number} has no JSON field {field!r}") from error
        try:
            text.encode()  # half a surrogate pair passes JSON but is no text
        except (AttributeError, UnicodeEncodeError) as error:
            raise InputError(f"{path}: row {number}: the field {field!r} is not text") from error
        yield text


def split(corpus: config.Corpus, folder: Path) -> tuple[list[str], list[str]]:
    """Training and held-out documents of a corpus, each once, none in both."""
    train = _unique(corpus.train, folder, corpus.field)
    if corpus.held_out:
        held_out = _unique(corpus.held_out, folder, corpus.field)
    else:
        held_out = {key: text for key, text in train.items() if _unit(key) < corpus.held_out_fraction}
    return [text for key, text in train.items() if key not in held_out], list(held_out.values())


def _unique(patterns: list[str], folder: Path, field: str) -> dict[str, str]:
    """Documents under the hash of their text, in file order."""
    texts = (text for file in expand(patterns, folder) for text in documents(file, field) if text.strip())
    return {hashlib.sha256(text.encode()).hexdigest(): text for text in texts}


def _unit(key: str) -> float:
    """A hash as a number in [0, 1), so that a document's side never depends on the others."""
    return int(key[:12], 16) / 16**12


def tokenizer_for(corpus: config.Corpus, vocab_size: int, folder: Path, cache: Path) -> Tokenizer:
    """A tokenizer trained on the training text of a corpus; cached under a hash of that text."""
    path = cache / f"{digest([_sources(corpus, folder), vocab_size])}.json"
    if path.exists():
        return Tokenizer.from_file(str(path))
    return train_tokenizer(split(corpus, folder)[0], vocab_size, path)


def _sources(corpus: config.Corpus, folder: Path) -> dict[str, Any]:
    """What determines the two sides of a corpus: its files' contents and how they are split."""
    hashes = {
        part: [file_digest(file) for file in expand(getattr(corpus, part), folder)] for part in ("train", "held_out")
    }
    return {**hashes, "field": corpus.field, "fraction": None if corpus.held_out else corpus.held_out_fraction}


def train_tokenizer(texts: Iterable[str], vocab_size: int, path: Path) -> Tokenizer:
    """Byte-level BPE, digits one by one, with one special token END; saved at `path`."""
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = Sequence([Digits(individual_digits=True), ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = ByteLevelDecoder()
    trainer = BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[END],
        initial_alphabet=ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    write_atomically(path, lambda part: tokenizer.save(str(part)))
    return tokenizer


def pack(corpus: config.Corpus, folder: Path, tokenizer: Tokenizer, end_id: int, context: int, cache: Path) -> Blocks:
    """Tokenise, join with an end token after each document, cut into blocks; cached under `cache`.

    The blocks are put in one fixed random order, so that a long document does not fill whole
    batches and every run, whatever its ratio, meets the same blocks in the same order.

    Raises:
        InputError: a file is missing, or there is less than one block of held-out or training text.
    """
    identity = {
        "sources": _sources(corpus, folder),
        "tokenizer": digest(json.loads(tokenizer.to_str())),
        "context": context,
        "order": _PACK_SEED,
    }
    key = digest(identity)
    paths = {part: cache / f"{corpus.name}-{key}.{part}.npy" for part in ("train", "held_out")}
    if not all(path.exists() for path in paths.values()):
        for part, texts in zip(paths, split(corpus, folder), strict=True):
            blocks = _blocks(texts, tokenizer, end_id, context)
            if not len(blocks):
                side = part.replace("_", "-")
                raise InputError(
                    f"corpus {corpus.name!r}: its {side} text is shorter than one block of {context} tokens"
                )
            _save(paths[part], blocks)
    arrays = {part: np.load(path, mmap_mode="r", allow_pickle=False) for part, path in paths.items()}
    return Blocks(corpus.name, arrays["train"], arrays["held_out"], key)


def _save(path: Path, blocks: NDArray[Any]) -> None:
    def write(part: Path) -> None:
        with part.open("wb") as handle:  # np.save would add a suffix to the name
            np.save(handle, blocks, allow_pickle=False)

    write_atomically(path, write)


def _blocks(texts: list[str], tokenizer: Tokenizer, end_id: int, context: int, batch: int = 256) -> NDArray[Any]:
    """Array (blocks, context) of token ids in the smallest unsigned type that holds them."""
    dtype = np.uint16 if tokenizer.get_vocab_size() <= 2**16 else np.uint32
    parts: list[NDArray[Any]] = [np.empty(0, dtype)]
    for start in range(0, len(texts), batch):
        for encoding in tokenizer.encode_batch(texts[start : start + batch], add_special_tokens=False):
            parts.append(np.array([*encoding.ids, end_id], dtype))
    tokens = np.concatenate(parts)
    blocks = tokens[: len(tokens) // context * context].reshape(-1, context)
    return blocks[np.random.default_rng(_PACK_SEED).permutation(len(blocks))]
