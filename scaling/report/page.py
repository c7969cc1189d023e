"""The page: contents and planner in one HTML file that asks the network for nothing."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from scaling.fitting import Estimate
from scaling.laws import get_law
from scaling.notes import TEMPLATES, note
from scaling.report.contents import Contents
from scaling.report.planner import law_functions, planner_data
from scaling.show.html import fit_html
from scaling.storage import write_text
from scaling.units import format_count

ASSETS = files("scaling.report") / "assets"


def write_report(contents: Contents, path: str | Path) -> None:
    """Write the page, whole or not at all. Raises InputError where it cannot be written."""
    write_text(path, render(contents))


def render(contents: Contents) -> str:
    """The page as text. Whatever comes from the user's table is escaped, and no script but the page's own may run."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(count=format_count, percent=_percent, span=_span)
    plan = contents.plan
    script = _script(contents)
    return environment.from_string(_asset("report.html")).render(
        c=contents,
        note=note,
        plan=plan,
        law=get_law(plan.law),
        fitted=Markup(fit_html(contents.fit)),
        figures=[(one, Markup(one.svg)) for one in contents.figures],
        style=Markup(_asset("report.css")),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        data=Markup(_json(_page_data(contents))),
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )


def _asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


def _script(contents: Contents) -> str:
    laws = ",\n".join(f"  {json.dumps(name)}: {text}" for name, text in law_functions(contents.fit).items())
    tables = f"const NOTES = {_json(dict(TEMPLATES))};\nconst LAWS = {{\n{laws}\n}};"
    return f"{_asset('planner.js')}\n{tables}\n{_asset('page.js')}"


def _page_data(contents: Contents) -> dict[str, Any]:
    asked = contents.plan.target
    question = {
        "params": asked.params,
        "tokens": asked.tokens,
        "tolerance": asked.tolerance,
        "relative": asked.relative,
        "baseLoss": asked.base_general_loss,
        "baseTokens": asked.base_tokens,
        "far": asked.far,
    }
    return {"question": question, "fit": planner_data(contents.fit, asked.level)}


def _json(data: Any) -> str:
    """JSON that can stand in a script element: nothing in it can end the element or open a comment."""
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _percent(value: float) -> str:
    return "–" if value != value else f"{100 * value:.1f} %"


def _span(estimate: Estimate[float], spec: str = ".4f") -> str:
    """value [low, high]."""
    if estimate.value != estimate.value:
        return "–"
    inside = "" if estimate.low != estimate.low else f" [{estimate.low:{spec}}, {estimate.high:{spec}}]"
    return f"{estimate.value:{spec}}{inside}"
