"""What the commands share: counts like 7B as option values, tables to read, answers to print."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
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


def writable(out: Path | None, source: Path, what: str) -> Path | None:
    """Where to write an answer, if anywhere. InputError for a folder that is not there, or the source itself; what: it is."""
    from scaling.errors import InputError

    if out is None:
        return None
    path = out.expanduser()
    if not path.parent.is_dir():
        raise InputError(f"{out}: the folder {out.parent} is not there")
    if path.resolve() == source.expanduser().resolve():
        raise InputError(f"{out}: is {what}")
    return path


def read_runs(path: Path, domain: str | None, stage: Stage) -> Runs:
    """Read a run table: only the rows of one domain where asked, and of those one stage."""
    from scaling.readers import load_runs

    runs = load_runs(path, "all")
    return (runs if domain is None else _of_domain(runs, domain)).stage(stage)


def read_fit(source: Path, law: str, domain: str | None, stage: Stage) -> tuple[Fit, Runs | None]:
    """Read a fit, or fit `law` to a run table and return that too. Of one domain and stage where asked.

    law: a name, or "auto" for what `scaling.fit` takes. A law that tells domains apart is fitted to all of them and asked
    for that one; another law sees its rows alone.
    """
    from scaling.errors import InputError
    from scaling.readers import is_table

    if not is_table(source):
        if stage != "auto":
            raise InputError(f"{source.name}: --stage chooses rows of a run table, and this is a fit")
        fitted = _load(source)
        if law not in (AUTO, fitted.law.name):
            raise InputError(
                f"{source.name}: this is a fit of the law {fitted.law}, and --law says what to fit to a run table"
            )
        return (fitted if domain is None else fitted.at(domain)), None
    from scaling.fitting import fit

    if law == AUTO or domain is None or not looks_at_domains(law):
        runs = read_runs(source, domain, stage)
        return fit(runs, law=law), runs
    runs = read_runs(source, None, stage)
    return fit(runs, law=law).at(domain), _of_domain(runs, domain)


def _load(source: Path) -> Fit:
    """A saved fit; of a file that is neither that nor a run table, what it looks like."""
    from scaling.errors import InputError
    from scaling.fitting import load_fit
    from scaling.readers import looks_like

    try:
        return load_fit(source)
    except InputError as reason:
        what = looks_like(source)
        if not what:
            raise
        raise InputError(f"{source.name}: {what}") from reason


def _of_domain(runs: Runs, domain: str) -> Runs:
    from scaling.errors import InputError

    if "domain" not in runs.frame:
        raise InputError(f"{runs.source}: column domain is missing, so there is no domain {domain!r} to choose")
    name = runs.frame["domain"].fillna("").astype(str)
    trained = set(name[runs.frame["tokens"] > 0]) - {""}
    if domain not in trained:
        raise InputError(f"{runs.source}: column domain has no {domain!r}, it has {', '.join(sorted(trained))}")
    shared = (runs.frame["tokens"] == 0) & ~name.isin(trained)  # a base that was logged for all domains
    own = runs.select((name == domain) | shared)
    if len(trained) > 1 and "domain_loss" in own.frame:  # its domain loss is of nobody knows which
        other = own.frame["domain"].fillna("").astype(str) != domain
        own = replace(own, frame=own.frame.assign(domain_loss=own.frame["domain_loss"].mask(other)))
    return own


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
