"""The text of a record: a field by name, or by a path with dots into what is nested."""

from collections.abc import Iterable
from typing import Any

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
        return InputError(f"{where} has no field {field!r}; {who} is no object with fields: name another with `field`")
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
