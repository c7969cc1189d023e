"""The claim of the first page: a public sweep that nobody here trained, predicted from a part of it."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

import scaling

ROOT = Path(__file__).parents[1]


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PYTHIA = load(ROOT / "benchmarks" / "pythia.py")


@pytest.mark.parametrize(
    ("kind", "law", "factor", "expected"),
    [
        (0, "forgetting", 1.0, 0.721),
        (0, "forgetting", 0.5, 0.722),
        (0, "dcpt", 1.0, 0.718),
        (1, "forgetting", 1.0, 0.722),
        (1, "forgetting", 0.5, 0.733),
        (1, "dcpt", 1.0, 0.657),
    ],
)
def test_the_crossing_is_predicted(kind: int, law: str, factor: float, expected: float) -> None:
    plan = PYTHIA.predicted(PYTHIA.table(factor), PYTHIA.KINDS[kind], law, draws=0)
    assert plan.value == pytest.approx(expected, abs=0.002)


def test_what_is_held_out_is_not_seen() -> None:
    whole = PYTHIA.table()
    assert PYTHIA.HELD_OUT not in set(PYTHIA.fitted(whole, PYTHIA.KINDS[0])["ratio"])
    assert PYTHIA.fitted(whole, PYTHIA.KINDS[1])["tokens"].max() == whole["tokens"].max() / 2


def test_it_is_measured_between_the_shares() -> None:
    runs = scaling.load_runs(PYTHIA.table())
    assert scaling.measured_critical_ratio(runs, 0.0)["ratio"].item() == pytest.approx(0.7206, abs=1e-4)


def test_the_table_is_derived_from_logs(tmp_path: Path) -> None:
    """On a log of two checkpoints and two parts, made by hand."""
    derive = load(ROOT / "data" / "published" / "pythia70m.py")
    lines = [
        (f"/there/{checkpoint}", f"/sets/{name}.bin", loss)
        for checkpoint, losses in (
            ("pythia_70m_step20000", (2.0, 4.0, 1.5)),
            ("70M_ct_1-0.25-0.75/1000", (2.2, 4.2, 1.2)),
        )
        for name, loss in zip(
            ("pythia-pile.valid.Github", "pythia-pile.valid.ArXiv", "starcoder.python.valid"), losses, strict=True
        )
    ]
    log = "\n".join("\t".join(map(str, line)) for line in lines)
    found = derive.losses(log, json.loads('{"Github": 0.2, "ArXiv": 0.6}'))
    assert found["/there/pythia_70m_step20000"] == (pytest.approx(3.5), 1.5)
    table = derive.rows(found)
    assert [row[2] for row in table] == [0, 1000 * derive.STEP]
    assert table[1][3:6] == [0.75, "3.700000", "1.200000"]
