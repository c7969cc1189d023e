"""Reads a column of a parquet file, a piece of a row group at a time."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from probes.corpus import content
from probes.corpus.fields import arrow_errors, column, column_path, texts
from scaling.errors import InputError

SUFFIXES = (".parquet",)
ROWS = 1024  # decoded at once


def claims(path: Path) -> bool:
    """A file that begins as parquet does, whatever its name."""
    return path.is_file() and content.look(path).kind == content.PARQUET


def documents(path: Path, field: str) -> Iterator[str]:
    """The column `field`, row by row; a file without rows is an error."""
    with arrow_errors(path, "parquet"), pq.ParquetFile(path) as file:
        steps = column_path(path, file.schema_arrow, field)
        if not file.metadata.num_rows:
            raise InputError(f"{path}: contains no rows; name another file, or leave it out")
        yield from texts(path, _columns(file, field, steps), field)


def _columns(file: pq.ParquetFile, field: str, steps: list[str]) -> Iterator[pa.Array]:
    for group in range(file.num_row_groups):
        for batch in file.iter_batches(batch_size=ROWS, row_groups=[group], columns=[field]):
            yield column(batch, steps)
