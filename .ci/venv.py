"""Make or mend a virtual environment: `python3 .ci/venv.py FOLDER [EXTRA ...]`. Standard library only.

A stamp inside the folder says what it was made from: pyproject.toml, constraints.txt, the Python version, the place of
this checkout, and the extras that are installed. Where the stamp fits and the interpreter runs, nothing is done; where
only extras lack, they are added; anything else is stale and made anew.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST = (3, 11)


def fingerprint() -> str:
    """Hash of all that decides what the environment holds."""
    digest = hashlib.sha256()
    for name in ("pyproject.toml", "constraints.txt"):
        digest.update((ROOT / name).read_bytes())
    digest.update(f"{sys.version} {ROOT}".encode())
    return digest.hexdigest()


def python_of(folder: Path) -> Path:
    """The interpreter inside the environment."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def installed_extras(folder: Path) -> "set[str] | None":
    """The extras that the environment holds, or None where it is absent, stale or broken."""
    try:
        stamp = json.loads((folder / "stamp.json").read_text())
        if stamp["fingerprint"] != fingerprint():
            return None
        subprocess.run([python_of(folder), "-c", "import scaling"], check=True, capture_output=True, cwd=folder)
        return set(stamp["extras"])
    except (OSError, ValueError, KeyError, TypeError, subprocess.CalledProcessError):
        return None


def install(folder: Path, extras: "set[str]") -> None:
    """Install the project with its extras under the constraints; the stamp is written last."""
    stamp = folder / "stamp.json"
    stamp.unlink(missing_ok=True)
    names = f"[{','.join(sorted(extras))}]" if extras else ""
    quiet = ["-q", "--disable-pip-version-check", "--prefer-binary"]
    print(f"installing into {folder.name} (core{''.join(f', {name}' for name in sorted(extras))}) ...", flush=True)
    command = [
        python_of(folder),
        "-m",
        "pip",
        "install",
        *quiet,
        "-c",
        ROOT / "constraints.txt",
        "-e",
        f"{ROOT}{names}",
    ]
    subprocess.run(command, check=True)
    stamp.write_text(json.dumps({"fingerprint": fingerprint(), "extras": sorted(extras)}))


def main() -> int:
    """Bring the environment to what is asked; 0 where it is usable."""
    if sys.version_info < OLDEST:
        print(
            f"Python {'.'.join(map(str, OLDEST))} or newer is needed, this is {sys.version.split()[0]}", file=sys.stderr
        )
        return 2
    folder, wanted = ROOT / sys.argv[1], set(sys.argv[2:])
    have = installed_extras(folder)
    if have is not None and wanted <= have:
        return 0
    try:
        if have is None:
            shutil.rmtree(folder, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        install(folder, wanted | (have or set()))
    except subprocess.CalledProcessError as error:
        print(f"could not make {folder.name}: {' '.join(map(str, error.cmd))} failed", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
