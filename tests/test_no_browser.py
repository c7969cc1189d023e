"""Where there is no browser, the last lines of the tests say how to get one."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
ONE = ("tests/scaling/report/test_page.py", "-k", "test_everything_can_be_named")


def last_lines(folder: Path, *arguments: str) -> list[str]:
    """The last lines of tests run with a PATH that has nothing on it."""
    environment = {key: value for key, value in os.environ.items() if key != "REPORT_BROWSER"} | {"PATH": str(folder)}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout.splitlines()[-4:]


def test_the_last_lines_say_what_to_install(tmp_path: Path) -> None:
    heading, skipped, command, closing = last_lines(tmp_path, *ONE)
    assert "no browser here" in heading
    assert skipped == "Tests of the report's page that were skipped: 1. Install the browser that they need:"
    assert "apt-get install chromium chromium-driver" in command
    assert "1 skipped" in closing  # pytest's own count stays the last line, which .ci/run reads


def test_nothing_is_said_where_no_test_needs_one(tmp_path: Path) -> None:
    assert not any("chromium" in line for line in last_lines(tmp_path, "tests/test_imports.py"))
