"""Every number that the commands print for the shipped sweeps, held against those of an earlier build.

    python benchmarks/golden.py --out before.json            all sweeps, about ten minutes on two cores
    python benchmarks/golden.py --against before.json        what has changed since, on the same machine

Losses and what is minimised must agree to 1e-9 (relative), ratios and interval ends to 1e-6, unless `--close` says
otherwise: other processors round otherwise, and 1e-4 is asked there. `--quick` takes two sweeps and leaves out what fits
often; a test runs it against data kept beside this file. The commands are run inside this process, by their public names,
so that the inside of the library may change freely.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import math
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scaling.cli import main as scaling

ROOT = Path(__file__).resolve().parent.parent
RUNS = ROOT / "data" / "runs"
KEPT = Path(__file__).with_name("golden_quick.json")
# the largest size times four, and the token count, at which README plans
TARGETS = {
    "prose-python": ("10.6M", "524288"), "prose-code": ("10.6M", "262144"), "prose-code-branches": ("10.6M", "262144"),
    "prose-code-cosine": ("10.6M", "262144"), "prose-code-sampled": ("1M", "262144"), "prose-german": ("10.6M", "262144"),
    "prose-metamath": ("10.6M", "262144"), "smollm2-code": ("106.2M", "8192"),
}  # fmt: skip
QUICK = ("prose-code", "prose-code-branches")
EXACT = ("loss", "huber", "r2", "mape", "objective", "theta", "value")  # words of keys that name losses and parameters


def commands(source: Path, params: str, tokens: str, fit: Path, page: Path, quick: bool) -> dict[str, list[str]]:
    """A name and the arguments of every command."""
    target = ["--params", params, "--tokens", tokens]
    runs = str(source)
    asked = {
        "check": ["check", runs],
        "fit dcpt": ["fit", runs, "--law", "dcpt", "--out", str(fit)],
        "fit forgetting": ["fit", runs, "--law", "forgetting"],
        "predict": ["predict", str(fit), *target, "--ratio", "0.3"],
        "plan FIT": ["plan", str(fit), *target],
        "plan RUNS": ["plan", runs, *target],
        "plan 0.2": ["plan", runs, *target, "--tolerance", "0.2"],
        "plan relative": ["plan", runs, *target, "--tolerance", "0.02", "--relative"],
        "plan dcpt": ["plan", runs, *target, "--law", "dcpt"],
        "plan link": ["plan", runs, *target, "--route", "link"],
        "plan cmr": ["plan", runs, *target, "--definition", "cmr"],
        "tradeoff": ["tradeoff", runs, *target],
        "limited": ["limited", runs, "--params", params, "--domain-tokens", "100K", "--tokens", tokens],
        "allocate": ["allocate", runs, "--flops", "1e13", "--ratio", "0.5"],
        "next": ["next", runs, *target, "--budget", "2e13"],
    }
    if quick:
        return asked
    holds = {f"validate {law} {one}": ["validate", runs, "--law", law, "--hold-out", one, "--draws", "20"]
             for law in ("dcpt", "forgetting") for one in ("params", "tokens", "ratio", "run")}  # fmt: skip
    return {**asked, **holds, "compare": ["compare", runs], "report": ["report", runs, *target, "--out", str(page)]}


def answers(name: str, quick: bool) -> Iterator[tuple[str, Any]]:
    """What each command prints of a sweep, as data; the sentence of one that refuses; the planner of the page."""
    params, tokens = TARGETS[name]
    with tempfile.TemporaryDirectory() as folder:
        fit, page = Path(folder) / "fit.json", Path(folder) / "page.html"
        for what, arguments in commands(RUNS / f"{name}.parquet", params, tokens, fit, page, quick).items():
            out, said = io.StringIO(), io.StringIO()
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(said):
                code = scaling([*arguments, "--json"])
            yield what, json.loads(out.getvalue()) if code == 0 else {"exit": code}
        if page.exists():
            found = re.search(r'id="data"[^>]*>(.*?)</script>', page.read_text(encoding="utf-8"), re.DOTALL)
            assert found is not None
            yield "page", json.loads(found[1])


def numbers(data: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Every number, word of a status and gap of the data, with its place; sentences are left out."""
    if isinstance(data, dict):
        for key, value in data.items():
            if key not in ("warnings", "notes", "out", "source", "resampling"):
                yield from numbers(value, f"{place}/{key}")
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from numbers(value, f"{place}/{index}")
    elif not isinstance(data, str) or place.endswith(("status", "/law", "route", "definition")):
        yield place, data


def collect(quick: bool) -> dict[str, Any]:
    """sweep/command/key -> number."""
    found: dict[str, Any] = {}
    for name in QUICK if quick else TARGETS:
        for what, answer in answers(name, quick):
            found |= numbers(answer, f"{name}/{what}")
            print(f"{name}: {what}", file=sys.stderr, flush=True)
    return found


def changes(before: dict[str, Any], after: dict[str, Any], close: float | None = None) -> list[str]:
    """A line for each number that is gone or differs by more than is allowed; new ones are no change."""
    lines = []
    for place, old in before.items():
        if place not in after:
            lines.append(f"{place}: gone")
        elif not _alike(place, old, after[place], close):
            lines.append(f"{place}: {old} -> {after[place]}")
    return lines


def _alike(place: str, old: Any, new: Any, close: float | None) -> bool:
    if isinstance(old, bool) or not (isinstance(old, (int, float)) and isinstance(new, (int, float))):
        return bool(old == new)
    words = place.split("/")
    exact = any(word in EXACT or word.endswith("_loss") for word in words) and words[-1] not in ("low", "high")
    ratio = any("ratio" in word for word in words[2:])
    allowed = close or (1e-9 if exact and not ratio else 1e-6)
    return math.isclose(old, new, rel_tol=allowed, abs_tol=allowed)


def main() -> None:
    """Collect, then write or compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="write the numbers here")
    parser.add_argument("--against", type=Path, help="compare with these")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--close", type=float, help="what all may differ by")
    options = parser.parse_args()
    found = collect(options.quick)
    if options.out:
        options.out.write_text(json.dumps(found, indent=0) + "\n", encoding="utf-8")
    if options.against:
        lines = changes(json.loads(options.against.read_text(encoding="utf-8")), found, options.close)
        print("\n".join([*lines, f"{len(found)} numbers, {len(lines)} changed"]))
        sys.exit(bool(lines))


if __name__ == "__main__":
    main()
