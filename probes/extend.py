"""Writes sweep files for the runs that `scaling next` chose.

A sweep file is a grid: every base at every ratio with every seed, with own `ratios` and `seeds` of a base where given. Chosen
runs are cut into as few such grids as their seeds allow; runs of another length need another file.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from probes import ladder
from probes.config import Sweep, first_problem, load_sweep, read_keys
from scaling.errors import InputError
from scaling.storage import write_text
from scaling.units import format_count

Keys = dict[str, Any]
Grid = tuple[list[float], list[int]]  # ratios and seeds: every pair of them
CLOSE = 1.25  # a rung within this factor of a size stands for it; `scaling next` guesses sizes that no probe has


class Chosen(BaseModel):
    """One run of next.json: its size, its domain share, its length, its seed, and the name of its base in the run table."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)
    params: Annotated[float, Field(gt=0)]
    ratio: Annotated[float, Field(ge=0, le=1)]
    tokens: Annotated[float, Field(gt=0)]
    seed: Annotated[int, Field(ge=0)]
    base: str | None = None


class Next(BaseModel):
    """What is read of next.json: the runs, and how many checkpoints each was counted on to have."""

    runs: list[Chosen]
    checkpoints: Annotated[int, Field(ge=1)] = 1


def extend(sweep: Path, chosen: Path, out: Path) -> list[Path]:
    """Write the sweep files that train the runs of `chosen`, and return their paths: `out`, and out-2, out-3 ... beside it.

    Args:
        sweep: the sweep file that made the run table. The new files extend it, with other bases, ratios and tokens.
        chosen: next.json, which `scaling next --out` writes.
        out: a new file in the folder of `sweep`. Runs that do not fit one grid go into further files.

    Raises:
        InputError: one sentence; nothing is written then.
    """
    asked = _read(chosen)
    if out.resolve().parent != sweep.resolve().parent or out.resolve() == sweep.resolve():
        raise InputError(
            f"{out}: must be a new file in the folder of {sweep.name}, whose file names are relative to it"
        )
    grids = list(_grids(asked, _Bases(sweep, load_sweep(sweep))))
    paths = [out, *(out.with_name(f"{out.stem}-{i}{out.suffix}") for i in range(2, len(grids) + 1))]
    if there := [path for path in paths if path.exists()]:
        raise InputError(f"{there[0]}: exists already; name a new file")
    texts = []
    for path, own in zip(paths, grids, strict=True):
        named = {"name": re.sub(r"[^A-Za-z0-9_.-]", "-", path.stem), **own}
        load_sweep(sweep, named)
        texts.append(_text(named, sweep, chosen))
    for path, text in zip(paths, texts, strict=True):
        write_text(path, text)
    return paths


def _read(path: Path) -> Next:
    try:
        found = Next.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not text; give the file that `scaling next --out` wrote") from error
    except ValidationError as error:
        what = first_problem(error, "the file")
        raise InputError(f"{path}: is not what `scaling next --out` writes ({what}); run it again") from error
    if not found.runs:
        raise InputError(f"{path}: has no runs to train; run `scaling next` again with a larger --budget")
    return found


class _Bases:
    """The bases of a sweep by their label in its run table, as its file has them."""

    def __init__(self, path: Path, sweep: Sweep) -> None:
        self.path = path
        self.sweep = sweep
        self.keys: dict[str, Keys] = dict(zip([b.label for b in sweep.bases], read_keys(path)["bases"], strict=True))
        self.only_ladder = all(base.depth for base in sweep.bases)

    def of(self, run: Chosen) -> tuple[str, Keys]:
        """Label and keys of the base of a run, own ratios and seeds left out."""
        if run.base in self.keys:
            return run.base, {key: own for key, own in self.keys[run.base].items() if key not in ("ratios", "seeds")}
        depth = self._depth(run)
        return f"d{depth}", {"depth": depth}

    def _depth(self, run: Chosen) -> int:
        """The rung of a run whose base the sweep does not list: the one of that name, or for a new size the nearest."""
        if rung := re.fullmatch(r"d(\d+)", run.base or ""):
            return int(rung[1])
        if run.base is not None or not self.only_ladder:
            what = f"the table's base {run.base!r}" if run.base is not None else "a base"
            size = format_count(run.params)
            raise InputError(f"{self.path}: has no entry in bases for {what} of {size} params; add one")
        depth = ladder.nearest(run.params)
        if not 1 / CLOSE < ladder.parameters(depth) / run.params < CLOSE:
            raise InputError(
                f"{self.path}: the ladder has no base of {format_count(run.params)} params; the nearest is d{depth} "
                f"of {format_count(ladder.parameters(depth))}, so run `scaling next` for that size"
            )
        return depth


def _grids(asked: Next, bases: _Bases) -> Iterator[Keys]:
    """What each new sweep file says beside its name: its bases with their ratios and seeds, its tokens."""
    more = {"checkpoints": asked.checkpoints} if asked.checkpoints > bases.sweep.cpt.checkpoints else {}
    for tokens in dict.fromkeys(run.tokens for run in asked.runs):
        runs = [run for run in asked.runs if run.tokens == tokens]
        named = dict(map(bases.of, sorted(runs, key=lambda run: run.params)))
        held = {label: _cut([run for run in runs if bases.of(run)[0] == label]) for label in named}
        for layer in range(max(map(len, held.values()))):
            cut = {label: own[layer] for label, own in held.items() if layer < len(own)}
            entries = [{**named[label], "ratios": ratios, "seeds": seeds} for label, (ratios, seeds) in cut.items()]
            every = sorted({ratio for ratios, _ in cut.values() for ratio in ratios})
            yield {"bases": entries, "cpt": {"tokens": round(tokens), "ratios": every, **more}}


def _cut(runs: list[Chosen]) -> list[Grid]:
    """Runs of one base and length as grids: ratios with the same seeds are one."""
    seeds: dict[float, set[int]] = defaultdict(set)
    for run in runs:
        seeds[run.ratio].add(run.seed)
    ratios: dict[tuple[int, ...], list[float]] = defaultdict(list)
    for ratio, own in sorted(seeds.items()):
        ratios[tuple(sorted(own))].append(ratio)
    return [(own, list(shared)) for shared, own in ratios.items()]


def _text(keys: Keys, sweep: Path, chosen: Path) -> str:
    named = yaml.safe_dump({"extends": sweep.name, "name": keys["name"]}, sort_keys=False, width=10_000)
    bases = "".join(f"  - {_flow(base)}\n" for base in keys["bases"])
    return (
        f"# The runs of {chosen.name}, which `scaling next` chose.\n{named}bases:\n{bases}cpt: {_flow(keys['cpt'])}\n"
    )


def _flow(value: object) -> str:
    return yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10_000).strip()
