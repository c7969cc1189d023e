"""The report's figures as SVG text; one that the table cannot carry is left out with the reason."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Canvas
from matplotlib.layout_engine import TightLayoutEngine

from scaling import plot
from scaling.errors import InputError
from scaling.fitting import Fit
from scaling.fitting.validation import Validation
from scaling.planning.measured import measured_critical_ratio
from scaling.planning.plan import Plan
from scaling.report import dense
from scaling.runs import Runs
from scaling.units import counted

Drawing = Callable[..., Axes]  # takes ax
PAD = 0.3  # of the font's size, around a drawing


@dataclass(frozen=True)
class Figure:
    """One figure: `svg` is an element to be put into a page, empty where `missing` says why there is none. wide: it needs
    the page's width."""

    title: str
    caption: str
    svg: str
    missing: str = ""
    wide: bool = False


class _Part(NamedTuple):
    """A figure that is still to be drawn."""

    title: str
    caption: str
    drawing: Drawing
    wide: bool = False


def figures(
    runs: Runs,
    fit: Fit,
    plan: Plan,
    rollouts: Sequence[Validation],
    watch: Callable[[float], None] = lambda done: None,
) -> list[Figure]:
    """All figures of a report, in reading order. watch: called with the share that is drawn."""
    asked = plan.target
    allowed = None if asked.relative else asked.tolerance
    over_base = len(runs.base("general")) > 0
    measured = measured_critical_ratio(runs, asked.tolerance, relative=asked.relative)
    base: dict[str, Any] = {"base_general_loss": asked.base_general_loss, "base_tokens": asked.base_tokens}
    parts = [
        _Part(
            "What a ratio costs",
            "Finished runs and the fit at every probed size, against the domain share.",
            partial(plot.loss_by_ratio, runs, fit, over_base=over_base, tolerance=allowed if over_base else None),
        ),
        _Part(
            "What a ratio buys",
            "Domain loss of finished runs and the fit at every probed size.",
            partial(plot.loss_by_ratio, runs, fit, "domain"),
        ),
        _Part(
            "The trade-off at the target",
            "Rise of the general loss against domain loss, the ratio along the curve.",
            partial(plot.tradeoff, fit, asked),
        ),
        _Part(
            "Critical ratio against model size",
            "Measured in the probes, and by the fit, dashed beyond the largest probe.",
            partial(plot.critical_ratio, measured, {"this plan": plan}, fit=fit),
        ),
        _Part(
            "Critical ratio against tokens",
            "At the target's size, dashed beyond the tokens of the probes.",
            partial(plot.critical_ratio_by_tokens, fit, asked, runs=runs),
        ),
        _Part(
            "Predictions of what was left out",
            "Error of held-out rows, by group; a star marks extrapolation.",
            partial(plot.rollout, rollouts),
            wide=True,
        ),
        _Part(
            "The loss over ratio and tokens",
            "General loss at the target's size; veiled where nothing was probed.",
            partial(plot.surface, fit, asked.params, tolerance=allowed, **base),
        ),
    ]
    parts += [part for corpus in fit.corpora for part in _of_corpus(runs, fit, corpus)]
    drawn = []
    for place, part in enumerate(parts):
        watch(place / len(parts))
        drawn.append(_figure(*part))
    return drawn


def _of_corpus(runs: Runs, fit: Fit, corpus: str) -> list[_Part]:
    """How well one corpus' law fits."""
    return [
        _Part(
            f"The {corpus} loss in training",
            "Every run of the largest size; the fit begins after the burn-in.",
            partial(plot.loss_by_tokens, runs, fit, corpus),
        ),
        _Part(
            f"Observed and predicted {corpus} loss",
            "Hollow points were left out of the fit.",
            partial(plot.observed_predicted, runs, fit, corpus),
        ),
        *(
            _Part(
                f"What the {corpus} law misses, by {by}",
                "Observed less predicted, with the mean of each group.",
                partial(plot.residuals, runs, fit, corpus, by=by),
            )
            for by in ("params", "tokens", "ratio")
        ),
        _Part(
            f"Parameters of the {corpus} law",
            "Each with its interval.",
            partial(plot.parameters, fit, corpus),
            wide=True,
        ),
    ]


def _figure(title: str, caption: str, drawing: Drawing, wide: bool) -> Figure:
    # ids differ between the figures of a page
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": title, "font.family": "sans-serif"}):
        # A tight layout looks at each text once, a constrained one twice, for the same picture.
        canvas = Canvas(figsize=(8.4, 4.4) if wide else (6.0, 4.2), layout=TightLayoutEngine(pad=PAD))
        try:
            drawing(ax=canvas.add_subplot())
        except InputError as reason:
            return Figure(title, caption, "", str(reason))
        points = dense.rasterise_marks(canvas)
        svg = _svg(canvas)
        if len(svg) > dense.LARGEST:
            dense.rasterise_all(canvas)
            svg = _svg(canvas)
        what = counted(points, "point") if points else "Points and curves"
        said = f" {what} drawn as an image of {dense.DPI} dpi." if "<image" in svg else ""
        return Figure(title, caption + said, svg, wide=wide)


def _svg(canvas: Canvas) -> str:
    """The figure as one SVG element without the head of a file; no dates, so that the same figure is the same text."""
    text = io.StringIO()
    canvas.set_dpi(dense.DPI)  # of images; drawing an SVG leaves 72
    # Figure.savefig draws twice, first for the layout alone, which is made while drawing anyway.
    FigureCanvasSVG(canvas).print_svg(text, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    canvas.set_layout_engine("none")  # a second drawing keeps the first one's layout
    element = dense.smaller(text.getvalue())
    element = element[element.index("<svg") :]
    element = re.sub(r"<metadata>.*?</metadata>\s*", "", element, flags=re.DOTALL)
    # Names such as axes_1 are in every figure, and a page may have each once; those that are pointed at are unique.
    used = set(re.findall(r'(?:url\(#|href="#)([^")]+)', element))
    return re.sub(r' id="([^"]+)"', lambda found: found[0] if found[1] in used else "", element)
