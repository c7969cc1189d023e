"""Figures of large tables: their size does not follow the rows, and what is an image is said and sharp."""

import base64
import io
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure as Canvas
from PIL import Image

import scaling
from scaling.fitting.validation import Validation
from scaling.report import dense, gather, render
from scaling.report.contents import Contents
from scaling.report.figures import Figure, figures
from scaling.runs import Runs, validate

SCATTERS = re.compile(r"Observed and predicted|law misses|Predictions of what was left out")
EMBEDDED = re.compile(r"data:image/png;base64,([A-Za-z0-9+/=\s]+)")


def made(checkpoints: int) -> pd.DataFrame:
    """Three sizes, nine ratios; as many checkpoints per run, and the base losses."""
    luck, parts = np.random.default_rng(0), []
    for params in (1e7, 5e7, 3e8):
        for ratio in np.linspace(0.0, 0.9, 9):
            tokens = np.concatenate([[0.0], np.geomspace(2e6, 1e9, checkpoints).round()])
            trained, noise = np.log1p(tokens / 2e6), luck.normal(0.0, 0.004, (2, len(tokens))) * (tokens > 0)
            general = 2 + 300 / params**0.4 - trained * (0.01 + 0.02 * np.log(1.02 - ratio)) + noise[0]
            domain = 2.5 + 300 / params**0.4 - 0.12 * trained * (ratio + 0.02) ** 0.3 + noise[1]
            own = {"params": params, "tokens": tokens, "ratio": ratio, "general_loss": general, "domain_loss": domain}
            parts.append(pd.DataFrame({**own, "base_tokens": 20 * params}))
    return pd.concat(parts, ignore_index=True)


def many(one: Validation, times: int) -> Validation:
    """The same validation, of that many times the rows."""
    rows = pd.concat([one.rows] * times, ignore_index=True)
    jitter = np.random.default_rng(0).normal(0, 1e-3, len(rows))
    return replace(one, rows=rows.assign(predicted=rows["predicted"] + jitter))


@pytest.fixture(scope="module")
def small() -> Runs:
    return validate(made(15), "made.csv")


@pytest.fixture(scope="module")
def contents(small: Runs) -> Contents:
    return gather(small, scaling.fit(small, draws=30))


@pytest.fixture(scope="module")
def large(contents: Contents) -> Contents:
    """The contents with figures of 7,209 rows, drawn beside the fit to the few."""
    runs = validate(made(266), "made.csv")
    assert len(runs.frame) == 7209
    rollouts = [many(one, 40) for one in contents.rollouts]
    return replace(contents, runs=runs, figures=tuple(figures(runs, contents.fit, contents.plan, rollouts)))


def scatters(drawn: tuple[Figure, ...]) -> list[Figure]:
    found = [one for one in drawn if SCATTERS.search(one.title)]
    assert len(found) == 9
    return found


def test_a_page_does_not_grow_with_its_table(large: Contents) -> None:
    assert len(render(large)) < 2.5e6
    assert max(len(one.svg) for one in large.figures) < 2 * dense.LARGEST
    assert max(one.svg.count("<use") for one in large.figures) <= dense.MOST + 100  # ticks and legends too


def test_what_is_an_image_is_said(large: Contents) -> None:
    assert all("<image" in one.svg for one in scatters(large.figures))
    for one in large.figures:
        assert ("<image" in one.svg) == (f"drawn as an image of {dense.DPI} dpi" in one.caption), one.title
    counts = [int(re.findall(r"(\d+) points", one.caption)[0]) for one in scatters(large.figures)]
    assert min(counts) > 3000


def test_text_and_laws_stay_shapes(large: Contents) -> None:
    for one in scatters(large.figures):
        assert "(nats/token)" in one.svg or "(%)" in one.svg
        assert one.svg.count("<text") > 8


def test_a_small_table_has_no_image(contents: Contents) -> None:
    assert len(contents.runs.frame) == 432
    drawn = [one for one in scatters(contents.figures) if "left out" not in one.title]
    assert [one.title for one in drawn if "<image" in one.svg or "an image" in one.caption] == []


def scatter(points: int, **look: Any) -> tuple[Canvas, str]:
    canvas = Canvas(figsize=(6.0, 4.0))
    axes = canvas.add_subplot()
    places = np.random.default_rng(0).uniform(0, 1, (2, points))
    axes.plot(*places, "o", color="#D55E00", mew=0, **look)
    axes.plot([0, 1], [0, 1], color="black")
    dense.rasterise_marks(canvas)
    text = io.StringIO()
    canvas.savefig(text, format="svg", dpi=dense.DPI)
    return canvas, text.getvalue()


def image(svg: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(EMBEDDED.findall(svg)[0])))


def test_an_image_is_sharp_and_of_the_marks_colour() -> None:
    svg = dense.smaller(scatter(dense.MOST + 1)[1])
    found = image(svg)
    # the axes take 0.775 of 6 inches, with a margin of a twentieth on either side of the marks
    assert found.width == pytest.approx(0.775 * 6 * dense.DPI / 1.1, rel=0.05)
    pixels = np.asarray(found.convert("RGBA")).reshape(-1, 4)
    full = pixels[pixels[:, 3] >= 250]
    assert len(full) > 1000
    assert np.abs(np.median(full[:, :3], axis=0) - (0xD5, 0x5E, 0x00)).max() <= 3
    assert (pixels[:, 3] == 0).mean() > 0.5  # the ground stays transparent


def test_one_mark_fewer_stays_shapes() -> None:
    assert "<image" not in scatter(dense.MOST)[1]
    assert "<image" in scatter(dense.MOST + 1)[1]


def test_many_small_groups_are_an_image_too() -> None:
    canvas = Canvas()
    axes = canvas.add_subplot()
    for place in range(dense.MOST // 10 + 1):
        axes.plot(np.arange(10), np.full(10, place), "o")
    assert dense.rasterise_marks(canvas) == 10 * len(axes.lines)
    assert all(line.get_rasterized() for line in axes.lines)


def test_a_few_marks_beside_many_stay_shapes() -> None:
    canvas = Canvas()
    axes = canvas.add_subplot()
    axes.plot(np.arange(1000), np.arange(1000), "o")
    (few,) = axes.plot(np.arange(5), np.arange(5), "s")
    assert dense.rasterise_marks(canvas) == 1000
    assert not few.get_rasterized()


def test_smaller_moves_nothing_by_more_than_a_hundredth_of_a_point() -> None:
    svg = scatter(100)[1]
    before, after = (
        np.array([float(number) for number in re.findall(r'<use [^>]*? x="([\d.]+)"', text)])
        for text in (svg, dense.smaller(svg))
    )
    assert len(before) > 100
    assert 0 < np.abs(before - after).max() < 0.01


def test_smaller_shortens_curves() -> None:
    canvas, text = Canvas(), io.StringIO()
    canvas.add_subplot().plot(np.linspace(0, 1, 500), np.sin(np.linspace(0, 30, 500)))
    canvas.savefig(text, format="svg")
    paths = [
        sum(map(len, re.findall(r' d="([^"]*)"', svg))) for svg in (text.getvalue(), dense.smaller(text.getvalue()))
    ]
    assert paths[1] < 0.85 * paths[0]
