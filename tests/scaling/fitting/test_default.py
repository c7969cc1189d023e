"""Which law a plan is made with where nobody says."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from scaling.fitting.default import chosen_law
from scaling.runs import validate

World = Callable[..., pd.DataFrame]


@pytest.fixture
def table(forgetting_world: World) -> pd.DataFrame:
    return forgetting_world(tokens=(1e7, 1e8))


def test_where_every_size_has_a_base_loss_it_is_forgetting(table: pd.DataFrame) -> None:
    assert chosen_law(validate(table)) == ("forgetting", None)


def test_a_logged_column_of_base_losses_is_as_good(table: pd.DataFrame) -> None:
    trained = table[table["tokens"] > 0].assign(base_general_loss=5.0)
    assert chosen_law(validate(trained)) == ("forgetting", None)


def test_one_size_without_a_base_loss_is_dcpt_and_the_size_is_named(table: pd.DataFrame) -> None:
    some = table[(table["tokens"] > 0) | (table["params"] != 3e6)]
    law, note = chosen_law(validate(some))
    assert law == "dcpt"
    assert "no base general loss (a row with tokens = 0) at params = 3e+06" in note
    assert "\n" not in note


def test_a_base_loss_that_was_not_measured_is_none(table: pd.DataFrame) -> None:
    base = (table["tokens"] == 0) & (table["params"] == 1e7)
    law, note = chosen_law(validate(table.assign(general_loss=table["general_loss"].mask(base))))
    assert (law, "params = 1e+07" in note) == ("dcpt", True)


def test_sizes_without_trained_general_losses_need_no_base_loss(table: pd.DataFrame) -> None:
    unmeasured = table["params"] == 3e6
    partly = table.assign(general_loss=table["general_loss"].mask(unmeasured, np.nan))
    assert chosen_law(validate(partly)) == ("forgetting", None)


def test_a_table_of_the_domain_loss_alone_is_dcpt(table: pd.DataFrame) -> None:
    assert chosen_law(validate(table.drop(columns="general_loss")))[0] == "dcpt"
