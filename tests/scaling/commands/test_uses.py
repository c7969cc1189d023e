"""The plans beside the critical ratio: `scaling limited`, `allocate` and `tradeoff`."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from scaling import allocate_compute, fit, limited_data, load_fit, load_runs, tradeoff_table
from scaling.cli import main

ESTIMATE = {"value", "low", "high"}
LIMITED = ("limited", "--params", "1B", "--domain-tokens", "500M")
ALLOCATE = ("allocate", "--flops", "1e19", "--ratio", "0.5")
TRADEOFF = ("tradeoff", "--params", "1B", "--tokens", "3.2B")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three sizes, six ratios, five checkpoints from a D-CPT-shaped truth; domain data is seen up to twice."""
    random, rows = np.random.default_rng(0), []
    for n in (1e8, 3e8, 1e9):
        size = 0.5 * (n / 1e9) ** -0.3
        rows.append([n, 0, 0.5, 2.2 + size, 2.6 + size, 0])
        for r in (0, 0.1, 0.25, 0.5, 0.75, 1):
            for d in (0.2, 0.4, 0.8, 1.6, 3.2):
                general = 1.9 + size + 0.05 * (1 - r) ** 0.5 * d**-0.3 + 0.25 * (1.02 - r) ** -0.15
                domain = 1.2 + size + 0.3 * r**0.5 * d**-0.3 + 0.30 * (r + 0.02) ** -0.20
                noise = np.exp(random.normal(0, 1e-3, 2))
                unique = min(r * d * 1e9, 1.6e9)
                rows.append([n, d * 1e9, r, general * noise[0], domain * noise[1], unique])
    path = tmp_path_factory.mktemp("uses") / "runs.csv"
    columns = ["params", "tokens", "ratio", "general_loss", "domain_loss", "unique_domain_tokens"]
    pd.DataFrame(rows, columns=columns).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def saved(runs: Path) -> Path:
    path = runs.parent / "fit.json"
    fit(load_runs(runs), law="dcpt").save(path)
    return path


def words(command: tuple[str, ...], source: Path, *more: object) -> list[str]:
    return [command[0], str(source), *command[1:], *map(str, more)]


