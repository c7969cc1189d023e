"""docs/add-a-law.md: its code, put where it says, is found, is tested as every law is, fits and compares."""

import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from scaling import InputError, fit, laws
from scaling.cli import main
from scaling.laws import Law, get_law, law_names, register
from scaling.runs import validate

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "add-a-law.md").read_text(encoding="utf-8")
FILE, NOTEBOOK = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
NAME = "injection"
THETA = {"E": -0.05, "A": 0.9, "beta": 0.3, "alpha": 0.4, "B": 60.0}
CHECKS = {
    "test_laws": (
        "test_gradient_is_the_values_derivative",
        "test_value_and_gradient_broadcast",
        "test_a_law_says_what_it_is",
    ),
    "test_text": ("test_the_text_is_plain_arithmetic", "test_the_text_gives_the_laws_value"),
}


@pytest.fixture
def law(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Law]:
    """The page's law, as a file that the library finds by looking through its folders."""
    (tmp_path / f"{NAME}.py").write_text(FILE, "utf-8")
    monkeypatch.setattr(laws, "__path__", [*laws.__path__, str(tmp_path)])
    laws._shipped.cache_clear()
    yield get_law(NAME)
    laws._shipped.cache_clear()
    sys.modules.pop(f"{laws.__name__}.{NAME}")
    delattr(laws, NAME)


def beside(name: str) -> ModuleType:
    """A test file of this folder as a module."""
    spec = importlib.util.spec_from_file_location(f"page_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def world(law: Law) -> pd.DataFrame:
    """Runs without noise whose general loss rises by the law: 3 sizes, 6 ratios, 5 checkpoints, and the bases."""
    rows = [
        (n, d, r) for n in (1e6, 4e6, 1.6e7) for r in (0.1, 0.3, 0.5, 0.8, 0.95, 1.0) for d in np.geomspace(1e7, 1e8, 5)
    ]
    trained = pd.DataFrame(rows, columns=["params", "tokens", "ratio"])
    x = {"params": trained["params"], "tokens": trained["tokens"], "share": 1 - trained["ratio"]}
    rise = law.value(np.array([THETA[k] for k in law.names]), {k: v.to_numpy(float) for k, v in x.items()})
    bases = pd.DataFrame({"params": [1e6, 4e6, 1.6e7], "tokens": 0.0, "ratio": 0.5})
    frame = pd.concat([bases, trained.assign(rise=rise)], ignore_index=True).fillna({"rise": 0.0})
    loss = 3.0 + 2.0 * (frame["params"] / 1e6) ** -0.3 + frame["rise"]
    return frame.drop(columns="rise").assign(general_loss=loss)


def test_the_file_is_found_and_has_the_pages_formula(law: Law) -> None:
    assert NAME in law_names()
    assert f"```text\n{law.text()}\n```" in PAGE


@pytest.mark.parametrize(("file", "name"), [(file, name) for file, names in CHECKS.items() for name in names])
def test_it_passes_what_every_law_must(law: Law, file: str, name: str) -> None:
    check = getattr(beside(file), name)
    check(name=law.name, **({"seed": 0} if name == "test_the_text_gives_the_laws_value" else {}))


def test_it_finds_the_parameters_of_a_world_it_made(law: Law) -> None:
    found = fit(validate(world(law), "world.csv"), law.name, draws=0, burn_in=0.0).general
    assert found.status == "ok"
    assert {name: found.parameters[name].value for name in law.names} == pytest.approx(THETA, rel=1e-3)


def test_a_comparison_has_the_pages_numbers(law: Law, capsys: pytest.CaptureFixture[str]) -> None:
    (command,) = re.findall(r"^scaling (compare .*)$", PAGE, re.MULTILINE)
    arguments = command.split()
    arguments[1] = str(ROOT / arguments[1])
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    for name in ("forgetting", NAME):
        (told,) = re.findall(rf"^\| {name} \|(.*)$", PAGE, re.MULTILINE)
        (shown,) = (line for line in printed.splitlines() if f" {name} " in line and "│" in line)
        assert numbers(shown) == pytest.approx(numbers(told), abs=0.02)
        assert shown.count("*") == told.count("*")


def numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"\d+\.\d+", text)]


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> dict[str, Law]:
    """Nothing registered, and nothing left behind."""
    empty: dict[str, Law] = {}
    monkeypatch.setattr(laws, "_registered", empty)
    return empty


def test_a_notebook_registers_it_without_a_file(registry: dict[str, Law], monkeypatch: pytest.MonkeyPatch) -> None:
    cell = ModuleType("cell")
    monkeypatch.setitem(sys.modules, "cell", cell)  # where a dataclass looks for its module
    exec(FILE.replace('name="injection"', 'name="mine"'), cell.__dict__)
    assert "mine" not in law_names()
    for _ in range(2):  # a cell may be run again
        exec(NOTEBOOK, cell.__dict__)
    assert get_law("mine") is cell.LAW
    assert list(registry) == ["mine"]


def test_the_librarys_own_laws_cannot_be_replaced(registry: dict[str, Law]) -> None:
    with pytest.raises(InputError, match="a law called 'dcpt' already"):
        register(get_law("dcpt"))
    assert not registry
