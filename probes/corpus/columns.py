"""What the readers of Arrow data share: a column of strings, checked and read a batch at a time."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from probes.corpus.fields import missing
from scaling.errors import InputError


def require_text(path: Path, schema: Any, field: str) -> list[str]:
    """The names that lead to a column, several where it is nested in structs.

    Raises:
        InputError: the table has no such column, or the column holds something else than text.
    """
    steps = [field] if schema.names.count(field) == 1 else field.split(".")
    kind = _type_of(path, schema, field, steps)
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    view = getattr(pa.types, "is_string_view", lambda kind: False)  # not in older pyarrow
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or view(kind)):
        raise InputError(f"{path}: the column {field!r} holds {kind}, not text")
    return steps


def _type_of(path: Path, schema: Any, field: str, steps: list[str]) -> Any:
    if schema.names.count(steps[0]) != 1:
        raise missing(f"{path}:", field, schema.names)
    kind = schema.field(steps[0]).type
    for depth, step in enumerate(steps[1:], start=1):
        inner = [kind.field(i).name for i in range(kind.num_fields)] if pa.types.is_struct(kind) else None
        if inner is None or step not in inner:
            raise missing(f"{path}:", field, inner, ".".join(steps[:depth]))
        kind = kind.field(inner.index(step)).type
    return kind


def column(batch: Any, steps: list[str]) -> Any:
    """The column of a batch that the names lead to; null where anything above it is."""
    found = batch.column(steps[0])
    return pc.struct_field(found, steps[1:]) if steps[1:] else found


def texts(path: Path, columns: Iterable[Any], field: str) -> Iterator[str]:
    """The strings of a column's pieces; an empty cell or broken UTF-8 is an error that names its row, from 1 on."""
    row = 0
    for piece in columns:
        for value in piece:
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
