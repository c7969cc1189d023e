"""Downloads and unpacks packages with the ordinary package clients, into a cache."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from building.model import BuildError, Fetched, Manager, Source

_COMMANDS: dict[Manager, tuple[str, ...]] = {
    "pip": (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--disable-pip-version-check"),
    "apt": ("apt-get", "download", "--quiet"),
    "npm": ("npm", "pack", "--silent"),
}
_HINTS: dict[Manager, str] = {
    "pip": "is there a network, and does pip know the package?",
    "apt": "is there a network, is this Debian, and was `apt-get update` run?",
    "npm": "is there a network, and does npm know the package?",
}


def fetch(source: Source, cache: Path) -> Fetched:
    """Give the unpacked package of `source`, downloading it only when the cache lacks it."""
    if source.manager == "python":
        return _standard_library()
    home = cache / source.manager / _wanted(source)
    archive = _archive(source, home)
    folder = home / "files"
    if not folder.is_dir():
        _unpack(archive, folder)
    return Fetched(folder, _version(source, archive, folder), sha256_of(archive))


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _wanted(source: Source) -> str:
    """The package with its version, as the client writes it."""
    if source.pin is None:
        return source.package
    return f"{source.package}{'@' if source.manager == 'npm' else '=='}{source.pin}"


def _archive(source: Source, home: Path) -> Path:
    """The downloaded file of `source`; it moves into the cache only when it is complete."""
    found = sorted(path for path in home.glob("*") if path.is_file())
    if found:
        return found[0]
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent) as scratch:
        _run([*_COMMANDS[source.manager], _wanted(source)], Path(scratch), source)
        files = sorted(Path(scratch).iterdir())
        if len(files) != 1:
            raise BuildError(f"{source.manager} gave {len(files)} files for {source.package}, one was expected.")
        target = home / files[0].name
        os.replace(files[0], target)
    return target


def _run(command: Sequence[str], folder: Path, source: Source) -> None:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise BuildError(f"{source.name} needs the command {command[0]}, which is not installed.") from None
    if done.returncode != 0:
        hint = _HINTS[source.manager]
        raise BuildError(f"{source.manager} could not download {_wanted(source)} for {source.name}: {hint}")


def _unpack(archive: Path, folder: Path) -> None:
    """Unpack beside the target and rename, so that a broken run leaves no half-filled folder."""
    scratch = Path(tempfile.mkdtemp(dir=folder.parent, prefix="unpacking-"))
    try:
        _unpack_into(archive, scratch)
        os.replace(scratch, folder)
    except (OSError, tarfile.TarError, zipfile.BadZipFile, subprocess.CalledProcessError):
        raise BuildError(f"{archive.name} could not be unpacked; delete it from the cache and try again.") from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _unpack_into(archive: Path, folder: Path) -> None:
    if archive.suffix == ".deb":
        if shutil.which("dpkg") is None:
            raise BuildError(f"{archive.name} needs the command dpkg, which is not installed.")
        subprocess.run(["dpkg", "-x", str(archive), str(folder)], check=True, capture_output=True)
    elif archive.suffix in {".whl", ".zip"}:
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(folder)
    else:
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")


def _version(source: Source, archive: Path, folder: Path) -> str:
    if source.manager == "npm":
        return str(json.loads((folder / "package" / "package.json").read_text("utf-8"))["version"])
    if source.manager == "apt":
        # apt writes NAME_VERSION_ARCH.deb and escapes the colon of an epoch.
        return archive.stem.split("_")[1].replace("%3a", ":")
    match = re.match(r"[^-]+-([^-]+?)(-|\.tar|\.zip|$)", archive.name)
    return match[1] if match else "unknown"


def _standard_library() -> Fetched:
    """The running interpreter's library; its hash covers names and contents of the Python files in it."""
    if sys.version_info[:2] != (3, 11):
        raise BuildError("The python corpus is the library of CPython 3.11; run the build with that interpreter.")
    folder = Path(sysconfig.get_paths()["stdlib"])
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        name = path.relative_to(folder)
        # Site packages and build settings differ from machine to machine.
        if "site-packages" not in name.parts and not name.name.startswith("_sysconfigdata"):
            digest.update(name.as_posix().encode() + b"\0" + path.read_bytes())
    return Fetched(folder, platform.python_version(), digest.hexdigest())
