"""The sweep in data/runs/."""

from pathlib import Path

import numpy as np
import pytest
import yaml

import scaling
from scaling.runs import Runs

FOLDER = Path(__file__).parents[2] / "data" / "runs"


@pytest.fixture(scope="module")
def runs() -> Runs:
    return scaling.load_runs(FOLDER / "prose-python.parquet")


def test_it_is_the_whole_sweep_of_its_file(runs: Runs) -> None:
    sweep = yaml.safe_load((FOLDER / "prose-python.yaml").read_text())
    assert sorted(runs.frame["ratio"].unique()) == sweep["cpt"]["ratios"]
    per_size = runs.frame.groupby("params")["seed"].nunique().tolist()
    assert per_size == [len(base["seeds"]) for base in sweep["bases"]]
    checkpoints = runs.frame[runs.frame["tokens"] > 0].groupby("run").size()
    assert (checkpoints >= 10).all()
    assert runs.frame.groupby("run")["tokens"].agg(["min", "max"]).drop_duplicates().values.tolist() == [
        [0, sweep["cpt"]["tokens"]]
    ]
    assert len(checkpoints) == len(sweep["cpt"]["ratios"]) * sum(per_size)


def test_tokens_per_parameter_of_the_bases_are_the_same(runs: Runs) -> None:
    assert np.allclose(runs.frame["base_tokens"] / runs.frame["params"], 3, rtol=0.01)


def test_dcpt_describes_the_domain_loss_with_its_burn_in_stated(runs: Runs) -> None:
    fit = scaling.fit(runs, law="dcpt", draws=0)
    assert fit.domain is not None
    assert fit.domain.r2 >= 0.98
    assert fit.burn_in > 0
    assert any("rises before it falls" in warning for warning in fit.warnings)
