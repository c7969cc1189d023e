import numpy as np
import pandas as pd

from scaling.fitting.estimation.sample import run_names, sample
from scaling.laws import get_law
from scaling.runs import validate


def test_a_trunk_and_its_branches_are_one_run(world, branched):
    frame = world(checkpoints=4).query("params == 1e9")
    runs = validate(branched(frame), "w")
    names = run_names(runs)
    assert list(names) == sorted(frame["run"].unique())
    made = sample(runs, get_law("dcpt"), "general", names)
    assert list(names[made.run]) == list(runs.frame["trunk"])
    alone = sample(runs, get_law("dcpt"), "general", pd.Index(runs.frame["run"].unique()), by="run")
    assert len(np.unique(alone.run)) == 28


def test_names_do_not_depend_on_what_branches_are_called(world, branched):
    frame = branched(world(checkpoints=2))
    other = frame.assign(run=[f"x{i % 7}-{i}" for i in range(len(frame))])
    assert run_names(validate(frame)).equals(run_names(validate(other)))
