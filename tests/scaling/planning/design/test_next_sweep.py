"""The sweep files that are written are those that `probes` reads."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from probes.config import Base, Sweep, load_sweep
from scaling.errors import InputError
from scaling.fitting import Estimate
from scaling.planning.design.next_result import NextProbes
from scaling.planning.design.next_sweep import _label, sweep_files
from scaling.planning.target import Target
from scaling.runs import Runs, validate

BASE = """name: mine
general: {name: prose, train: [prose.jsonl]}
domain: {name: code, train: [code.jsonl]}
bases: [{depth: 3, seeds: 2}, {depth: 4}, {path: models/own, learning_rate: 0.001}]
cpt: {tokens: 262144, ratios: [0, 0.5, 1], seeds: [0], schedule: wsd}
"""
SIZES = {"d3": 332448.0, "d4": 803968.0}
Chosen = tuple[float, float, float, int]  # params, ratio, tokens, seed


def table(**names: float) -> Runs:
    rows = [(n, d, r, 3.0, base) for base, n in names.items() for r in (0.0, 0.5) for d in (0.0, 262144.0)]
    return validate(pd.DataFrame(rows, columns=["params", "tokens", "ratio", "general_loss", "base"]), "runs.csv")


def answer(*chosen: Chosen) -> NextProbes:
    runs = pd.DataFrame(chosen, columns=["params", "ratio", "tokens", "seed"]).assign(flops=1.0, width_after=0.1)
    nothing = Estimate(0.5, 0.4, 0.6)
    return NextProbes(runs, 0.2, 0.1, 1.0, 1.0, nothing, "ok", (), Target(1e7, 1e6, 0.05), "forgetting")


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(BASE)
    return path


def written(found: NextProbes, runs: Runs, sweep: Path) -> list[Sweep]:
    texts = sweep_files(found, runs, sweep, sweep.with_name("next.yaml"))
    for path, text in texts.items():
        path.write_text(text)
    made = [load_sweep(path) for path in texts]
    for path in texts:
        path.unlink()
    return made


def trained(sweeps: list[Sweep]) -> set[tuple[str, float, int, int]]:
    """(base, ratio, tokens, seed) of every run of the sweeps, as `probes` unfolds them."""
    return {
        (base.label, ratio, one.cpt.tokens, seed)
        for one in sweeps
        for base in one.bases
        for ratio in base.ratios or one.cpt.ratios
        for seed in base.seeds or one.cpt.seeds
    }


def test_exactly_the_chosen_runs(sweep: Path) -> None:
    d3, d4 = SIZES.values()
    chosen: list[Chosen] = [
        (d3, 0.25, 262144, 0),
        (d3, 0.5, 262144, 2),
        (d3, 0.5, 262144, 3),
        (d4, 0.25, 262144, 0),
        (d4, 1.0, 262144, 1),
    ]
    sweeps = written(answer(*chosen), table(**SIZES), sweep)
    names = {n: base for base, n in SIZES.items()}
    assert trained(sweeps) == {(names[n], r, int(d), s) for n, r, d, s in chosen}
    assert [one.name for one in sweeps] == ["next", "next-2"]
    assert sweeps[0].cpt.schedule == "wsd"
    assert sweeps[0].general == load_sweep(sweep).general


def test_one_file_where_a_grid_holds_them_and_one_a_length(sweep: Path) -> None:
    d3, d4 = SIZES.values()
    one = written(answer((d3, 0.25, 262144, 0), (d3, 0.75, 262144, 0), (d4, 0.5, 262144, 1)), table(**SIZES), sweep)
    assert len(one) == 1
    two = written(answer((d3, 0.25, 262144, 0), (d3, 0.25, 524288, 1)), table(**SIZES), sweep)
    assert [made.cpt.tokens for made in two] == [262144, 524288]


def test_a_file_that_is_there_is_never_written_over(sweep: Path) -> None:
    (d3, *_), there = SIZES.values(), sweep.with_name("next-2.yaml")
    there.write_text("name: kept\n")
    with pytest.raises(InputError, match=r"next-2\.yaml: is there already"):
        written(answer((d3, 0.25, 262144, 0), (d3, 0.25, 524288, 1)), table(**SIZES), sweep)
    assert there.read_text() == "name: kept\n"


def test_a_new_size_is_the_nearest_rung(sweep: Path) -> None:
    sweeps = written(answer((5.3e6, 0.5, 262144, 0)), table(**SIZES), sweep)
    assert trained(sweeps) == {("d8", 0.5, 262144, 0)}


def test_bases_by_path_and_of_an_extended_file(sweep: Path, tmp_path: Path) -> None:
    heir = tmp_path / "heir.yaml"
    heir.write_text("extends: mine.yaml\nname: heir\n")
    (made,) = written(answer((1e8, 0.5, 262144, 1)), table(own=1e8, d3=332448.0), heir)
    assert [(base.path, base.learning_rate) for base in made.bases] == [("models/own", 0.001)]
    with pytest.raises(InputError, match=r"has no entry in bases for a base of 200M params"):
        written(answer((2e8, 0.5, 262144, 1)), table(own=1e8, d3=332448.0), heir)
    with pytest.raises(InputError, match=r"for the table's base 'other' of 100M params"):
        written(answer((1e8, 0.5, 262144, 1)), table(other=1e8), heir)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, r"absent\.yaml: No such file"),
        ("- a list", "a sweep file is a mapping"),
        ("a: [unclosed", "not YAML"),
        ("name: x", "bases is missing, so it is no sweep file"),
        ("extends: absent.yaml", "bases is missing|No such file"),
    ],
)
def test_what_is_no_sweep_file(tmp_path: Path, text: str | None, said: str) -> None:
    path = tmp_path / ("absent.yaml" if text is None else "bad.yaml")
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match=said) as caught:
        sweep_files(answer((332448.0, 0.5, 262144, 1)), table(**SIZES), path, tmp_path / "next.yaml")
    assert "\n" not in str(caught.value)


def test_places_that_cannot_be_written_to(sweep: Path, tmp_path: Path) -> None:
    found, runs = answer((332448.0, 0.5, 262144, 1)), table(**SIZES)
    for out in (sweep, tmp_path / "deeper" / "next.yaml"):
        with pytest.raises(InputError, match=r"must be a new file in the folder of mine\.yaml"):
            sweep_files(found, runs, sweep, out)
    with pytest.raises(InputError, match="no runs were chosen"):
        sweep_files(replace(found, runs=found.runs.iloc[:0]), runs, sweep, tmp_path / "next.yaml")


@pytest.mark.parametrize("base", [{"depth": 4}, {"path": "models/own"}, {"path": "."}, {"path": "hub/name"}])
def test_a_base_has_the_name_that_probes_gives_it(base: dict[str, Any]) -> None:
    """The sweep file's entry is found by the table's column base, which `probes` wrote."""
    assert _label(base) == Base.model_validate({"learning_rate": 1e-3, **base} if "path" in base else base).label
