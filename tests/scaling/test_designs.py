"""Random designs of sweeps, one run to 4 sizes x 9 ratios: every command answers or says in a sentence why not."""

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from scaling.cli import main
from scaling.fitting import fit as fit_function
from scaling.planning import critical_ratio, next_probes

DRAWS = 8
RATIOS = (0.0, 0.1, 0.25, 0.33, 0.5, 0.67, 0.8, 0.9, 1.0)


def design(seed: int) -> pd.DataFrame:
    """A sweep of a made-up world: sizes, ratios, seeds, lengths and checkpoints are uneven, and columns may be missing."""
    random = np.random.default_rng(seed)
    sizes = np.sort(random.choice([7e7, 1.6e8, 4.1e8, 1e9, 2.8e9], random.integers(1, 5), replace=False))
    sizes = sizes * (1 + 3e-3 * random.standard_normal(len(sizes)))
    ratios = np.sort(random.choice(RATIOS, random.integers(1, 10), replace=False))
    per_param, share = random.choice([20.0, 100.0]), random.choice([0.0, 0.2])
    rows: list[dict[str, Any]] = []
    for n in sizes:
        seen = per_param * n if random.random() < 0.5 else 3e11
        end = share * seen if share else 4e9
        for r in ratios if random.random() < 0.7 else ratios[: random.integers(1, len(ratios) + 1)]:
            for k in range(1 + (random.random() < 0.2)):
                rows += run(random, n, float(r), k, seen, end * (1 + 2e-3 * random.standard_normal()))
        if random.random() < 0.85:
            base = {"params": n, "tokens": 0.0, "ratio": random.choice(ratios), "seed": 0, "base_tokens": seen}
            rows.append({**base, **losses(n, 0.0, 0.5, seen), "run": f"base{n:.3g}"})
    frame = pd.DataFrame(rows)
    dropped = {"domain_loss": 0.1, "general_loss": 0.05, "base_tokens": 0.3, "run": 0.2, "seed": 0.0}
    return frame.drop(columns=[name for name, chance in dropped.items() if random.random() < chance])


def run(random: np.random.Generator, n: float, r: float, seed: int, seen: float, end: float) -> list[dict[str, Any]]:
    """A run's rows at one to nine checkpoints."""
    done = np.append(np.sort(random.uniform(0.05, 0.95, random.choice([0, 1, 2, 4, 8]))), 1.0)
    named = f"{random.integers(1000)}-{n:.3g}-{r}-{seed}"
    luck = 2e-3 * random.standard_normal()
    made = []
    for tokens in end * done:
        found = {name: loss + luck for name, loss in losses(n, tokens, r, seen).items()}
        place = {"params": n, "tokens": tokens, "ratio": r, "seed": seed, "base_tokens": seen}
        made.append({**place, **found, "run": named})
    return made


def losses(n: float, tokens: float, r: float, seen: float) -> dict[str, float]:
    base = {"general_loss": 1.7 + 480 * n**-0.35, "domain_loss": 1.5 + 600 * n**-0.35}
    if tokens == 0:
        return base
    rise = (
        0.02
        - 0.05 * np.log1p(tokens / seen)
        + 0.06 * (n / 1e8) ** -0.1 * np.log((tokens + 1e7) / ((1 - r) * tokens + 1e7))
    )
    gain = 0.4 * (r + 0.02) ** 0.2 * (tokens / 4e9) ** 0.1
    return {"general_loss": base["general_loss"] + rise, "domain_loss": base["domain_loss"] - gain}


@pytest.fixture
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    for function in (fit_function, critical_ratio, next_probes):
        monkeypatch.setattr(function, "__kwdefaults__", {**function.__kwdefaults__, "draws": DRAWS})
    monkeypatch.setattr("scaling.report.contents.figures", lambda *_: [])


