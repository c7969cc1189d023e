"""Fits and plans as HTML: every number and warning there, everything escaped, no colours of our own."""

import math
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

import scaling
from scaling.fitting import Fit
from scaling.planning.plan import not_identified
from scaling.planning.target import Target
from scaling.show.html import block, line, notes, table

NASTY = '<script>alert("1")</script> & co'


class Cells(HTMLParser):
    """The text of every element, and whether tags are balanced."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(html)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_every_text_is_escaped() -> None:
    html = block(NASTY, line(NASTY), notes([NASTY]), table((NASTY, ""), [(NASTY, "1")], numbers=(1,)))
    assert "<script" not in html
    assert Cells(html).texts.count(NASTY) == 5


def test_a_fit_shows_parameters_intervals_and_warnings(forgetting_fit: Fit) -> None:
    html = forgetting_fit._repr_html_()
    texts = Cells(html).texts
    for one in forgetting_fit.corpora.values():
        for name, estimate in one.parameters.items():
            assert name in texts
            assert f"{estimate.value:.4g}" in texts
            assert f"[{estimate.low:.4g}, {estimate.high:.4g}]" in texts
        assert set(one.warnings) <= set(texts)
    assert {"90 % interval", "meaning", "unit"} <= set(texts)
    assert any("minimised" in text and "burn-in" in text for text in texts)
    assert not re.search(r"#[0-9a-f]{3}|rgb|color:(?!inherit|currentColor)", html)


def test_names_of_tables_cannot_bring_their_own_html(forgetting_fit: Fit) -> None:
    assert forgetting_fit.general is not None
    bad = replace(
        forgetting_fit,
        provenance=replace(forgetting_fit.provenance, source=NASTY),
        general=replace(forgetting_fit.general, warnings=(NASTY,), dropped={"m": NASTY}, held={NASTY: 1.0}),
        warnings=(NASTY,),
    )
    html = bad._repr_html_()
    assert "<script" not in html
    assert sum(NASTY in text for text in Cells(html).texts) == 5


def test_a_plan_shows_its_answer_and_every_warning(forgetting_fit: Fit) -> None:
    plan = scaling.critical_ratio(forgetting_fit, 4e7, 1e8, 0.05)
    texts = Cells(plan._repr_html_()).texts
    assert f"{plan.value:.3f}" in texts
    assert f"[{plan.interval[0]:.3f}, {plan.interval[1]:.3f}]" in texts
    assert f"{plan.domain_loss.value:.4f}" in texts
    assert plan.warnings
    assert set(plan.warnings) <= set(texts)
    assert any("4x in params" in text for text in texts)


@pytest.mark.parametrize("tolerance", [0.0, 50.0])
def test_a_plan_without_a_ratio_says_its_status(forgetting_fit: Fit, tolerance: float) -> None:
    plan = scaling.critical_ratio(forgetting_fit, 1e7, 1e7, tolerance)
    said = {"infeasible": "no ratio stays", "unconstrained": "every ratio stays"}[plan.status]
    assert any(said in text for text in Cells(plan._repr_html_()).texts)


def test_a_plan_that_the_table_cannot_carry() -> None:
    blank = {"params": 4.0, "tokens": 1.0, "ratio": math.nan}
    plan = not_identified(Target(1e9, 1e9, 0.05), NASTY, blank)
    texts = Cells(plan._repr_html_()).texts
    assert NASTY in texts
    assert "status: not identified by this table" in texts
    assert "nan" not in " ".join(texts)
