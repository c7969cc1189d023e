"""The examples in docstrings are run; the names that people use first have one each."""

import doctest
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
MUST = {  # module -> names in it that have an example
    "probes.mixture": ("Mixture.epochs", "Mixture.plan", "interleave"),
    "probes.schedules": ("scale",),
    "scaling.fitting.fit_runs": ("fit",),
    "scaling.fitting.intervals.profile": ("profile",),
    "scaling.fitting.result": ("Fit.predict", "Fit.summary"),
    "scaling.fitting.validation.compare": ("compare_laws",),
    "scaling.fitting.validation.validate": ("validate_law",),
    "scaling.laws": ("get_law",),
    "scaling.planning.cmr": ("cmr_plan",),
    "scaling.planning.link": ("linked_ratio",),
    "scaling.planning.critical": ("critical_ratio",),
    "scaling.planning.next.next_probes": ("next_probes",),
    "scaling.planning.measured": ("measured_critical_ratio",),
    "scaling.planning.plan": ("Plan",),
    "scaling.planning.allocate": ("allocate_compute",),
    "scaling.planning.limited": ("limited_data",),
    "scaling.planning.tradeoff": ("tradeoff_table",),
    "scaling.readers": ("load_runs",),
    "scaling.units": ("format_count", "parse_count"),
}


def module_name(path: Path) -> str:
    """The dotted name of a source file."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def with_examples() -> list[str]:
    """The modules whose source has an example, and those that must have one."""
    sources = [path for package in ("scaling", "probes") for path in (ROOT / package).rglob("*.py")]
    found = {module_name(path) for path in sources if ">>> " in path.read_text(encoding="utf-8")}
    return sorted(found | set(MUST))


@pytest.mark.parametrize("name", with_examples())
def test_examples(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    tests = [test for test in doctest.DocTestFinder().find(import_module(name), name) if test.examples]
    there = {test.name.removeprefix(f"{name}.") for test in tests}
    assert tests
    assert set(MUST.get(name, ())) <= there
    told: list[str] = []
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    for test in tests:
        runner.run(test, out=told.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(told)
