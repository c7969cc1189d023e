"""Files that are whole or not there: written beside their place and moved into it."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from scaling.errors import InputError


def write_text(path: str | Path, text: str) -> None:
    """Write text (UTF-8) to path; an old file stays whole until the new one is complete. Raises InputError if it cannot be
    written."""
    path = Path(path)
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except OSError as error:
        Path(temporary).unlink(missing_ok=True)
        raise InputError(f"{path}: cannot be written ({error.strerror})") from None
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def read_saved(path: Path, what: str, form: str, version: int) -> dict[str, Any]:
    """The content of a JSON file of ours; what: "fit" or "plan", form: its field format, version: the newest that is known.

    Raises InputError, naming the file, for one that is not there, not JSON, of another kind or newer.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError):
        raise InputError(f"{path}: is not a saved {what}, or was cut short (not valid JSON)") from None
    if not isinstance(content, dict) or content.get("format") != form:
        raise InputError(f"{path}: is not a saved {what} (it lacks format {form!r})")
    written = content.get("version")
    if not isinstance(written, int) or written > version:
        raise InputError(f"{path}: is of format version {written}, and this version of scaling reads up to {version}")
    return content


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
