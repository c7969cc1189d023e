"""A real headless Chromium for the report's page, and worlds to report on."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import scaling

ROOT = Path(__file__).resolve().parents[3]
QUIET = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--window-size=1200,1600",
)  # fmt: skip


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        assert "REPORT_BROWSER" not in os.environ, (
            "the page must be tried here, and there is no chromium with chromedriver"
        )
        pytest.skip("no chromium with chromedriver here")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (*QUIET, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    made = webdriver.Chrome(options=options, service=Service(driver))
    yield made
    made.quit()


@pytest.fixture(scope="session")
def code_runs() -> scaling.runs.Runs:
    return scaling.load_runs(ROOT / "data" / "runs" / "prose-code.parquet")


@pytest.fixture(scope="session")
def python_runs() -> scaling.runs.Runs:
    return scaling.load_runs(ROOT / "data" / "runs" / "prose-python.parquet")
