"""The text of a record, in every format that has records: a field of JSON, or a column of Arrow data.

Either is named as it is, or by a path with dots into what is nested.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from scaling.errors import InputError

SHOWN = 20  # names in a sentence


def missing(where: str, field: str, names: Iterable[Any] | None, inside: str = "") -> InputError:
    """The one sentence for a record without the field, of every reader.

    Args:
        where: the file, and the row where it is known.
        names: the fields that there are; None for what has no fields.
        inside: the field that was looked into, for a nested one.
    """
    who = f"its {inside!r}" if inside else "it"
    if names is None:
        return InputError(
            f"{where} has no field {field!r}; {who} is not an object with fields: name another with `field`"
        )
    known = [str(name) for name in names]
    shown = ", ".join(known[:SHOWN]) + (f" and {len(known) - SHOWN} more" if len(known) > SHOWN else "")
    return InputError(f"{where} has no field {field!r}; {who} has {shown or 'none'}: name one with `field`")


def pick(where: str, record: Any, field: str) -> Any:
    """The value of `field` in a decoded JSON record; a field of that very name comes before a nested one."""
    if isinstance(record, dict) and field in record:
        return record[field]
    found, steps = record, field.split(".")
    for depth, step in enumerate(steps):
        if not isinstance(found, dict) or step not in found:
            names = found if isinstance(found, dict) else None
            raise missing(where, field, names, ".".join(steps[:depth]))
        found = found[step]
    return found


def text_of(where: str, record: Any, field: str) -> str:
    """The same as text; InputError where it is none."""
    text = pick(where, record, field)
    try:
        text.encode()  # half a surrogate pair passes JSON but is no text
    except (AttributeError, UnicodeEncodeError) as error:
        raise InputError(f"{where}: the field {field!r} is not text") from error
    return str(text)


def column_path(path: Path, schema: Any, field: str) -> list[str]:
    """The names that lead to a column, several where it is nested in structs.

    Raises:
        InputError: the table has no such column, or the column is not text.
    """
    steps = [field] if schema.names.count(field) == 1 else field.split(".")
    kind = _type_of(path, schema, field, steps)
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    view = getattr(pa.types, "is_string_view", lambda kind: False)  # not in older pyarrow
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or view(kind)):
        raise InputError(f"{path}: the column {field!r} contains {kind}, not text; name another with `field`")
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
