"""What the readers of Arrow data share: a column of strings, checked and read a batch at a time."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from scaling.errors import InputError


def require_text(path: Path, schema: Any, field: str) -> None:
    """InputError where the table has no such column, or the column holds something else than text."""
    if schema.names.count(field) != 1:
        raise InputError(f"{path}: has no column {field!r}; it has {', '.join(map(str, schema.names))}")
    kind = schema.field(field).type
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    view = getattr(pa.types, "is_string_view", lambda kind: False)  # not in older pyarrow
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or view(kind)):
        raise InputError(f"{path}: the column {field!r} holds {kind}, not text")


def texts(path: Path, columns: Iterable[Any], field: str) -> Iterator[str]:
    """The strings of a column's pieces; an empty cell or broken UTF-8 is an error that names its row, from 1 on."""
    row = 0
    for column in columns:
        for value in column:
            row += 1
            try:
                text = value.as_py()
            except UnicodeDecodeError:
                text = None
            if text is None:
                raise InputError(f"{path}: row {row}: the column {field!r} is not text")
            yield text


@contextmanager
def arrow_errors(path: Path, kind: str) -> Iterator[None]:
    """What pyarrow raises for a file that it cannot read, as one sentence."""
    try:
        yield
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such corpus file") from error
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path}: cannot be read as {kind} ({' '.join(str(error).split())})") from error