def ask(capsys: pytest.CaptureFixture[str], command: tuple[str, ...], source: Path, *more: object) -> dict[str, Any]:
    """With --json: exit code 0, one JSON object and nothing else on standard output."""
    code = main([*words(command, source, *more), "--json"])
    out = capsys.readouterr()
    assert (code, out.err) == (0, "")
    answer = json.loads(out.out, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    assert isinstance(answer, dict)
    return answer


def refused(capsys: pytest.CaptureFixture[str], command: tuple[str, ...], source: Path, *more: object) -> str:
    """Exit code 2, one line on standard error, nothing on standard output."""
    code = main(words(command, source, *more))
    out = capsys.readouterr()
    assert (code, out.out) == (2, "")
    assert out.err.startswith("scaling: ")
    assert out.err.count("\n") == 1
    return out.err


def test_limited(capsys: pytest.CaptureFixture[str], runs: Path, saved: Path) -> None:
    found = ask(capsys, LIMITED, saved)
    made = limited_data(load_fit(saved), params=1e9, domain_tokens=5e8)
    assert found == made.to_json_dict()
    assert set(found) == {
        "ratio", "tokens", "epochs", "domain_loss", "general_loss", "uncapped", "status", "level", "max_epochs",
        "probe_epochs", "extrapolation", "warnings", "notes",
    }  # fmt: skip
    assert all(set(found[name]) == ESTIMATE for name in ("ratio", "tokens", "epochs", "domain_loss", "general_loss"))
    # 0.3 r^0.8 0.5^-0.3 + 0.3 (r + 0.02)^-0.2 is least here
    grid = np.linspace(0.01, 1, 2000)
    truth = grid[np.argmin(grid**0.8 * 0.5**-0.3 + (grid + 0.02) ** -0.2)]
    assert found["ratio"]["value"] == pytest.approx(truth, abs=0.02)
    assert found["ratio"]["low"] < found["ratio"]["value"] < found["ratio"]["high"]
    assert found["probe_epochs"] is None
    table = load_runs(runs)
    repeated = ask(capsys, LIMITED, runs, "--law", "dcpt", "--tokens", "3.2B", "--max-epochs", 2)
    assert repeated == limited_data(fit(table, law="dcpt"), 1e9, 5e8, 3.2e9, max_epochs=2, runs=table).to_json_dict()
    assert repeated["probe_epochs"] == 2
    assert main(words(LIMITED, saved)) == 0
    assert "500M unique domain tokens, one epoch" in capsys.readouterr().out


def test_limited_refuses(capsys: pytest.CaptureFixture[str], saved: Path, runs: Path, tmp_path: Path) -> None:
    assert "domain tokens must be above 0, not 0" in refused(capsys, LIMITED, saved, "--domain-tokens", 0)
    assert "domain tokens must be above 0" in refused(capsys, LIMITED, saved, "--domain-tokens", "-1B")
    assert "smaller than the smallest probe" in refused(capsys, LIMITED, saved, "--params", "1M")
    assert "max epochs must be at least 1" in refused(capsys, LIMITED, saved, "--max-epochs", 0)
    pd.read_csv(runs).drop(columns="domain_loss").to_csv(tmp_path / "general.csv", index=False)
    assert "no domain corpus" in refused(capsys, LIMITED, tmp_path / "general.csv")
    with pytest.raises(SystemExit) as stop:
        main(words(LIMITED, saved, "--tokens", "many"))
    error = capsys.readouterr().err
    assert stop.value.code == 2
    assert "'many' is not a number" in " ".join(error.replace("│", " ").split())
    assert "lambda" not in error


def test_allocate(capsys: pytest.CaptureFixture[str], saved: Path) -> None:
    found = ask(capsys, ALLOCATE, saved)
    assert found == allocate_compute(load_fit(saved), 1e19, 0.5).to_json_dict()
    assert set(found) == {
        "params", "tokens", "tokens_per_param", "loss", "corpus", "flops", "ratio", "level", "status", "extrapolation",
        "warnings", "notes",
    }  # fmt: skip
    assert 6 * found["params"]["value"] * found["tokens"]["value"] == pytest.approx(1e19)
    # equal exponents 0.3: N = (A / B)^(1 / 0.6) (C / 6)^0.5
    truth = (0.5 / (0.3 * 0.5**0.5)) ** (1 / 0.6) * (1e19 / 6) ** 0.5
    assert found["params"]["value"] == pytest.approx(truth, rel=0.2)
    general = ask(capsys, ALLOCATE, saved, "--corpus", "general")
    assert general["corpus"] == "general"
    assert main(words(ALLOCATE, saved)) == 0
    assert "tokens per param" in capsys.readouterr().out
    assert "write 0.25 for 25 %" in refused(capsys, ALLOCATE, saved, "--ratio", 25)
    assert "flops must be above 0" in refused(capsys, ALLOCATE, saved, "--flops", 0)


def test_tradeoff(capsys: pytest.CaptureFixture[str], saved: Path) -> None:
    found = ask(capsys, TRADEOFF, saved, "--points", 5)
    assert found == tradeoff_table(load_fit(saved), 1e9, 3.2e9, points=5).to_json_dict()
    assert set(found) == {
        "critical_ratio", "status", "law", "base_general_loss", "level", "extrapolation", "rows", "warnings",
        "notes",
    }  # fmt: skip
    assert len(found["rows"]) == 6
    (critical,) = [row for row in found["rows"] if row["critical"]]
    assert set(critical) == {"ratio", "general_loss", "domain_loss", "rise", "within", "pareto", "critical", "outside"}
    assert set(critical["domain_loss"]) == ESTIMATE
    assert critical["ratio"] == found["critical_ratio"]["value"]
    assert critical["rise"]["value"] == pytest.approx(0.05)
    assert critical["within"] is True
    assert main(words(TRADEOFF, saved, "--tolerance", 0.02, "--relative", "--base-general-loss", 2.7)) == 0
    assert "< critical ratio" in capsys.readouterr().out
    assert "points must be at least 2" in refused(capsys, TRADEOFF, saved, "--points", 1)
    assert "tolerance must not be negative" in refused(capsys, TRADEOFF, saved, "--tolerance", -1)


@pytest.mark.parametrize("command", [LIMITED, ALLOCATE, TRADEOFF])
def test_a_fit_or_a_table_is_the_same(
    capsys: pytest.CaptureFixture[str], runs: Path, saved: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    from_fit, from_table = ask(capsys, command, saved), ask(capsys, command, runs, "--law", "dcpt")
    from_table["probe_epochs"] = from_fit.setdefault("probe_epochs", None)
    assert from_fit == from_table
    assert "this is a fit" in refused(capsys, command, saved, "--stage", "trunk")
    assert "no law called" in refused(capsys, command, runs, "--law", "dcpd")
    (tmp_path / "foreign.json").write_text('{"hello": 1}')
    assert "foreign.json" in refused(capsys, command, tmp_path / "foreign.json")
    assert "not_there.csv" in refused(capsys, command, tmp_path / "not_there.csv")


def test_one_domain_of_several(capsys: pytest.CaptureFixture[str], runs: Path, saved: Path, tmp_path: Path) -> None:
    frame, both = pd.read_csv(runs), tmp_path / "both.csv"
    easier = frame.assign(domain="law", domain_loss=frame["domain_loss"] - 0.2, unique_domain_tokens=1e9)
    pd.concat([frame.assign(domain="code"), easier]).to_csv(both, index=False)
    code = ask(capsys, LIMITED, both, "--domain", "code")
    assert code["ratio"]["value"] == ask(capsys, LIMITED, runs)["ratio"]["value"]
    assert code["probe_epochs"] == 2
    assert ask(capsys, LIMITED, both, "--domain", "law")["probe_epochs"] == pytest.approx(3.2)
    assert "no 'music', it has code, law" in refused(capsys, LIMITED, both, "--domain", "music")
    together = ("--law", "dcpt_cross_k1", "--domain", "law")
    assert ask(capsys, LIMITED, both, *together)["probe_epochs"] == pytest.approx(3.2)
