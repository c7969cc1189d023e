"""The page in a real browser: the answer, the planner against Python, no request, no error, no harm from a table."""

import itertools
import json
import math
import time
from pathlib import Path
from typing import Any

import pytest

import scaling
from scaling.fitting import Fit
from scaling.planning.plan import Plan
from scaling.report import gather, render, write_report
from scaling.runs import Runs, validate

ESTIMATES = ("critical_ratio", "general_loss", "domain_loss", "base_general_loss")


def opened(browser: Any, path: Path) -> None:
    for kind in ("browser", "performance"):
        browser.get_log(kind)  # what an earlier page left
    browser.get(path.as_uri())


def requests(browser: Any) -> list[str]:
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]


def fields(browser: Any, values: dict[str, str], relative: bool = False) -> dict[str, Any]:
    """Type into the planner and return the plan that it then shows, None where it refuses."""
    browser.execute_script(
        """for (const [id, value] of Object.entries(arguments[0])) {
             const field = document.getElementById(id);
             field.value = value;
             field.dispatchEvent(new Event("input"));
           }
           const kind = document.getElementById(arguments[1] ? "relative" : "absolute");
           kind.checked = true;
           kind.dispatchEvent(new Event("input"));""",
        {"base-loss": "", "base-tokens": "", **values},
        relative,
    )
    return shown(browser)


def shown(browser: Any) -> dict[str, Any]:
    browser.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
    text = browser.execute_script("return document.getElementById('live').dataset.plan || 'null'")
    return json.loads(text)


def same(page: dict[str, Any], plan: Plan) -> None:
    """Every number to 1e-6, the status, and every sentence."""
    wanted = plan.to_json_dict()
    assert page["status"] == wanted["status"]
    for name in ESTIMATES:
        for key in ("value", "low", "high"):
            ours, theirs = page[name][key], wanted[name][key]
            assert (ours is None) == (theirs is None), (name, key, ours, theirs)
            assert ours is None or math.isclose(ours, theirs, abs_tol=1e-6), (name, key, ours, theirs)
    assert page["extrapolation"].keys() == wanted["extrapolation"].keys()
    for key, theirs in wanted["extrapolation"].items():
        assert page["extrapolation"][key] == (theirs if theirs is None else pytest.approx(theirs, abs=1e-6)), key
    assert page["warnings"] == wanted["warnings"]


@pytest.fixture(scope="module")
def fits(code_runs: Runs, python_runs: Runs) -> dict[str, tuple[Runs, Fit]]:
    without = validate(python_runs.frame.drop(columns="base_tokens"), "no base tokens")
    alone = validate(code_runs.frame.drop(columns="domain_loss"), "general alone")
    one_size = validate(code_runs.frame[code_runs.frame["params"] == code_runs.frame["params"].max()], "one size")
    found = {
        "forgetting": (code_runs, scaling.fit(code_runs, law="forgetting")),
        "bases that grow": (python_runs, scaling.fit(python_runs, law="forgetting")),
        "no base tokens": (without, scaling.fit(without, law="forgetting", draws=30)),
        "general alone": (alone, scaling.fit(alone, law="forgetting", draws=30)),
        "no draws": (code_runs, scaling.fit(code_runs, law="dcpt", draws=0)),
        "one size": (one_size, scaling.fit(one_size, law="dcpt", draws=30)),
    }
    for law in ("dcpt", "dcpt_l1", "dcpt_l2", "dcpt_l4", "dcpt_l5"):
        found[law] = (python_runs, scaling.fit(python_runs, law=law, draws=30))
    return found


