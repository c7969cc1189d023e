import json
import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaling import critical_ratio, tradeoff_table
from scaling.errors import InputError
from scaling.fitting import Fit
from scaling.fitting.estimation.base_tokens import BaseTokens
from scaling.planning.search import pareto

MakeFit = Callable[..., Fit]


def test_pareto() -> None:
    points = [[1.0, 3.0], [2.0, 2.0], [3.0, 1.0], [3.0, 3.0], [2.0, 2.0], [1.0, 4.0], [0.0, math.nan]]
    assert pareto(points).tolist() == [True, True, True, False, True, False, False]
    assert pareto(np.zeros((0, 2))).tolist() == []
    assert pareto([[1.0, 2.0, 3.0], [1.0, 2.0, 2.0]]).tolist() == [False, True]


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=20))
def test_pareto_by_its_definition(points: list[tuple[int, int]]) -> None:
    def dominated(a: tuple[int, int]) -> bool:
        return any(all(x <= y for x, y in zip(b, a, strict=True)) and a != b for b in points)

    front = pareto(np.array(points, dtype=float))
    assert front.tolist() == [not dominated(point) for point in points]
    assert front.any()


def test_the_table(make_fit: MakeFit) -> None:
    answer = tradeoff_table(make_fit(), 1e9, 1e9, points=11)
    table, plan = answer.table, critical_ratio(make_fit(), 1e9, 1e9)
    assert plan.value == answer.plan.value
    assert table["ratio"].tolist() == sorted([*np.linspace(0, 1, 11), plan.value])
    general = 1.9 + 50 / 1e9**0.3 + 0.25 * (1.02 - table["ratio"]) ** -0.15
    domain = 1.2 + 40 / 1e9**0.3 + 0.3 * (table["ratio"] + 0.02) ** -0.2
    np.testing.assert_allclose(table["general_loss"], general)
    np.testing.assert_allclose(table["domain_loss"], domain)
    np.testing.assert_allclose(table["rise"], general - plan.base_general_loss.value)
    assert table["within"].tolist() == (table["ratio"] <= plan.value).tolist()
    # the general loss rises with the ratio and the domain loss falls, so that no ratio is worse in both
    assert table["pareto"].all()
    assert table.loc[table["critical"], "ratio"].tolist() == [plan.value]


def test_intervals_are_the_draws_quantiles(make_fit: MakeFit) -> None:
    theta = make_fit().general.theta
    draws = np.tile(theta, (201, 1))
    draws[:, 0] += np.linspace(-0.1, 0.1, 201)
    table = tradeoff_table(make_fit(draws=draws), 1e9, 1e9, level=0.8).table
    np.testing.assert_allclose(table["general_loss"] - table["general_loss_low"], 0.08)
    np.testing.assert_allclose(table["general_loss_high"] - table["general_loss"], 0.08)
    np.testing.assert_allclose(table["domain_loss_low"], table["domain_loss"])


def test_a_ratio_that_is_worse_in_both_is_off_the_front(make_fit: MakeFit) -> None:
    whole = make_fit()
    theta = whole.domain.theta.copy()
    theta[[3, 4, 5]] = 3.0, 0.0, 2.0  # 3 r^2: the domain loss rises towards pure domain text
    table = tradeoff_table(replace(whole, domain=replace(whole.domain, theta=theta)), 1e9, 1e9).table
    least = table["ratio"][table["domain_loss"].idxmin()]
    assert 0 < least < 1
    assert table["pareto"].tolist() == (table["ratio"] <= least).tolist()


def test_every_ratio_or_none_within(make_fit: MakeFit) -> None:
    every = tradeoff_table(make_fit(), 1e9, 1e9, 10.0)
    assert every.plan.status == "unconstrained"
    assert len(every.table) == 21
    assert every.table["within"].all()
    assert every.table["critical"].tolist() == [False] * 20 + [True]
    none = tradeoff_table(make_fit(base=2.0), 1e9, 1e9)
    assert none.plan.status == "infeasible"
    assert not none.table["within"].any()
    assert not none.table["critical"].any()


