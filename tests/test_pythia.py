"""The public sweep: the shipped table, the script that derives it, and the figures that the documents quote from it."""

import importlib.util
import io
import json
import sys
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

import scaling

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "pythia.md"
FULL, HALF = "2,097,152", "1,048,576"  # tokens per step
SHARES, HALVES = "all shares but 0.715", "first half of every run"
NEAR = 0.002
FIGURES = {  # what the documents claim: value and 90 % interval
    (FULL, "all", "measured"): (0.7206, None, None),
    (FULL, SHARES, "forgetting"): (0.7213, 0.7015, 0.7381),
    (FULL, SHARES, "dcpt"): (0.7179, 0.7076, 0.7308),
    (FULL, SHARES, "no law"): (0.7173, None, None),
    (FULL, HALVES, "forgetting"): (0.7222, 0.6591, 0.7572),
    (FULL, HALVES, "dcpt"): (0.6569, 0.6038, 0.7178),
    (FULL, HALVES, "no law"): (0.6844, None, None),
    (HALF, SHARES, "forgetting"): (0.7216, 0.6963, 0.7436),
    (HALF, HALVES, "forgetting"): (0.7325, 0.6727, 0.7661),
}


Figures = dict[tuple[str, str, str], tuple[float, float | None, float | None]]


def script(path: str) -> ModuleType:
    """A script outside the packages, as a module."""
    spec = importlib.util.spec_from_file_location(f"script_{Path(path).stem}", ROOT / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look up their module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def derive() -> ModuleType:
    return script("data/published/derive_pythia.py")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The authors' two files, made up: two parts of the Pile and Python, the base and one checkpoint."""
    losses = {"models//pythia_70m_step20000": (2.0, 4.0, 1.5), "ckpts//70M_ct_1-0.25-0.75/1000": (2.2, 3.0, 1.25)}
    files = ("pythia-pile.valid.ArXiv.bin", "pythia-pile.valid.Pile-CC.bin", "starcoder.python.valid.bin")
    logged = [
        f"/x/{checkpoint}\t/y//{file}\t{loss}"
        for checkpoint, three in losses.items()
        for file, loss in zip(files, three, strict=True)
    ]
    (tmp_path / "data" / "ct").mkdir(parents=True)
    (tmp_path / "pipeline").mkdir()
    (tmp_path / "data" / "ct" / "70M.txt").write_text("\n".join([*logged, logged[-1]]) + "\n")
    (tmp_path / "pipeline" / "valid_weight.json").write_text(json.dumps({"ArXiv": 0.25, "Pile-CC": 0.75}))
    return tmp_path


def test_a_log_becomes_a_run_table(derive: ModuleType, checkout: Path) -> None:
    derive.write(checkout, out := io.StringIO())
    table = pd.read_csv(io.StringIO(out.getvalue()))
    assert table["tokens"].tolist() == [0, 1000 * 2_097_152]
    assert table["ratio"].tolist() == [0.75, 0.75]
    assert table["general_loss"].tolist() == [3.5, 2.8]  # a quarter of one part and three quarters of the other
    assert table["domain_loss"].tolist() == [1.5, 1.25]
    assert set(table["base_tokens"]) == {20_000 * 2_097_152}


def test_two_losses_of_one_evaluation_are_refused(derive: ModuleType, checkout: Path) -> None:
    log = checkout / "data" / "ct" / "70M.txt"
    lines = log.read_text().splitlines()
    log.write_text("\n".join([*lines, lines[0].rsplit("\t", 1)[0] + "\t9.0"]))
    with pytest.raises(ValueError, match="line 8: ArXiv has another loss"):
        derive.write(checkout, io.StringIO())


def test_a_missing_part_of_the_general_corpus_is_refused(derive: ModuleType, checkout: Path) -> None:
    log = checkout / "data" / "ct" / "70M.txt"
    log.write_text("\n".join(log.read_text().splitlines()[1:]))
    with pytest.raises(KeyError, match="ArXiv"):
        derive.write(checkout, io.StringIO())


def test_the_shipped_table_is_the_whole_sweep(derive: ModuleType) -> None:
    frame = scaling.load_runs(ROOT / "data" / "published" / "pythia70m_python.csv").frame
    steps = [step * derive.STEP_TOKENS for step in range(0, 10_001, 1000)]
    assert all(run["tokens"].tolist() == steps for _, run in frame.groupby("run"))
    assert sorted(frame["ratio"].unique()) == [0.5, 0.625, 0.71484375, 0.75, 0.875]
    start = frame.loc[frame["tokens"] == 0, ["general_loss", "domain_loss"]]
    assert start.drop_duplicates().to_numpy().tolist() == [[2.873368, 1.838120]]


@pytest.fixture(scope="module")
def figures() -> Figures:
    lines = script("benchmarks/pythia.py").results()
    return {(line.tokens_per_step, line.part, line.method): (line.value, line.low, line.high) for line in lines}


@pytest.mark.parametrize("which", FIGURES, ids="-".join)
def test_the_figures_come_out_again(figures: Figures, which: tuple[str, str, str]) -> None:
    assert figures[which] == pytest.approx(FIGURES[which], abs=NEAR)


def test_the_stored_table_is_what_the_script_finds(
    figures: Figures,
) -> None:
    stored = {}
    for row in RESULTS.read_text(encoding="utf-8").splitlines()[2:]:
        tokens, part, method, value, interval = (cell.strip() for cell in row.strip("|").split("|"))
        low, high = map(float, interval.split(" to ")) if interval else (None, None)
        stored[tokens, part, method] = (float(value), low, high)
    assert stored.keys() == figures.keys()
    for which, numbers in figures.items():
        assert stored[which] == pytest.approx(numbers, abs=NEAR)


def cells(which: tuple[str, str, str]) -> tuple[str, str]:
    """The ratio and the interval of a row of the stored table, as a sentence writes them."""
    start = f"| {' | '.join(which)} | "
    row = next(row for row in RESULTS.read_text(encoding="utf-8").splitlines() if row.startswith(start))
    value, interval = row.removeprefix(start).removesuffix(" |").split(" | ")
    return value, f"[{interval.replace(' to ', ', ')}]"


def test_the_first_page_quotes_the_table() -> None:
    page = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    shares, halves = (cells((FULL, part, "forgetting")) for part in (SHARES, HALVES))
    assert f"predicts the crossing at {shares[0]} {shares[1]}." in page
    assert f"it predicts {halves[0]} {halves[1]}." in page
    half_shares, half_halves = (cells((HALF, part, "forgetting"))[0] for part in (SHARES, HALVES))
    assert f"Halving them gives {half_shares} and {half_halves}." in page
    measured, dcpt = cells((FULL, "all", "measured"))[0], cells((FULL, HALVES, "dcpt"))[0]
    assert f"(measured: {measured})" in page
    assert f"| predicted {halves[0]} | predicted {dcpt} |" in page


def test_the_evidence_shows_the_table_and_its_errors() -> None:
    page = (ROOT / "docs" / "evidence.md").read_text(encoding="utf-8")
    assert f"<!-- pythia -->\n{RESULTS.read_text(encoding='utf-8')}<!-- end -->" in page
    truth = FIGURES[FULL, "all", "measured"][0]
    ours, dcpt, nothing = (
        f"{abs(FIGURES[FULL, HALVES, method][0] - truth):.3f}" for method in ("forgetting", "dcpt", "no law")
    )
    words = " ".join(page.split())
    assert (
        f"The forgetting law errs by {ours} there. D-CPT errs by {dcpt}, more than no law at all ({nothing})." in words
    )
