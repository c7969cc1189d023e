"""Reads Hugging Face datasets saved to disk (`save_to_disk`), with pyarrow alone, memory-mapped.

A saved Dataset is a folder with `state.json`, which lists Arrow stream files in order under
`_data_files`; a saved DatasetDict is a folder with `dataset_dict.json` and such a folder a split.
A single Arrow stream file is read as well.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from probes.corpus.fields import arrow_errors, column, column_path, texts
from scaling.errors import InputError

SUFFIXES = (".arrow",)
STATE, INFO, SPLITS = "state.json", "dataset_info.json", "dataset_dict.json"


def claims(path: Path) -> bool:
    """A folder with the files that `save_to_disk` leaves."""
    return path.is_dir() and any((path / name).is_file() for name in (STATE, INFO, SPLITS))


def split_of(path: Path, split: str) -> Path:
    """The folder of one split of a DatasetDict; a Dataset or a file has none and is itself meant."""
    if not (path / SPLITS).is_file():
        return path
    names = _json(path / SPLITS).get("splits")
    if not isinstance(names, list) or split not in names:
        known = ", ".join(map(str, names)) if isinstance(names, list) else "none"
        raise InputError(f"{path}: has no split {split!r}; it has {known}")
    return path / split


def files(path: Path) -> list[Path]:
    """The Arrow files of a saved Dataset, in the order of its state."""
    if not path.is_dir():
        return [path]
    if not (path / STATE).is_file():
        raise InputError(f"{path}: has no {STATE}, so it is not a complete saved dataset; save it again")
    state = _json(path / STATE)
    if state.get("_indices_data_files"):
        raise InputError(f"{path}: its rows were picked by a list of indices; flatten_indices() and save it again")
    try:
        return [path / str(entry["filename"]) for entry in state["_data_files"]]
    except (KeyError, TypeError) as error:
        raise InputError(f"{path / STATE}: names no Arrow files under '_data_files'") from error


def documents(path: Path, field: str) -> Iterator[str]:
    """The column `field` of all Arrow files; rows are counted over all of them."""
    return texts(path, (piece for file in files(path) for piece in _columns(file, field)), field)


def _columns(file: Path, field: str) -> Iterator[pa.Array]:
    kind = "an Arrow stream"
    with arrow_errors(file, kind), pa.memory_map(str(file)) as source, pa.ipc.open_stream(source) as batches:
        steps = column_path(file, batches.schema, field)
        for batch in batches:
            yield column(batch, steps)


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: not JSON") from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: not a JSON object")
    return content
