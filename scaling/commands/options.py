"""What the commands share: counts like 7B as option values, tables to read, answers to print."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from tyro.conf import arg
from tyro.constructors import PrimitiveConstructorSpec

from scaling.stages import Stage
from scaling.units import format_count, parse_count

if TYPE_CHECKING:
    from scaling.fitting import Fit
    from scaling.runs import Runs

Count = Annotated[
    float,
    PrimitiveConstructorSpec(
        nargs=1,
        metavar="COUNT",
        instance_from_str=lambda words: parse_count(words[0]),
        is_instance=lambda value: isinstance(value, (int, float)),
        str_from_instance=lambda value: [format_count(value)],
    ),
]
MaybeCount = Annotated[  # not Count | None, which has the parser explain itself with a page of its insides
    float | None,
    PrimitiveConstructorSpec(
        nargs=1,
        metavar="COUNT",
        instance_from_str=lambda words: parse_count(words[0]),
        is_instance=lambda value: value is None or isinstance(value, (int, float)),
        str_from_instance=lambda value: ["none" if value is None else format_count(value)],
    ),
]
StageOption = Annotated[
    Stage,
    arg(
        help="Of a table with branches (column trunk): branches, the finished losses; trunk, those in mid-run; or all. auto:"
        " branches where they can stand for the other runs."
    ),
]


AUTO = "auto"
LawOption = Annotated[
    str,
    arg(
        help="The law to fit where the source is a run table. auto: forgetting, which predicts the critical ratio of larger"
        " models best, or dcpt where the table lacks base losses."
    ),
]


@dataclass(frozen=True)
class Objective:
    """What a fit minimises."""

    loss: Literal["huber", "squared"] | None = None
    """What is summed over rows; by default huber, squared for laws of differences."""
    raw: bool = False
    """Of plain residuals (nats) instead of log residuals."""
    delta: float = 1e-3
    """Huber's delta, on the scale of the residuals."""
    weights: Literal["se"] | None = None
    """se: weight rows by the columns general_loss_se and domain_loss_se."""

    def options(self) -> dict[str, Any]:
        """The options of `scaling.fit`."""
        residual = "raw" if self.raw else None
        return {"loss": self.loss, "residual": residual, "delta": self.delta, "weights": self.weights}


def read_runs(path: Path, domain: str | None, stage: Stage) -> Runs:
    """Read a run table: only the rows of one domain where asked, and of those one stage."""
    from scaling.readers import load_runs

    runs = load_runs(path, "all")
    return (runs if domain is None else _of_domain(runs, domain)).stage(stage)


def read_fit(source: Path, law: str, domain: str | None, stage: Stage) -> tuple[Fit, Runs | None]:
    """Read a fit, or fit `law` to a run table and return that too. Of one domain and stage where asked.

    law: a name, or "auto" for what `planning_law` says. A law that tells domains apart is fitted to all of them and asked
    for that one; another law sees its rows alone.
    """
    from scaling.errors import InputError
    from scaling.fitting import fit, load_fit
    from scaling.readers import is_table

    if not is_table(source):
        if stage != "auto":
            raise InputError(f"{source.name}: --stage chooses rows of a run table, and this is a fit")
        fitted = load_fit(source)
        if law not in (AUTO, fitted.law):
            raise InputError(
                f"{source.name}: this is a fit of the law {fitted.law}, and --law says what to fit to a run table"
            )
        return (fitted if domain is None else fitted.at(domain)), None
    if law == AUTO or domain is None or not looks_at_domains(law):
        runs = read_runs(source, domain, stage)
        return _fitted(runs, law), runs
    runs = read_runs(source, None, stage)
    return fit(runs, law=law).at(domain), _of_domain(runs, domain)


def _fitted(runs: Runs, law: str) -> Fit:
    from dataclasses import replace

    from scaling.fitting import fit
    from scaling.planning.default import planning_law

    chosen, note = planning_law(runs) if law == AUTO else (law, "")
    made = fit(runs, law=chosen)
    return replace(made, warnings=(*made.warnings, note)) if note else made


def _of_domain(runs: Runs, domain: str) -> Runs:
    from scaling.errors import InputError

    if "domain" not in runs.frame:
        raise InputError(f"{runs.source}: column domain is missing, so there is no domain {domain!r} to choose")
    there = sorted(runs.frame["domain"].dropna().astype(str).unique())
    if domain not in there:
        raise InputError(f"{runs.source}: column domain has no {domain!r}, it has {', '.join(there)}")
    return runs.select(runs.frame["domain"].astype(str) == domain)


def looks_at_domains(law: str) -> bool:
    """Whether a law tells domains apart, so that one fit holds several."""
    from scaling.fitting.estimation.variables import tells_domains_apart
    from scaling.laws import get_law

    return tells_domains_apart(get_law(law))


def as_json(answer: Mapping[str, Any]) -> str:
    """One JSON object on a line; NaN and infinities become null."""
    return json.dumps(_plain(answer), allow_nan=False)


def print_json(answer: Mapping[str, Any]) -> None:
    """Print one JSON object."""
    print(as_json(answer))


def print_table(title: str, heads: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Print a title and a table for people."""
    from rich.console import Console
    from rich.table import Table

    table = Table()
    for place, head in enumerate(heads):
        table.add_column(head, justify="right" if place else "left", no_wrap=not place)
    for row in rows:
        table.add_row(*row)
    console = Console()
    console.print(title, highlight=False)
    console.print(table)


def print_notes(notes: Iterable[str]) -> None:
    """Print warnings, one a line."""
    for note in notes:
        print(f"note: {note}")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if hasattr(value, "item"):  # a numpy scalar
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