def commands(table: Path, params: float, tokens: float) -> tuple[list[list[str]], list[list[str]]]:
    """Those that every design is asked, and those of which it is asked one."""
    target = ["--params", f"{params:g}", "--tokens", f"{tokens:g}"]
    fit, source = str(table.with_suffix(".fit.json")), str(table)
    every = [
        ["check", source],
        ["fit", source, "--draws", str(DRAWS), "--out", fit],
        ["predict", fit, *target, "--ratio", "0.3"],
        ["plan", fit, *target],
        ["plan", source, *target, "--route", "link"],
        ["plan", source, *target, "--definition", "cmr"],
    ]
    some = [
        ["compare", source, "--laws", "dcpt", "forgetting", "--hold-outs", "params", "ratio"],
        ["plan", source, *target],
        ["report", source, *target, "--out", str(table.with_suffix(".html"))],
        ["fit", source, "--draws", str(DRAWS), "--law", "forgetting"],
        ["validate", source, "--hold-out", "run"],
        ["tradeoff", source, *target, "--points", "5"],
        ["validate", source, "--hold-out", "ratio", "--law", "forgetting"],
        ["limited", source, "--params", f"{params:g}", "--domain-tokens", "5e8"],
        ["validate", source, "--hold-out", "tokens"],
        ["allocate", source, "--flops", "1e20", "--ratio", "0.3"],
        ["validate", source, "--hold-out", "params", "--law", "forgetting"],
        ["next", source, *target, "--budget", "1e20"],
        ["plan", source, *target, "--base-general-loss", "2.3", "--relative"],
        ["fit", source, "--draws", "0", "--law", "chinchilla"],
    ]
    return every, some


def target_of(frame: pd.DataFrame, seed: int) -> tuple[float, float]:
    larger, longer = (4.0, 1.0) if seed % 2 else (1.0, 2.0)
    return larger * float(frame["params"].max()), longer * float(frame["tokens"].max())


def tried(table: Path, seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    frame = design(seed)
    frame.to_csv(table, index=False)
    every, some = commands(table, *target_of(frame, seed))
    for command in [*every, some[seed % len(some)]]:
        code, printed, said = answer(command, capsys)
        assert code in (0, 2), command
        assert (code == 0) == (said == ""), (command, said)
        assert (code == 0) == (printed != ""), (command, printed)
        assert said.count("\n") <= 1, said


def answer(command: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        code = main([*command, "--json"])
    return (code, *capsys.readouterr())


@pytest.mark.parametrize("block", range(4))
def test_every_command_answers_or_says_why_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], few_draws: None, block: int
) -> None:
    for seed in range(10 * block, 10 * block + 10):
        tried(tmp_path / f"design{seed}.csv", seed, capsys)


@pytest.mark.slow
def test_five_hundred_more_designs(tmp_path: Path, capsys: pytest.CaptureFixture[str], few_draws: None) -> None:
    for seed in range(1000, 1500):
        tried(tmp_path / f"design{seed}.csv", seed, capsys)


@pytest.mark.parametrize("seed", [10, 14, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 3, 12, 16))])
def test_neither_names_nor_their_order_change_an_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], few_draws: None, seed: int
) -> None:
    frame, random = design(seed), np.random.default_rng(seed)
    assert "run" in frame
    names = frame["run"].unique()
    other = dict(zip(names, random.permutation([f"{k}x" for k in range(len(names))]), strict=True))
    tables = [frame, frame.assign(run=frame["run"].map(other)).sample(frac=1, random_state=seed)]
    found = []
    for place, table in enumerate(tables):
        path = tmp_path / str(place) / "runs.csv"
        path.parent.mkdir()
        table.to_csv(path, index=False)
        every, some = commands(path, *target_of(frame, seed))
        asked = [c for c in [*every, *some] if c[0] in ("plan", "report", "next", "validate")]
        found.append([answer(command, capsys) for command in asked])
    for command, (code, printed, _), (again, other_way, _) in zip(asked, *found, strict=True):
        assert code == again, command
        if code == 0:
            alike(numbers(printed), numbers(other_way), command)


def numbers(printed: str) -> Any:
    """The answer without its sentences, which may name runs, and without the place of a file."""
    return {k: v for k, v in json.loads(printed).items() if k not in ("warnings", "notes", "out")}


def alike(one: Any, other: Any, where: Any) -> None:
    if isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for key, value in one.items():
            if key not in ("warnings", "notes"):
                alike(value, other[key], [*where, key])
    elif isinstance(one, list):
        assert len(one) == len(other), where
        for a, b in zip(one, other, strict=True):
            alike(a, b, where)
    else:
        assert one == (pytest.approx(other, rel=1e-9, abs=1e-12) if isinstance(other, float) else other), where
