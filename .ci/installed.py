"""Build the wheel, install it into empty environments and run its commands in a folder that holds no checkout: `make installed`.

    python3 .ci/installed.py [--core] [--out PAGE.md]

For each Python from 3.11 on that is here: the newest versions, and the lowest that pyproject.toml declares (uv finds them). For
the Python that runs this also the extra `probes`, with the lowest versions and those of constraints.txt; torch is always that
of constraints.txt, as older ones come with gigabytes of CUDA. `--core` is the short part that `.ci/run` has: this Python alone,
without the extra.

Prints a table, environment by command; exits with 1 where a command failed, and goes on to the next one first.
"""

import argparse
import json
import os
import platform
import random
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHONS = ("3.11", "3.12", "3.13")
TARGET = "--params 10M --tokens 1M"
# command -> its arguments, what it writes. Quick commands: the seconds are mostly those of importing.
SCALING = {
    "check": ("check runs.parquet --json", ""),
    "fit": ("fit runs.parquet --out fit.json", "fit.json"),
    "predict": ("predict fit.json --params 2656704 --tokens 1M --ratio 0.3", ""),  # at a size that was probed
    "plan": (f"plan runs.parquet {TARGET} --json", ""),
    "report": ("report runs.parquet --out page.html", "page.html"),
    "demo": ("demo", "out/tradeoff.png"),
}
HEADS = [*SCALING, "probes plan", "probes run"]
SHOWN = ("matplotlib", "numpy", "pandas", "pandera", "pyarrow", "pydantic", "scipy", "tyro", "torch", "transformers")


def call(*command: object, **options: "str | Path") -> str:
    """Run what must work; its output."""
    environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, env=environment, **options)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} failed:\n{done.stderr.strip()}")
    return done.stdout


def interpreter(version: str) -> "str | None":
    """A Python of this version that runs. A name on the PATH may be pyenv's stand-in, which only complains."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    names = [sys.executable, shutil.which(f"python{version}"), *pyenv.glob(f"{version}.*/bin/python")]
    ask = "import sys; print('{}.{}'.format(*sys.version_info))"
    for name in filter(None, names):
        done = subprocess.run([name, "-c", ask], capture_output=True, text=True)
        if (done.returncode, done.stdout.strip()) == (0, version):
            return str(name)
    return None


class Bench:
    """A scratch folder with uv and the wheel, where environments are made and tried."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        call(sys.executable, "-m", "venv", folder / "tools")
        call(folder / "tools" / "bin" / "python", "-m", "pip", "install", "-q", "uv")
        self.uv = folder / "tools" / "bin" / "uv"
        # by way of the source archive: an old build/ folder of the checkout would go into a wheel
        call(self.uv, "build", "-q", "--out-dir", folder / "dist", ROOT)
        self.wheel = next((folder / "dist").glob("*.whl"))

    def environment(self, python: str, lowest: bool, probes: bool) -> Path:
        """A new environment with the wheel in it; returns its folder of commands."""
        place = Path(tempfile.mkdtemp(dir=self.folder))
        call(self.uv, "venv", "-q", "--clear", "--seed", "--python", python, place)
        mine = place / "bin" / "python"
        pip = [mine, "-m", "pip", "install", "-q"]  # knows where this machine has a torch without CUDA
        if not lowest:
            known = ["-c", ROOT / "constraints.txt", f"{self.wheel}[probes]"]
            call(*pip, *known) if probes else call(self.uv, "pip", "install", "-q", "-p", mine, self.wheel)
            return place / "bin"
        # of a wheel, uv takes the wheel itself for direct and all that it needs for newest
        call(self.uv, "pip", "compile", "-q", "-p", mine, "-o", place / "lowest.txt", *self._lowest(place, probes))
        installer = pip if probes else [self.uv, "pip", "install", "-q", "-p", mine]
        call(*installer, "-r", place / "lowest.txt")
        call(self.uv, "pip", "install", "-q", "-p", mine, "--no-deps", self.wheel)
        return place / "bin"

    def _lowest(self, place: Path, probes: bool) -> "list[object]":
        arguments: list[object] = ["--resolution", "lowest-direct", "--only-binary", ":all:", ROOT / "pyproject.toml"]
        if probes:
            pinned = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
            torch = place / "torch.txt"
            torch.write_text("".join(line for line in pinned if line.startswith("torch==")))
            arguments += ["--extra", "probes", "-c", torch]
        return arguments

    def versions(self, commands: Path) -> str:
        """The versions that decide, as one line."""
        listed = json.loads(call(self.uv, "pip", "list", "-p", commands / "python", "--format", "json"))
        return ", ".join(f"{one['name']} {one['version']}" for one in listed if one["name"] in SHOWN)