@pytest.fixture(scope="module")
def planners(fits: dict[str, tuple[Runs, Fit]], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Pages that hold the planner and no figures, which are tried once."""
    folder, made = tmp_path_factory.mktemp("pages"), {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("scaling.report.contents.figures", lambda *_: [])
        patch.setattr("scaling.report.contents._rollouts", lambda *_: ([], []))
        for name, (runs, fit) in fits.items():
            made[name] = folder / f"{name}.html"
            write_report(gather(runs, fit), made[name])
    return made


CASES = [
    ("forgetting", {}), ("forgetting", {"params": 10.6e6}), ("forgetting", {"params": 5e8, "tokens": 5e8}),
    ("forgetting", {"tolerance": 0.2}), ("forgetting", {"tolerance": 5.0}), ("forgetting", {"tolerance": 0.0}),
    ("forgetting", {"tolerance": 0.02, "relative": True}), ("forgetting", {"params": 1e7, "tolerance": 0.02, "relative": True}),
    ("forgetting", {"params": 1e7, "base_general_loss": 3.3}), ("forgetting", {"params": 1e7, "base_tokens": 4e7}),
    ("forgetting", {"tokens": 5e3}), ("forgetting", {"params": 7e9}),
    ("bases that grow", {"base_tokens": 1e13}), ("forgetting", {"params": 1125000, "tokens": 6125}),
    ("bases that grow", {"params": 10.6e6}), ("bases that grow", {"params": 804e3}),
    ("bases that grow", {"params": 10.6e6, "base_tokens": 3e6, "tolerance": 0.1}), ("bases that grow", {"tolerance": 1.2}),
    ("no base tokens", {"params": 10.6e6}), ("general alone", {"params": 10.6e6}), ("no draws", {"params": 10.6e6}),
    ("one size", {}), ("one size", {"params": 1e9}), ("dcpt", {"params": 10.6e6}),
    ("dcpt", {"params": 10.6e6, "base_general_loss": 2.4, "tolerance": 0.1}),
    ("dcpt", {"params": 1e7, "tolerance": 0.02, "relative": True}), ("dcpt", {"params": 1e7, "base_general_loss": 1.0}),
    ("bases that grow", {"params": 1e9, "tokens": 1e8}),
    *((law, {"params": 10.6e6, "tolerance": 0.1}) for law in ("dcpt_l1", "dcpt_l2", "dcpt_l4", "dcpt_l5")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "asked"), CASES, ids=lambda v: v if isinstance(v, str) else "-".join(map(str, v.values()))
)
def test_the_pages_planner_is_scaling_plan(
    browser: Any, fits: dict[str, tuple[Runs, Fit]], planners: dict[str, Path], name: str, asked: dict[str, Any]
) -> None:
    fit = fits[name][1]
    assert fit.general is not None
    ranges = fit.general.ranges
    question = {"params": ranges["params"][1], "tokens": ranges["tokens"][1], "tolerance": 0.05, **asked}
    opened(browser, planners[name])
    relative = bool(question.pop("relative", False))
    names = {"base_general_loss": "base-loss", "base_tokens": "base-tokens"}
    page = fields(browser, {names.get(key, key): repr(value) for key, value in question.items()}, relative)
    same(page, scaling.critical_ratio(fit, **question, relative=relative))
    assert [e for e in browser.get_log("browser") if e["level"] == "SEVERE"] == []


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"params": "100"}, "smaller than the smallest probe"),
        ({"tokens": "0"}, "tokens must be above 0"),
        ({"tolerance": "-1"}, "must not be negative"),
        ({"params": "seven"}, "write a number"),
        ({"base-loss": "0"}, "base general loss must be above 0"),
        ({"base-tokens": "0"}, "base tokens must be above 0"),
    ],
)
def test_a_question_without_sense_is_refused_in_words(
    browser: Any, planners: dict[str, Path], values: dict[str, str], sentence: str
) -> None:
    opened(browser, planners["forgetting"])
    assert shown(browser) is not None
    assert fields(browser, values) is None
    assert sentence in browser.execute_script("return document.getElementById('error').textContent")
    assert browser.execute_script("return document.getElementById('live-answer').textContent") == ""
    browser.execute_script("document.getElementById('reset').click()")
    assert shown(browser) is not None


def test_a_slider_moves_the_answer_to_what_python_says(
    browser: Any, fits: dict[str, tuple[Runs, Fit]], planners: dict[str, Path]
) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    opened(browser, planners["bases that grow"])
    before = shown(browser)
    charts = [browser.find_element(By.ID, name).get_attribute("innerHTML") for name in ("chart-rise", "chart-domain")]
    slider = browser.find_element(By.ID, "params-slider")
    slider.send_keys(*[Keys.ARROW_RIGHT] * 150)
    after = shown(browser)
    params = scaling.units.parse_count(browser.find_element(By.ID, "params").get_property("value"))
    fit = fits["bases that grow"][1]
    assert fit.general is not None
    assert params > 1.5 * fit.general.ranges["params"][1]
    same(after, scaling.critical_ratio(fit, params, fit.general.ranges["tokens"][1], 0.05))
    assert after["critical_ratio"]["value"] != before["critical_ratio"]["value"]
    assert f"{100 * after['critical_ratio']['value']:.1f} %" in browser.find_element(By.ID, "live-answer").text
    for name, old in zip(("chart-rise", "chart-domain"), charts, strict=True):
        assert browser.find_element(By.ID, name).get_attribute("innerHTML") != old


@pytest.fixture(scope="module")
def whole(
    code_runs: Runs, fits: dict[str, tuple[Runs, Fit]], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Plan]:
    """A whole report, of a table with hostile names."""
    evil = "<script>document.title = 'owned'</script>"
    frame = code_runs.frame.assign(**{evil: 1.0}, domain="</script><img src=x onerror=\"document.title='owned'\">")
    runs = validate(frame, source=f"{evil}.csv")
    contents = gather(runs, scaling.fit(runs, law="forgetting", draws=60), 10.6e6, 262144)
    path = tmp_path_factory.mktemp("whole") / "report.html"
    write_report(contents, path)
    return path, contents.plan


def test_the_whole_page_opens_fast_and_asks_for_nothing(browser: Any, whole: tuple[Path, Plan]) -> None:
    path, plan = whole
    assert path.stat().st_size < 2e6
    start = time.monotonic()
    opened(browser, path)
    shown(browser)
    assert time.monotonic() - start < 3  # a second on a machine that does nothing else
    assert [url for url in requests(browser) if not url.startswith(("file:", "data:"))] == []
    assert [e["message"] for e in browser.get_log("browser")] == []
    answer = browser.execute_script("return document.getElementById('answer').textContent")
    assert f"{100 * plan.value:.1f} %" in answer
    same(shown(browser), plan)


def test_what_a_table_says_is_text_and_nothing_else(browser: Any, whole: tuple[Path, Plan]) -> None:
    opened(browser, whole[0])
    assert browser.title.startswith("Mixture ratio: <script>")
    assert "owned" not in browser.title.replace("document.title = 'owned'", "")
    scripts = browser.execute_script("return Array.from(document.scripts, (s) => s.type)")
    assert scripts == ["application/json", ""]
    assert browser.execute_script("return document.querySelectorAll('img').length") == 0
    assert "<script>document.title" in browser.execute_script("return document.body.innerText")


def test_a_script_that_is_not_the_pages_own_may_not_run(browser: Any, whole: tuple[Path, Plan], tmp_path: Path) -> None:
    forged = tmp_path / "forged.html"
    text = whole[0].read_text(encoding="utf-8")
    forged.write_text(text.replace("</body>", "<script>document.title = 'run'</script></body>"), encoding="utf-8")
    opened(browser, forged)
    assert browser.title != "run"


def test_everything_can_be_named_and_reached_by_keyboard(browser: Any, whole: tuple[Path, Plan]) -> None:
    opened(browser, whole[0])
    unnamed = browser.execute_script(
        """return Array.from(document.querySelectorAll("input, button, [role=img]"))
             .filter((e) => !(e.labels && e.labels.length) && !e.getAttribute("aria-label") && !e.textContent.trim())
             .map((e) => e.outerHTML.slice(0, 80))"""
    )
    assert unnamed == []
    levels = browser.execute_script(
        "return Array.from(document.querySelectorAll('h1,h2,h3'), (e) => Number(e.tagName[1]))"
    )
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))
    ids = browser.execute_script("return Array.from(document.querySelectorAll('[id]'), (e) => e.id)")
    assert len(ids) == len(set(ids))


def visible_notes(browser: Any) -> dict[str, Any]:
    return browser.execute_script(
        """const seen = (e) => e.getClientRects().length > 0;
           return {
             headings: Array.from(document.querySelectorAll("h3")).filter(seen).map((e) => e.textContent),
             report: Array.from(document.querySelectorAll("#notes li"), (e) => e.textContent),
             other: Array.from(document.querySelectorAll("#live-warnings li")).filter(seen).map((e) => e.textContent),
             same: seen(document.getElementById("live-same")), none: seen(document.getElementById("live-none")),
           }"""
    )


def test_what_limits_the_answer_stands_once(browser: Any, whole: tuple[Path, Plan]) -> None:
    path, plan = whole
    opened(browser, path)
    shown(browser)
    first = visible_notes(browser)
    assert first["report"] == list(plan.warnings) != []
    assert (first["headings"].count("What limits this answer"), first["other"]) == (1, [])
    assert (first["same"], "Notes on this target" in first["headings"]) == (True, False)
    # another target has its own notes, all of them
    asked = plan.target
    other = fields(browser, {"params": repr(30 * asked.params), "tokens": repr(asked.tokens), "tolerance": "0.05"})
    then = visible_notes(browser)
    assert then["other"] == other["warnings"] != first["report"]
    assert then["headings"].count("What limits this answer") == then["headings"].count("Notes on this target") == 1
    assert (then["same"], then["none"]) == (False, False)
    # a refused question has none
    fields(browser, {"params": "seven"})
    refused = visible_notes(browser)
    assert (refused["other"], refused["same"], "Notes on this target" in refused["headings"]) == ([], False, False)


@pytest.mark.parametrize(("width", "columns"), [(390, 1), (1000, 2), (1600, 3)])
def test_figures_use_the_width_and_nothing_leaves_it(
    browser: Any, whole: tuple[Path, Plan], width: int, columns: int
) -> None:
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        opened(browser, whole[0])
        found = browser.execute_script(
            """const plots = Array.from(document.querySelectorAll(".plot"), (e) => e.getBoundingClientRect());
               return [document.documentElement.scrollWidth, new Set(plots.map((r) => Math.round(r.left))).size,
                       Math.max(...plots.map((r) => r.right)), plots[0].width]"""
        )
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert found[0] <= width
    assert found[1] == columns
    assert found[2] > 0.95 * width
    assert found[3] > 300


def test_no_text_of_a_figure_is_cut_off(browser: Any, whole: tuple[Path, Plan]) -> None:
    opened(browser, whole[0])
    count, cut = browser.execute_script(
        """const texts = Array.from(document.querySelectorAll(".plot svg text"));
           const outside = texts.filter((text) => {
             const own = text.getBoundingClientRect(), frame = text.closest("svg").getBoundingClientRect();
             return Math.max(frame.left - own.left, own.right - frame.right, frame.top - own.top, own.bottom - frame.bottom) > 2;
           });
           return [texts.length, outside.map((text) => text.textContent)]"""
    )
    assert count > 200
    assert cut == []


def test_light_dark_and_print_keep_text_readable(browser: Any, whole: tuple[Path, Plan]) -> None:
    opened(browser, whole[0])
    contrast = """const linear = (v) => (v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
        const rgb = (s) => s.match(/[\\d.]+/g).slice(0, 3).map((v) => linear(v / 255));
        const light = (s) => { const [r, g, b] = rgb(s); return .2126 * r + .7152 * g + .0722 * b; };
        const style = getComputedStyle(document.body), faint = getComputedStyle(document.querySelector("figcaption"));
        const ratio = (a, b) => (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
        return [style.color, faint.color].map((c) => ratio(light(c), light(style.backgroundColor)))"""
    grounds = set()
    for scheme in ("light", "dark"):
        browser.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        )
        assert min(browser.execute_script(contrast)) > 4.5
        grounds.add(browser.execute_script("return getComputedStyle(document.body).backgroundColor"))
    assert len(grounds) == 2
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": []})
    assert browser.execute_script("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})


def test_the_page_is_the_same_but_for_its_date(fits: dict[str, tuple[Runs, Fit]]) -> None:
    runs, fit = fits["general alone"]
    pages = [render(gather(runs, fit)).split("<p>Made ")[0] for _ in range(2)]
    assert pages[0] == pages[1]
