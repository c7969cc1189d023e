"""The numbers of the commands on two shipped sweeps are those that are kept: a change of the inside moves none."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def golden() -> ModuleType:
    spec = importlib.util.spec_from_file_location("golden", ROOT / "benchmarks" / "golden.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_numbers_of_before(golden: ModuleType) -> None:
    """Processors differ in the last digits, and a draw at a bound by more: ends of intervals are held less closely."""
    kept = json.loads(golden.KEPT.read_text(encoding="utf-8"))
    found = golden.collect(quick=True)
    ends = {place for place in kept if place.endswith(("/low", "/high"))}
    assert golden.changes({place: kept[place] for place in kept if place not in ends}, found, 1e-4) == []
    assert golden.changes({place: kept[place] for place in ends}, found, 1e-2) == []


def test_a_change_is_seen(golden: ModuleType) -> None:
    before = {"a/plan/critical_ratio/value": 0.5, "a/fit/general/huber": 1.0, "a/plan/status": "ok"}
    after = {"a/plan/critical_ratio/value": 0.50001, "a/fit/general/huber": 1.0 + 1e-8}
    assert len(golden.changes(before, after)) == 3
    assert golden.changes(before, {**after, "a/plan/status": "ok"}, 1e-4) == []
