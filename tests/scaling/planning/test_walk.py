"""The way of a plan is short: calls between the modules of planning, from a fit to its plan."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import scaling
from scaling.fitting import Fit

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "walk.py"
MOST = 12


@pytest.fixture
def script() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("walk", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = sys.getprofile()
    spec.loader.exec_module(module)
    yield module
    sys.setprofile(before)


@pytest.mark.parametrize("tolerance", [0.05, 1e-6, 1e3])
def test_a_plan_walks_little(script: ModuleType, forgetting_fit: Fit, tolerance: float) -> None:
    target = scaling.Target(3e7, 2e8, tolerance)
    found = script.walk(forgetting_fit, target)
    assert ("critical", "tolerance", "of_fit") in found  # it counts
    assert sum(found.values()) <= MOST, found


def test_a_base_loss_that_is_carried_costs_no_more(script: ModuleType) -> None:
    fit = scaling.fit(scaling.example_runs(), law="dcpt", draws=20)
    assert sum(script.walk(fit, scaling.Target(10.6e6, 524_288)).values()) <= MOST
