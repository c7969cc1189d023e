"""Opens files, compressed or not, and reports what is wrong with them in one sentence."""

import bz2
import gzip
import io
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from scaling.errors import InputError

ENCODING = "utf-8-sig"  # a byte order mark, as Windows writes it, is not text


def _zstd(path: Path) -> IO[bytes]:
    if not pa.Codec.is_available("zstd"):
        raise InputError(f"{path}: this pyarrow cannot read zstd; install one that can: pip install --upgrade pyarrow")
    stream: Any = pa.input_stream(str(path), compression="zstd")
    return io.BufferedReader(stream)


COMPRESSED: dict[str, Callable[[Path], Any]] = {".xz": lzma.open, ".gz": gzip.open, ".bz2": bz2.open, ".zst": _zstd}
MAGIC = {rb"\x1f\x8b": ".gz", rb"BZh[1-9]1AY&SY": ".bz2", rb"\xfd7zXZ\x00": ".xz", rb"\x28\xb5\x2f\xfd": ".zst"}


def compression(start: bytes) -> str:
    """What the first bytes of a file say of its compression, as a suffix; empty for none."""
    return next((suffix for magic, suffix in MAGIC.items() if re.match(magic, start)), "")


def bare_suffix(path: Path) -> str:
    """The suffix that names the format, in lower case: that of compression does not count."""
    name = path.name.lower()
    return Path(next((name.removesuffix(end) for end in COMPRESSED if name.endswith(end)), name)).suffix


def not_utf8(error: UnicodeError) -> str:
    """What is wrong with bytes that are not UTF-8, and what to do."""
    return f"cannot be read as text ({error}): convert it to UTF-8 (iconv -f ENCODING -t UTF-8)"


@contextmanager
def open_bytes(path: Path) -> Iterator[IO[bytes]]:
    """A file, decompressed on the way where its first bytes or its name say that it is compressed.

    Raises:
        InputError: also for what is found to be wrong while the file is read.
    """
    try:
        with path.open("rb") as plain:
            suffix = compression(plain.read(10)) or path.suffix.lower()
        opener: Callable[..., Any] = COMPRESSED.get(suffix, partial(open, mode="rb"))
        with opener(path) as raw:
            yield raw
    except UnicodeError as error:
        raise InputError(f"{path}: {not_utf8(error)}") from error
    except (EOFError, lzma.LZMAError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{path}: cannot be read as text ({error})") from error
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error


@contextmanager
def open_text(path: Path) -> Iterator[IO[str]]:
    """The same as UTF-8 text. InputError also where it is none."""
    with open_bytes(path) as raw, io.TextIOWrapper(raw, encoding=ENCODING) as handle:
        yield handle


def head(path: Path, size: int) -> bytes:
    """The first bytes of a file, decompressed."""
    with open_bytes(path) as raw:
        return raw.read(size)
