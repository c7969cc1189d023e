"""The sweep that comes with the package."""

from pathlib import Path

import pandas as pd

import scaling
from scaling.example import EXAMPLE

SWEEP = Path(__file__).parents[2] / "data" / "runs" / EXAMPLE.name


def test_it_is_the_sweep_of_the_repository_byte_for_byte() -> None:
    assert EXAMPLE.read_bytes() == SWEEP.read_bytes()
    assert Path(scaling.__file__).parent in EXAMPLE.parents  # so that a wheel has it


def test_it_is_read_as_every_table_is() -> None:
    runs = scaling.example_runs()
    pd.testing.assert_frame_equal(runs.frame, scaling.load_runs(SWEEP).frame)
    assert runs.source == SWEEP.name
