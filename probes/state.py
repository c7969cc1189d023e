"""A state file: tensors, with step and rows beside them. It is opened once, since another process may remove or replace it."""

import io
import json
from pathlib import Path
from typing import IO, Any

from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from scaling.errors import InputError

NOTES = "__metadata__"


def notes(path: Path) -> dict[str, Any] | None:
    """What stands beside the tensors, which are not read; None where there is no such file.

    Raises:
        InputError: the file is damaged.
    """
    try:
        with path.open("rb") as handle:
            return _notes(path, handle)
    except FileNotFoundError:
        return None


def read(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]] | None:
    """The same with the tensors."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    kept = _notes(path, io.BytesIO(content))
    try:
        return kept, load(content)
    except SafetensorError as error:
        raise _damaged(path) from error


def _notes(path: Path, handle: IO[bytes]) -> dict[str, Any]:
    """From the header: its length in 8 bytes, then JSON with where in the rest each tensor ends."""
    size = handle.seek(0, io.SEEK_END)
    handle.seek(0)
    length = int.from_bytes(handle.read(8), "little")
    try:
        header = json.loads(handle.read(min(length, size)))
        ends = [own["data_offsets"][1] for name, own in header.items() if name != NOTES]
        kept = {key: json.loads(value) for key, value in header[NOTES].items()}
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise _damaged(path) from error
    if 8 + length + max(ends, default=0) != size:
        raise _damaged(path)
    return kept


def _damaged(path: Path) -> InputError:
    return InputError(f"{path}: damaged; delete it and start again")
