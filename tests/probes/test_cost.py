import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from probes import config, cost, models, speed
from probes.bases import Pretrained, Rung
from probes.jobs import figures
from scaling.errors import InputError

MakeSweep = Callable[..., Path]


def test_runs_that_do_not_fit_into_memory_are_one_sentence(
    make_sweep: MakeSweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise torch.cuda.OutOfMemoryError

    monkeypatch.setattr(cost, "flops_per_second", full)
    with pytest.raises(InputError, match="base d1: too little memory on the accelerator; set compute"):
        cost.estimate(config.load_sweep(make_sweep()))


def test_workers_share_an_accelerator(make_sweep: MakeSweep, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost, "flops_per_second", lambda *arguments: 1e9)
    sweep = config.load_sweep(make_sweep(workers=3))
    hours = {}
    for name in ("cpu", "cuda"):
        monkeypatch.setattr(cost, "device", lambda name=name: torch.device(name))
        hours[name] = cost.estimate(sweep)[-1].hours
    assert hours["cuda"] == pytest.approx(3 * hours["cpu"])


@pytest.mark.parametrize("depth", [1, 2, 3, 6, 20])
def test_a_rung_is_counted_as_its_model_is(depth: int) -> None:
    rung = Rung(depth, 300, 64)
    model = models.shape(rung)
    assert figures(rung) == models.figures(model)
    assert figures(rung).counts == models.count(model)
    assert figures(rung).flops_per_token(64) == models.flops_per_token(model, 64)


def test_a_base_by_its_path_is_counted(tmp_path: Path) -> None:
    models.build(models.ladder_config(1, 280, 16), 0).save_pretrained(tmp_path)
    assert figures(Pretrained(str(tmp_path))) == figures(Rung(1, 280, 16))


@pytest.mark.parametrize(("given", "peak"), [("h100", 989e12), ("h200", 989e12), ("a100", 312e12)])
def test_a_published_speed_gives_the_hours(make_sweep: MakeSweep, given: str, peak: float) -> None:
    sweep = config.load_sweep(make_sweep(workers=3))
    at = speed.speed(given)
    for line in cost.estimate(sweep, at):
        assert line.flops_per_second == pytest.approx(0.25 * peak)
        assert line.hours == pytest.approx(line.runs * line.flops / (0.25 * peak) / 3600)
    assert f"0.25 of {peak / 1e12:.0f}e12 FLOPs per second" in at.assumption


def test_a_stated_speed_gives_the_hours(make_sweep: MakeSweep) -> None:
    sweep = config.load_sweep(make_sweep())
    line = cost.estimate(sweep, speed.speed(stated="40T"))[-1]
    assert line.hours == pytest.approx(line.runs * line.flops / 40e12 / 3600)


@pytest.mark.parametrize(
    ("given", "stated", "words"),
    [
        ("h100", "1e12", "leave one of them out"),
        (None, "fast", "--flops-per-second: 'fast' is not a number"),
        (None, "0", "0 is not between 1e\\+06 and 1e\\+21; give what one machine reaches"),
        (None, "-1e12", "is not between"),
        (None, "1e-300", "is not between"),
        (None, "1e300", "is not between"),
        (None, "1e999", "is not a number"),
    ],
)
def test_what_is_no_speed_is_one_sentence(given: str | None, stated: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        speed.speed(given, stated)


def test_a_speed_is_a_share_of_what_products_take(monkeypatch: pytest.MonkeyPatch) -> None:
    shapes = []

    def timed(left: torch.Tensor, right: torch.Tensor) -> float:
        shapes.append((*left.shape, *right.shape))
        return 0.5

    monkeypatch.setattr(speed, "_timed", timed)
    base = figures(Rung(4, 300, 64))
    assert speed.measured(base, 100, torch.device("cpu")) == pytest.approx(0.55 * 2 * 100 * 128 * 352 / 0.5)
    assert set(shapes) == {(100, 128, 128, 352)}
    shapes.clear()
    speed.measured(figures(Rung(20, 300, 64)), 10**6, torch.device("cpu"))
    assert 2 * shapes[0][0] * 640 * shapes[0][3] <= speed.PRODUCT, "a product of a large model is not timed for long"


def test_a_plan_makes_no_step_and_reads_no_weights(
    make_sweep: MakeSweep, own_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("load", "build", "fingerprint"):
        monkeypatch.setattr(models, name, lambda *given: pytest.fail("a model was made"))
    bases = [{"depth": 2}, {"path": str(own_base), "learning_rate": 1e-3}]
    lines = cost.estimate(config.load_sweep(make_sweep(bases=bases)))
    assert [line.kind for line in lines] == ["pretrain", "cpt", "cpt"]


SWEEPS = sorted((Path(__file__).parents[2] / "data" / "runs").glob("*.yaml"))


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.stem)
def test_a_shipped_sweep_is_planned_in_seconds(path: Path) -> None:
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "probes.cli", "plan", str(path)], capture_output=True, text=True, timeout=60
    )
    assert time.monotonic() - start < 15, "about two seconds on two cores that are idle"
    assert "transformers" not in done.stderr
    if done.returncode == 0:
        assert done.stderr == ""
    else:
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
        assert "no such corpus file" in done.stderr or "no such folder" in done.stderr
    assert "What this sweep would cost" in done.stdout or "no such folder" in done.stderr


def test_a_plan_of_the_ladder_imports_no_models(make_sweep: MakeSweep, tmp_path: Path) -> None:
    program = (
        "import sys; sys.argv = ['probes', 'plan', 'sweep.yaml', '--json']\n"
        "from probes.cli import main\nmain()\n"
        "print([name for name in sys.modules if name.startswith('transformers.model')], file=sys.stderr)"
    )
    make_sweep()
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.stderr == "[]\n"
