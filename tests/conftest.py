"""For all tests: no model hub is asked, not even by a test that was collected first. The scripts of tools/ as modules.

And where tests were skipped for want of a browser, the last lines say how to get one.
"""

import importlib.util
import os
from collections.abc import Callable, Generator
from pathlib import Path
from types import ModuleType

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"  # read once, where anything first imports the hub's client
TOOLS = Path(__file__).parents[1] / "tools"


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Loads a script of tools/ by its name, as a module that can import the others."""
    monkeypatch.syspath_prepend(TOOLS)

    def load(name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(f"tools_{name}", TOOLS / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.hookimpl(wrapper=True, tryfirst=True)  # the outermost, so that it writes after the list of what was skipped
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Generator[None, None, None]:
    """Say what to install where the report's page was not tried."""
    yield
    skipped = [report.longrepr for report in terminalreporter.getreports("skipped")]
    count = sum(isinstance(place, tuple) and "no chromium with chromedriver" in place[2] for place in skipped)
    if count:
        terminalreporter.section("no browser here", yellow=True)
        terminalreporter.line(
            f"Tests of the report's page that were skipped: {count}. Install the browser that they need:"
        )
        terminalreporter.line(
            "    sudo apt-get install chromium chromium-driver    (Debian; elsewhere put both on PATH)"
        )