def attempt(commands: Path, folder: Path, words: str, code: int = 0, makes: str = "", quiet: bool = True) -> str:
    """Run a command of the wheel in `folder`: "1.8 s" where it did what it should, else what it did."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    start = time.perf_counter()
    program, *rest = words.split()
    done = subprocess.run(
        [commands / program, *rest],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    seconds = time.perf_counter() - start
    complaint = done.stderr.strip()
    if done.returncode != code or "Traceback" in complaint or (quiet and code == 0 and complaint):
        print(f"  {words}: exit code {done.returncode}\n{complaint[-2000:]}", file=sys.stderr)
        return f"FAILED ({done.returncode})"
    if makes and not (folder / makes).is_file():
        print(f"  {words}: there is no {makes}", file=sys.stderr)
        return f"FAILED (no {makes})"
    return f"{seconds:.1f} s"


def try_out(commands: Path, probes: bool) -> "list[str]":
    """One cell a head, from a new folder that holds the wheel's own sweep and nothing else."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        where = "from scaling.example import EXAMPLE; print(EXAMPLE)"
        shutil.copy(call(commands / "python", "-I", "-c", where, cwd=folder).strip(), folder / "runs.parquet")
        cells = [attempt(commands, folder, f"scaling {words}", makes=makes) for words, makes in SCALING.values()]
        write_sweep(folder)
        if not probes:  # one sentence that names the extra
            return [*cells, attempt(commands, folder, "probes plan sweep.yaml", code=2), "-"]
        plan = attempt(commands, folder, "probes plan sweep.yaml", quiet=False)
        return [
            *cells,
            plan,
            attempt(commands, folder, "probes run sweep.yaml --out r.csv", makes="r.csv", quiet=False),
        ]


def write_sweep(folder: Path) -> None:
    """A sweep that trains in seconds: two made-up languages, one size. JSON is YAML too."""
    sides = {}
    for side, words in (("general", "the cat sat on a mat while rain"), ("domain", "def return x = ( ) self import")):
        lines = [json.dumps({"text": " ".join(random.Random(line).choices(words.split(), k=60))}) for line in range(40)]
        (folder / f"{side}.jsonl").write_text("\n".join(lines))
        sides[side] = {"name": side, "train": [f"{side}.jsonl"], "held_out_fraction": 0.2}
    rest = {
        "name": "installed",
        "tokenizer": {"vocab_size": 270},
        "context": 16,
        "bases": [{"depth": 1}],
        "pretrain": {"tokens_per_param": 0.3, "batch_tokens": 128},
        "cpt": {"tokens": 1536, "batch_tokens": 128, "ratios": [0, 0.5, 1], "checkpoints": 4},
        "evaluate": {"blocks": 8},
        "workers": 1,
    }
    (folder / "sweep.yaml").write_text(json.dumps({**sides, **rest}))


def plans(core: bool) -> "list[tuple[str, str, bool, bool]]":
    """Python, name, lowest, probes of each environment; Pythons that are not here are named aloud."""
    own = "{}.{}".format(*sys.version_info)
    found = []
    for version in (own,) if core else PYTHONS:
        python = interpreter(version)
        if python is None:
            print(f"Python {version}: not here, so not tried", file=sys.stderr)
            continue
        found += [(python, f"{version}, newest", False, False), (python, f"{version}, lowest", True, False)]
    if not core:
        found += [
            (sys.executable, f"{own}, probes, constraints.txt", False, True),
            (sys.executable, f"{own}, probes, lowest", True, True),
        ]
    return found


def page(rows: "list[list[str]]", versions: "list[str]") -> str:
    """What is printed: one row an environment, then what was in it."""
    heads = ["Python, versions", *HEADS]
    system = f"{platform.system()} {platform.machine()}, {' '.join(platform.libc_ver())}"
    lines = ["# The wheel, installed", "", f"{date.today()}, {system}, by `make installed`.", ""]
    lines += [
        "Seconds a command took that did what it should. Without the extra, `probes plan` must say what to install.",
        "",
    ]
    lines += [f"| {' | '.join(row)} |" for row in (heads, ["---"] * len(heads), *rows)]
    lines += ["", "| Python, versions | what was in it |", "| --- | --- |"]
    return "\n".join([*lines, *(f"| {row[0]} | {held} |" for row, held in zip(rows, versions, strict=True))])


def main() -> int:
    """Try all environments; 1 where a command failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--core", action="store_true", help="this Python alone, without the extra probes")
    parser.add_argument("--out", type=Path, help="write the table there too")
    options = parser.parse_args()
    rows, versions = [], []
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(Path(scratch))
        for python, name, lowest, probes in plans(options.core):
            print(f"Python {name} ...", file=sys.stderr, flush=True)
            commands = bench.environment(python, lowest, probes)
            rows.append([name, *try_out(commands, probes)])
            versions.append(bench.versions(commands))
            shutil.rmtree(commands.parent)
    text = page(rows, versions)
    print(text)
    if options.out:
        options.out.write_text(f"{text}\n", encoding="utf-8")
    return int("FAILED" in text)


if __name__ == "__main__":
    sys.exit(main())
