"""The sweep files that train what `scaling next` chose."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from probes import ladder
from probes.config import Base, Sweep, load_sweep
from probes.extend import extend
from scaling.errors import InputError

BASE = """name: mine
general: {name: prose, train: [prose.jsonl]}
domain: {name: code, train: [code.jsonl]}
bases: [{depth: 3, seeds: 2}, {depth: 4}, {path: models/own, learning_rate: 0.001}]
cpt: {tokens: 262144, ratios: [0, 0.5, 1], seeds: [0], schedule: wsd}
"""
LADDER = BASE.replace(", {path: models/own, learning_rate: 0.001}", "")
SIZES = {"d3": 332448.0, "d4": 803968.0}
Run = tuple[str | None, float, float, int]  # base, ratio, tokens, seed


def answer(*chosen: Run, params: float = 1e8, **more: Any) -> str:
    """What `scaling next` writes of runs; `params` are those of bases that have no entry in SIZES."""
    runs = [
        {"params": SIZES.get(str(base), params), "ratio": r, "tokens": d, "seed": s, "flops": 1.0, "base": base}
        for base, r, d, s in chosen
    ]
    return json.dumps({"runs": runs, "status": "ok", "width_after": None, **more})


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(BASE)
    return path


@pytest.fixture
def steps(tmp_path: Path) -> Path:
    """A sweep all of whose bases are rungs of the ladder."""
    path = tmp_path / "steps.yaml"
    path.write_text(LADDER)
    return path


def asked(found: str, sweep: Path) -> Path:
    path = sweep.with_name("next.json")
    path.write_text(found)
    return path


def written(found: str, sweep: Path) -> list[Sweep]:
    paths = extend(sweep, asked(found, sweep), sweep.with_name("next.yaml"))
    made = [load_sweep(path) for path in paths]
    for path in paths:
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
    chosen: list[Run] = [
        ("d3", 0.25, 262144, 0),
        ("d3", 0.5, 262144, 2),
        ("d3", 0.5, 262144, 3),
        ("d4", 0.25, 262144, 0),
        ("d4", 1.0, 262144, 1),
    ]
    sweeps = written(answer(*chosen), sweep)
    assert trained(sweeps) == {(str(base), r, int(d), s) for base, r, d, s in chosen}
    assert [one.name for one in sweeps] == ["next", "next-2"]
    assert sweeps[0].cpt.schedule == "wsd"
    assert sweeps[0].general == load_sweep(sweep).general


def test_one_file_where_a_grid_holds_them_and_one_a_length(sweep: Path) -> None:
    one = written(answer(("d3", 0.25, 262144, 0), ("d3", 0.75, 262144, 0), ("d4", 0.5, 262144, 1)), sweep)
    assert len(one) == 1
    two = written(answer(("d3", 0.25, 262144, 0), ("d3", 0.25, 524288, 1)), sweep)
    assert [made.cpt.tokens for made in two] == [262144, 524288]


def test_a_file_that_is_there_is_never_written_over(sweep: Path) -> None:
    there = sweep.with_name("next-2.yaml")
    there.write_text("name: kept\n")
    with pytest.raises(InputError, match=r"next-2\.yaml: exists already"):
        written(answer(("d3", 0.25, 262144, 0), ("d3", 0.25, 524288, 1)), sweep)
    assert there.read_text() == "name: kept\n"
    assert not sweep.with_name("next.yaml").exists()


def test_a_new_size_is_the_nearest_rung(steps: Path) -> None:
    sweeps = written(answer((None, 0.5, 262144, 0), params=5.3e6), steps)
    assert trained(sweeps) == {("d8", 0.5, 262144, 0)}
    sweeps = written(answer((None, 0.5, 262144, 0), params=float(ladder.parameters(5))), steps)
    assert trained(sweeps) == {("d5", 0.5, 262144, 0)}


@pytest.mark.parametrize("params", [5e5, 1e3, 1e12])
def test_a_size_that_the_ladder_does_not_have_is_refused(steps: Path, params: float) -> None:
    with pytest.raises(InputError, match=r"steps\.yaml: the ladder has no base of .* params; the nearest is d\d+ of"):
        written(answer((None, 0.5, 262144, 0), params=params), steps)


def test_a_rung_of_the_table_that_the_sweep_does_not_list(sweep: Path) -> None:
    assert trained(written(answer(("d6", 0.5, 262144, 0)), sweep)) == {("d6", 0.5, 262144, 0)}


def test_bases_by_path_and_of_an_extended_file(sweep: Path, tmp_path: Path) -> None:
    heir = tmp_path / "heir.yaml"
    heir.write_text("extends: mine.yaml\nname: heir\n")
    (made,) = written(answer(("own", 0.5, 262144, 1)), heir)
    assert [(base.path, base.learning_rate) for base in made.bases] == [("models/own", 0.001)]
    with pytest.raises(InputError, match=r"has no entry in bases for a base of 200M params"):
        written(answer((None, 0.5, 262144, 1), params=2e8), heir)
    with pytest.raises(InputError, match=r"for the table's base 'other' of 100M params"):
        written(answer(("other", 0.5, 262144, 1)), heir)


def test_no_fewer_checkpoints_than_the_runs_were_counted_on_to_have(sweep: Path) -> None:
    own = load_sweep(sweep).cpt.checkpoints
    for count, expected in ((own - 3, own), (own + 3, own + 3)):
        (made,) = written(answer(("d3", 0.5, 262144, 1), checkpoints=count), sweep)
        assert made.cpt.checkpoints == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, r"absent\.yaml: No such file"),
        ("- a list", "a sweep file needs keys with values"),
        ("a: [unclosed", "not YAML"),
        ("name: x", r"bad\.yaml: general: Field required"),
        (BASE.replace("bases:", "base:"), r"bad\.yaml: bases: Field required"),
        ("extends: absent.yaml", r"absent\.yaml: No such file"),
    ],
)
def test_what_is_no_sweep_file(tmp_path: Path, text: str | None, said: str) -> None:
    path = tmp_path / ("absent.yaml" if text is None else "bad.yaml")
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match=said) as caught:
        written(answer(("d3", 0.5, 262144, 1)), path)
    assert "\n" not in str(caught.value)


RUN = {"params": 1e6, "ratio": 0.5, "tokens": 262144, "seed": 0}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: mine", r"next\.json: is not what `scaling next --out` writes \(the file: Invalid JSON"),
        ("[]", r"is not what `scaling next --out` writes \(the file: "),
        ("{}", r"is not what `scaling next --out` writes \(runs: Field required\)"),
        (json.dumps({"runs": [{**RUN, "ratio": 25}]}), r"\(runs\.0\.ratio: "),
        (json.dumps({"runs": [{**RUN, "seed": None}]}), r"\(runs\.0\.seed: "),
        (json.dumps({"runs": [{**RUN, "params": -1}]}), r"\(runs\.0\.params: "),
    ],
)
def test_what_scaling_next_did_not_write(sweep: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        written(text, sweep)
    assert "\n" not in str(caught.value)


def test_places_that_cannot_be_written_to(sweep: Path, tmp_path: Path) -> None:
    found = asked(answer(("d3", 0.5, 262144, 1)), sweep)
    for out in (sweep, tmp_path / "deeper" / "next.yaml"):
        with pytest.raises(InputError, match=r"must be a new file in the folder of mine\.yaml"):
            extend(sweep, found, out)
    assert sweep.read_text() == BASE
    with pytest.raises(InputError, match="has no runs to train"):
        written(answer(), sweep)
    with pytest.raises(InputError, match=r"none\.json: No such file"):
        extend(sweep, tmp_path / "none.json", tmp_path / "next.yaml")


def test_what_probes_run_would_refuse_is_not_written(sweep: Path) -> None:
    with pytest.raises(InputError, match=r"cpt\.tokens must be at least one step"):
        written(answer(("d3", 0.25, 262144, 0), ("d3", 0.5, 16, 1)), sweep)
    assert not list(sweep.parent.glob("next*.yaml"))


def test_a_name_that_looks_like_a_number_stays_one(sweep: Path) -> None:
    found = asked(answer(("d3", 0.5, 262144, 1)), sweep)
    (path,) = extend(sweep, found, sweep.with_name("2026.yaml"))
    assert load_sweep(path).name == "2026"


@pytest.mark.parametrize("base", [{"depth": 4}, {"path": "models/own"}, {"path": "."}, {"path": "hub/name"}])
def test_a_base_has_the_name_that_probes_gives_it(base: dict[str, Any], sweep: Path) -> None:
    """The sweep file's entry is found by the table's column base, which `probes` wrote."""
    entry = {"learning_rate": 1e-3, **base} if "path" in base else base
    sweep.write_text(
        BASE.replace("{depth: 3, seeds: 2}, {depth: 4}, {path: models/own, learning_rate: 0.001}", json.dumps(entry))
    )
    (loaded,) = load_sweep(sweep).bases
    if base != {"path": "."}:  # a folder that is there is named by where it lies beside the sweep file
        assert loaded.label == Base.model_validate(entry).label
    (made,) = written(answer((loaded.label, 0.5, 262144, 1)), sweep)
    assert [one.label for one in made.bases] == [loaded.label]


WITHOUT_TORCH = """
import sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "transformers"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Finder())
from probes.cli import main
main()
"""


def test_a_mistake_is_one_sentence_and_exit_2_without_torch_too(sweep: Path) -> None:
    found = asked(answer(("d3", 0.5, 262144, 1)), sweep)

    def call(out: Path) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-c", WITHOUT_TORCH, "extend", str(sweep), "--with", str(found), "--out", str(out)]
        return subprocess.run(command, capture_output=True, text=True, timeout=120)

    refused = call(sweep)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith("probes: ")
    assert refused.stderr.count("\n") == 1
    done = call(sweep.with_name("next.yaml"))
    assert (done.returncode, done.stdout, done.stderr) == (0, f"wrote {sweep.with_name('next.yaml')}\n", "")