def test_relative_and_a_given_base_loss(make_fit: MakeFit) -> None:
    given_base = tradeoff_table(make_fit(), 1e9, 1e9, 0.02, relative=True, base_general_loss=2.5)
    plan = critical_ratio(make_fit(), 1e9, 1e9, 0.02, relative=True, base_general_loss=2.5)
    assert given_base.plan.value == plan.value
    rows = given_base.table
    assert (rows["rise"] == rows["general_loss"] - 2.5).all()
    assert rows["within"].sum() == (rows["ratio"] <= plan.value).sum()


def test_what_is_not_known_is_empty(make_fit: MakeFit) -> None:
    no_base = tradeoff_table(replace(make_fit(), base={"general": []}), 1e9, 1e9)
    assert no_base.plan.status == "not_identified"
    assert no_base.table["general_loss"].notna().all()
    assert no_base.table["within"].isna().all()
    assert no_base.table["pareto"].all()
    whole = make_fit()
    no_domain = tradeoff_table(replace(whole, domain=replace(whole.domain, held={"tokens": 2e9})), 1e9, 1e9)
    assert no_domain.table["domain_loss"].isna().all()
    assert "domain loss unknown: all probes have 2B tokens, so nothing is known at 1B" in no_domain.warnings
    no_general = tradeoff_table(make_fit(held={"params": 3e8}), 1e9, 1e9)
    assert no_general.table["general_loss"].isna().all()
    for answer in (no_base, no_domain, no_general):
        row = json.loads(json.dumps(answer.to_json_dict(), allow_nan=False))["rows"][0]
        assert row["ratio"] == 0
        assert (row["within"] is None) == bool(answer.table["within"].isna()[0])
        assert " - " in answer.summary()


def test_a_law_of_differences(make_fit: MakeFit) -> None:
    seen = BaseTokens((1e8, 1e9), (1e10, 1e10), True)
    fitted = make_fit(np.array([0.01, 0.02, 0.05, 0.1, 0.1, 1e7]), law="forgetting", base_tokens=seen)
    answer = tradeoff_table(fitted, 1e9, 1e9, 0.02)
    rows = answer.table
    assert fitted.general is not None
    np.testing.assert_allclose(rows["rise"], fitted.general.curve(1e9, 1e9, rows["ratio"]))
    np.testing.assert_allclose(rows["general_loss"] - rows["rise"], answer.plan.base_general_loss.value)
    assert rows["within"].tolist() == (rows["ratio"] <= answer.plan.value).tolist()
    no_base = tradeoff_table(replace(fitted, base={"general": []}), 1e9, 1e9, 0.02)
    assert no_base.plan.value == pytest.approx(answer.plan.value)
    assert no_base.table["general_loss"].isna().all()
    assert no_base.table["within"].tolist() == rows["within"].tolist()
    assert no_base.table["pareto"].all()
    longer = tradeoff_table(fitted, 1e9, 1e9, 0.02, base_tokens=1e12)
    assert longer.plan.value < answer.plan.value


def test_the_summary_marks_the_answer(make_fit: MakeFit) -> None:
    lines = tradeoff_table(make_fit(), 1e9, 1e9, points=5).summary().splitlines()
    assert lines[0] == "For 1B params, 1B tokens, general loss up by at most 0.05 nats:"
    assert lines[2].startswith("  0.000 ")
    (marked,) = [line for line in lines if "< critical ratio" in line]
    assert " yes " in marked


def test_questions_that_make_no_sense(make_fit: MakeFit) -> None:
    with pytest.raises(InputError, match="points must be at least 2"):
        tradeoff_table(make_fit(), 1e9, 1e9, points=1)
    with pytest.raises(InputError, match="no domain corpus"):
        tradeoff_table(replace(make_fit(), domain=None), 1e9, 1e9)
    with pytest.raises(InputError, match="no general corpus"):
        tradeoff_table(replace(make_fit(), general=None), 1e9, 1e9)
    with pytest.raises(InputError, match="tolerance must not be negative"):
        tradeoff_table(make_fit(), 1e9, 1e9, -1.0)
