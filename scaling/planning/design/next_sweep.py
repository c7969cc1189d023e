"""The chosen runs as sweep files that `probes run` takes.

A sweep file is a grid: every base at every ratio with every seed, with own `ratios` and `seeds` of a base where given. Chosen
runs are cut into as few such grids as their seeds allow; runs of another length need a file of their own.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from scaling.errors import InputError
from scaling.nearness import same
from scaling.planning.design.candidates import ladder, rung
from scaling.planning.design.next_result import NextProbes
from scaling.runs import Runs
from scaling.units import format_count

Grid = tuple[tuple[float, ...], tuple[int, ...]]  # ratios and seeds: every pair of them


def sweep_files(found: NextProbes, runs: Runs, sweep: Path, out: Path) -> dict[Path, str]:
    """path -> text of the sweep files for the chosen runs: `out`, and out-2, out-3 ... beside it where one cannot hold them.

    sweep: the file that made the table; it is extended, with other bases, ratios and tokens. Raises `InputError` where that
    cannot be: no runs, another folder, a sweep file that cannot be read, or a size of which it has no base.
    """
    if found.runs.empty:
        raise InputError(f"{out.name}: no runs were chosen, so there is no sweep to write")
    if out.resolve().parent != sweep.resolve().parent or out.resolve() == sweep.resolve():
        raise InputError(
            f"{out}: must be a new file in the folder of {sweep.name}, whose file names are relative to it"
        )
    entries = _entries(sweep)
    texts = []
    chosen = found.runs[["params", "ratio", "tokens", "seed"]].to_numpy(float)
    for tokens in dict.fromkeys(chosen[:, 2]):
        rows = chosen[chosen[:, 2] == tokens]
        grids = {float(n): _grids(rows[rows[:, 0] == n][:, [1, 3]]) for n in np.unique(rows[:, 0])}
        for layer in range(max(map(len, grids.values()))):
            held = {n: made[layer] for n, made in grids.items() if layer < len(made)}
            named = {
                n: {**_base(n, runs, entries, sweep), "ratios": list(r), "seeds": list(s)} for n, (r, s) in held.items()
            }
            texts.append((float(tokens), named))
    paths = [out, *(out.with_name(f"{out.stem}-{i}{out.suffix}") for i in range(2, len(texts) + 1))]
    there = [path.name for path in paths if path.exists()]
    if there:
        raise InputError(f"{there[0]}: is there already, and a sweep is written to a new file")
    return {path: _text(found, sweep, path, *one) for path, one in zip(paths, texts, strict=True)}


def _grids(pairs: NDArray[np.float64]) -> list[Grid]:
    """Pairs of ratio and seed (n, 2) as grids: ratios with the same seeds are one."""
    seeds: dict[float, list[int]] = defaultdict(list)
    for ratio, seed in pairs:
        seeds[float(ratio)].append(int(seed))
    ratios: dict[tuple[int, ...], list[float]] = defaultdict(list)
    for ratio, own in sorted(seeds.items()):
        ratios[tuple(sorted(own))].append(ratio)
    return [(tuple(own), shared) for shared, own in ratios.items()]


def _entries(sweep: Path) -> dict[str, dict[str, Any]]:
    """The bases of a sweep file, or of the one that it extends, by their label in the run table."""
    seen: list[Path] = []
    path = sweep
    while path not in seen:
        seen.append(path)
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise InputError(f"{path}: {error.strerror or error}") from error
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise InputError(f"{path}: not YAML ({' '.join(str(error).split())})") from error
        if not isinstance(content, Mapping):
            raise InputError(f"{path}: a sweep file is a mapping of keys to values")
        if isinstance(content.get("bases"), list):
            return {_label(dict(base)): dict(base) for base in content["bases"] if isinstance(base, Mapping)}
        path = path.parent / str(content.get("extends", path.name))
    raise InputError(f"{sweep}: bases is missing, so it is no sweep file")


def _label(base: dict[str, Any]) -> str:
    """What `probes` calls the base in the run table."""
    return f"d{base['depth']}" if base.get("depth") else Path(str(base.get("path"))).resolve().name


def _base(params: float, runs: Runs, entries: Mapping[str, dict[str, Any]], sweep: Path) -> dict[str, Any]:
    """The keys of the base of that size, own ratios and seeds left out; of a new size the nearest rung of the ladder."""
    known = ladder(runs)
    if known:
        return {"depth": rung(known, params)[0]}
    frame = runs.rows("general")
    label = next((str(b) for n, b in zip(frame["params"], frame.get("base", []), strict=False) if same(n, params)), "")
    if label not in entries:
        what = f"the table's base {label!r}" if label else "a base"
        raise InputError(f"{sweep}: has no entry in bases for {what} of {format_count(params)} params")
    return {key: value for key, value in entries[label].items() if key not in ("ratios", "seeds")}


def _text(found: NextProbes, sweep: Path, path: Path, tokens: float, bases: Mapping[float, dict[str, Any]]) -> str:
    ratios = sorted({ratio for base in bases.values() for ratio in base["ratios"]})
    name = re.sub(r"[^A-Za-z0-9_.-]", "-", path.stem)
    lines = [
        f"# Chosen by scaling next for {found.target.text()}.",
        f"extends: {sweep.name}",
        f"name: {name}",
        "bases:",
    ]
    lines += [f"  - {_flow(base)}  # {format_count(size)} params" for size, base in sorted(bases.items())]
    return "\n".join([*lines, f"cpt: {_flow({'tokens': round(tokens), 'ratios': ratios})}", ""])


def _flow(value: object) -> str:
    return yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10_000).strip()
