"""Text files, compressed or not, opened for reading; what goes wrong with them as one sentence."""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from scaling.errors import InputError


def _zstd(path: Path) -> IO[bytes]:
    stream: Any = pa.input_stream(str(path), compression="zstd")
    return io.BufferedReader(stream)


COMPRESSED: dict[str, Callable[[Path], Any]] = {".xz": lzma.open, ".gz": gzip.open, ".bz2": bz2.open, ".zst": _zstd}


@contextmanager
def open_text(path: Path) -> Iterator[IO[str]]:
    """A UTF-8 file, decompressed on the way where it ends in .xz, .gz, .bz2 or .zst.

    Raises:
        InputError: also for what is found to be wrong while the file is read.
    """
    opener: Callable[..., Any] = COMPRESSED.get(path.suffix.lower(), partial(open, mode="rb"))
    try:
        with opener(path) as raw, io.TextIOWrapper(raw, encoding="utf-8") as handle:
            yield handle
    except (UnicodeError, EOFError, lzma.LZMAError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{path}: cannot be read as text ({error})") from error
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error
