"""`scaling plan`: the law, the route and the base tokens."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from scaling import Target, critical_ratio, fit, load_fit, load_runs
from scaling.cli import main
from scaling.fitting import Fit
from scaling.fitting.default import chosen_law
from scaling.planning import Plan

World = Callable[..., pd.DataFrame]
TARGET = ("--params", "30M", "--tokens", "100M")
WHERE: dict[str, Any] = {"params": 3e7, "tokens": 1e8}


@pytest.fixture(scope="module")
def runs(forgetting_world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plan") / "runs.csv"
    frame = forgetting_world(noise=5e-4, tokens=(2e7, 5e7, 1e8), ratios=(0.0, 0.25, 0.6, 1.0))
    frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def unsaid(runs: Path) -> Path:
    """The table without base tokens."""
    path = runs.parent / "unsaid.csv"
    pd.read_csv(runs).drop(columns="base_tokens").to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def some(runs: Path) -> Path:
    """The table with base losses for some sizes only."""
    frame, path = pd.read_csv(runs), runs.parent / "some.csv"
    frame[(frame["tokens"] > 0) | (frame["params"] != 3e6)].to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def saved(forgetting_fit: Fit, runs: Path) -> Path:
    path = runs.parent / "fit.json"
    forgetting_fit.save(path)
    return path


def ask(capsys: pytest.CaptureFixture[str], source: Path, *options: object) -> dict[str, Any]:
    code = main(["plan", str(source), *TARGET, *map(str, options), "--json"])
    out = capsys.readouterr()
    assert (code, out.err) == (0, "")
    answer = json.loads(out.out, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    assert isinstance(answer, dict)
    return answer


def refused(capsys: pytest.CaptureFixture[str], source: Path, *options: object) -> str:
    """Exit code 2, one sentence on standard error, nothing on standard output."""
    code = main(["plan", str(source), *TARGET, *map(str, options)])
    out = capsys.readouterr()
    assert (code, out.out) == (2, "")
    assert out.err.startswith("scaling: ")
    assert out.err.count("\n") == 1
    return out.err


def test_a_table_is_planned_as_in_python(capsys: pytest.CaptureFixture[str], runs: Path) -> None:
    table = load_runs(runs)
    law, note = chosen_law(table)
    assert (law, note) == ("forgetting", None)
    found = ask(capsys, runs)
    assert found == critical_ratio(fit(table, law=law), **WHERE).to_json_dict()
    assert (found["law"], found["route"], found["definition"], found["status"]) == (law, "law", "tolerance", "ok")
    assert set(found["critical_ratio"]) == {"value", "low", "high"}
    contract = {"critical_ratio", "status", "general_loss", "domain_loss", "base_general_loss", "extrapolation"}
    assert set(found) == contract | {"warnings", "notes", "level", "definition", "law", "route"}
    assert set(found["extrapolation"]) == {"params", "tokens", "ratio", "base_tokens_per_param", "progress"}


def test_a_table_that_lacks_a_base_loss_is_planned_by_dcpt_with_a_sentence(
    capsys: pytest.CaptureFixture[str], some: Path
) -> None:
    found = ask(capsys, some)
    assert found["law"] == "dcpt"
    assert chosen_law(load_runs(some))[1] in found["warnings"]


def test_the_law_asked_for_is_fitted(capsys: pytest.CaptureFixture[str], runs: Path) -> None:
    found = ask(capsys, runs, "--law", "dcpt")
    assert found == critical_ratio(fit(load_runs(runs), law="dcpt"), **WHERE).to_json_dict()
    assert found["law"] == "dcpt"


def test_a_saved_fit_keeps_its_law(capsys: pytest.CaptureFixture[str], saved: Path) -> None:
    assert ask(capsys, saved) == critical_ratio(load_fit(saved), **WHERE).to_json_dict()


def test_the_link(capsys: pytest.CaptureFixture[str], runs: Path) -> None:
    found = ask(capsys, runs, "--route", "link")
    assert found == critical_ratio(load_runs(runs), 3e7, 1e8, law="forgetting", method="link").to_json_dict()
    assert (found["law"], found["route"]) == ("forgetting", "link")


@pytest.fixture
def links(monkeypatch: pytest.MonkeyPatch, forgetting_fit: Fit) -> list[dict[str, Any]]:
    """The options with which a link is asked for; it answers at once."""
    asked: list[dict[str, Any]] = []

    def answer(_: Any, target: Target, **options: Any) -> Plan:
        asked.append({"target": target, **options})
        return critical_ratio(forgetting_fit, **WHERE)

    monkeypatch.setattr("scaling.planning.link.linked_ratio", answer)
    return asked


def test_the_link_takes_the_law_asked_for(
    capsys: pytest.CaptureFixture[str], runs: Path, links: list[dict[str, Any]]
) -> None:
    ask(capsys, runs, "--route", "link", "--law", "dcpt", "--relative", "--level", 0.8)
    target = Target(**WHERE, relative=True, level=0.8)
    assert links == [{"target": target, "law": "dcpt", "draws": 200, "seed": 0}]


def test_the_link_says_as_well_why_it_takes_dcpt(capsys: pytest.CaptureFixture[str], some: Path) -> None:
    found = ask(capsys, some, "--route", "link")
    assert found["law"] == "dcpt"
    assert chosen_law(load_runs(some))[1] in found["warnings"]


def test_the_targets_base_tokens_are_used(capsys: pytest.CaptureFixture[str], saved: Path) -> None:
    told, more = (ask(capsys, saved, "--base-tokens", count) for count in ("1B", "1T"))
    assert told == critical_ratio(load_fit(saved), **WHERE, base_tokens=1e9).to_json_dict()
    assert told["critical_ratio"]["value"] > more["critical_ratio"]["value"]


@pytest.mark.parametrize(
    ("source", "options", "said"),
    [
        ("saved", ("--route", "link"), "--route link needs a run table, not a fit"),
        ("saved", ("--definition", "cmr"), "--definition cmr needs a run table, not a fit"),
        ("saved", ("--stage", "trunk"), "this is a fit"),
        ("runs", ("--route", "link", "--base-tokens", "1B"), "cannot be used with --route link"),
        ("runs", ("--route", "link", "--base-general-loss", "3"), "cannot be used with --route link"),
        ("runs", ("--definition", "cmr", "--base-tokens", "1B"), "cannot be used with --definition cmr"),
        ("runs", ("--law", "dcpd"), "no law called"),
        ("saved", ("--base-tokens", "0"), "base tokens must be above 0"),
        ("saved", ("--base-tokens", "-1B"), "base tokens must be above 0"),
        ("unsaid", ("--base-tokens", "1B"), "does not say for every size"),
    ],
)
def test_options_that_do_not_go_together(
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
    source: str,
    options: tuple[str, ...],
    said: str,
) -> None:
    assert said in refused(capsys, request.getfixturevalue(source), *options)


@pytest.mark.parametrize(
    ("source", "options"),
    [
        ("saved", ("--law", "dcpt")),
        ("runs", ("--definition", "cmr", "--law", "dcpt")),
        ("unsaid", ("--law", "dcpt", "--base-tokens", "1B")),
    ],
)
def test_options_that_would_change_nothing_are_refused(
    capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest, source: str, options: tuple[str, ...]
) -> None:
    refused(capsys, request.getfixturevalue(source), *options)


def test_base_tokens_that_cannot_be_read(capsys: pytest.CaptureFixture[str], saved: Path) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["plan", str(saved), *TARGET, "--base-tokens", "many"])
    error = capsys.readouterr().err
    assert stop.value.code == 2
    assert "Traceback" not in error
    assert "'many' is not a number" in " ".join(error.replace("│", " ").split())


def test_a_thousand_draws_are_planned_in_time(forgetting_fit: Fit, tmp_path: Path) -> None:
    general, domain = forgetting_fit.general, forgetting_fit.domain
    assert general is not None
    assert domain is not None
    many = replace(
        forgetting_fit,
        general=replace(general, draws=np.resize(general.draws, (1000, 6))),
        domain=replace(domain, draws=np.resize(domain.draws, (1000, 9))),
    )
    many.save(tmp_path / "fit.json")
    fitted = load_fit(tmp_path / "fit.json")
    start = time.perf_counter()
    plan = critical_ratio(fitted, **WHERE)
    assert time.perf_counter() - start < 2.0
    assert plan.status == "ok"
