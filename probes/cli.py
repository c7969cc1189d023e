"""The command `probes`: plan a sweep of small training runs, train it, extend it. Begin with `probes plan SWEEP.yaml`."""

import importlib.util
import json
import os
import sys
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, cast

import tyro
from tyro.constructors import PrimitiveConstructorSpec

from probes.config import load_sweep
from scaling.errors import InputError

EXTRA = ("torch", "transformers", "tokenizers", "safetensors")
QUIET = {"TRANSFORMERS_VERBOSITY": "error", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}  # read where they are first imported
INSTALL = 'pip install "cpt-scaling[probes]"'
DEVICES = ("h100", "h200", "a100", "cpu")


def _one(read: Callable[[str], Any], metavar: str, unset: str, choices: tuple[str, ...] | None = None) -> Any:
    """An option with one value, which the help calls `unset` where none is given: a bare `| None` lets users write None."""
    return PrimitiveConstructorSpec(
        nargs=1,
        metavar=metavar,
        instance_from_str=lambda words: read(words[0]),
        is_instance=lambda value: True,
        str_from_instance=lambda value: [unset if value is None else str(value)],
        choices=choices,
    )


@dataclass(frozen=True)
class Run:
    """Train the missing runs of a sweep, resume the interrupted ones, and write the run table."""

    sweep: tyro.conf.Positional[Path]
    """The sweep file (YAML)."""
    out: Path
    """The run table to write: .parquet, .csv or .jsonl."""
    work: Annotated[Path | None, _one(Path, "PATH", "OUT.work")] = None
    """The folder for shards, bases and runs. Sweeps with the same folder train their bases once."""
    json: bool = False
    """Print one JSON object instead of text."""

    def __call__(self) -> None:
        """Train, then print what was done."""
        from probes.bars import Bars
        from probes.sweep import run

        summary = run(self.sweep, self.out, Bars(), self.work)
        if not summary.rows:
            raise InputError(
                f"{self.out}: no run reached a checkpoint, so nothing is written; lower the learning rate "
                f"(diverged: {', '.join(summary.diverged)})"
            )
        if self.json:
            print(json.dumps({**asdict(summary), "out": str(self.out)}))
            return
        print(f"{summary.rows} rows in {self.out}: {summary.trained} jobs trained now, {summary.skipped} already done")
        for name in summary.diverged:
            print(f"diverged: {name}")
        for warning in summary.warnings:
            print(f"warning: {warning}")


@dataclass(frozen=True)
class Plan:
    """Estimate what a sweep costs: runs, FLOPs and hours. Nothing is trained."""

    sweep: tyro.conf.Positional[Path]
    """The sweep file (YAML)."""
    device: Annotated[str | None, _one(str, "|".join(DEVICES), "here", DEVICES)] = None
    """Plan for this device. A GPU counts at a quarter of its published dense bf16 speed; cpu is timed on this machine."""
    flops_per_second: Annotated[str | None, _one(str, "FLOPS", "measured")] = None
    """Plan for a machine that trains at this many FLOPs per second, such as 4e14."""
    json: bool = False
    """Print one JSON object instead of a table."""

    def __call__(self) -> None:
        """Print the plan."""
        from probes import prepare
        from probes.cost import estimate
        from probes.speed import speed

        at = speed(self.device, self.flops_per_second)
        sweep = load_sweep(self.sweep)
        wrong = _complaint(lambda: prepare.check_corpora(sweep, self.sweep.parent))
        try:
            prepare.check_bases(sweep)
            lines = [asdict(line) for line in estimate(sweep, at)]
        except InputError as error:
            raise wrong or error from None
        total = {
            "runs": sum(line["runs"] for line in lines),
            "flops": sum(line["runs"] * line["flops"] for line in lines),
            "hours": sum(line["hours"] for line in lines),
        }
        if self.json:
            print(json.dumps({"lines": lines, **total, "assumption": at.assumption}))
        else:
            _print_plan(lines, total)
            print(at.assumption)
        sys.stdout.flush()
        if wrong:  # what it costs is known without the corpora
            raise wrong


@dataclass(frozen=True)
class Extend:
    """Write the sweep file that trains the runs chosen by `scaling next --out`."""

    sweep: tyro.conf.Positional[Path]
    """The sweep file (YAML) that made the run table. The new file extends it."""
    chosen: Annotated[Path, tyro.conf.arg(name="with")]
    """The JSON file written by `scaling next --out`."""
    out: Path
    """The new sweep file, in the same folder. Runs that do not fit one grid go into further files beside it."""
    json: bool = False
    """Print one JSON object instead of text."""

    def __call__(self) -> None:
        """Write the files and name them."""
        from probes.extend import extend

        files = [str(path) for path in extend(self.sweep, self.chosen, self.out)]
        print(json.dumps({"files": files}) if self.json else "\n".join(f"wrote {file}" for file in files))


def _complaint(check: Callable[[], None]) -> InputError | None:
    """What a check finds to be wrong."""
    try:
        check()
    except InputError as error:
        return error
    return None


def _print_plan(lines: list[dict[str, Any]], total: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="What this sweep would cost", show_footer=True)
    footers = ["", "", "", str(total["runs"]), "", f"{total['flops']:.2e}", f"{total['hours']:.2f}"]
    heads = ["base", "kind", "params", "runs", "tokens per run", "FLOPs per run (last row: all)", "hours"]
    for head, foot in zip(heads, footers, strict=True):
        table.add_column(head, foot, justify="left" if head in ("base", "kind") else "right")
    for line in lines:
        table.add_row(
            line["base"], line["kind"], f"{line['params']:,}", str(line["runs"]), f"{line['tokens']:,}",
            f"{line['flops']:.2e}", f"{line['hours']:.2f}",
        )  # fmt: skip
    Console().print(table)


Command = (
    Annotated[Run, tyro.conf.subcommand("run")]
    | Annotated[Plan, tyro.conf.subcommand("plan")]
    | Annotated[Extend, tyro.conf.subcommand("extend")]
)


def main() -> None:
    """Entry point: exit code 0 on an answer, 2 on bad input with one sentence on standard error."""
    if not sys.warnoptions:  # of the libraries; what a user must know is said by us
        warnings.simplefilter("ignore")
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    try:
        command = tyro.cli(cast("type[Callable[[], None]]", Command), prog="probes", description=__doc__)
        if not isinstance(command, Extend):
            require_extra()
        command()
    except InputError as error:
        sys.exit(_complain(str(error)))
    except OSError as error:
        sys.exit(_complain(f"{error.filename or 'probes'}: {error.strerror or error}"))
    except ImportError as error:
        sys.exit(_complain(_missing() or f"{error}; install what it needs: {INSTALL}"))
    except KeyboardInterrupt:
        sys.exit(_complain("stopped; run the same command again to resume from the last checkpoints"))


def require_extra() -> None:
    """InputError where a package is missing that training and planning need."""
    if said := _missing():
        raise InputError(said)


def _missing() -> str:
    """What is not installed of the extra, and the line that installs it; empty where all of it is."""
    missing = [name for name in EXTRA if not _installed(name)]
    return f"{', '.join(missing)} must be installed for this: {INSTALL}" if missing else ""


def _installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _complain(sentence: str) -> int:
    print(f"probes: {' '.join(sentence.split())}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    main()
