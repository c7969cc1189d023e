"""How large a report's page is, how soon it opens and answers, in headless Chromium: `python benchmarks/report_page.py`.

Needs chromium, chromedriver and selenium. Milliseconds from the start of navigation to the end of the load event, which is after
the planner's first answer. first: the first page of a browser just started; again: the median of five more. plan, curves: one
answer and both curves, computed in the page, median of twenty. write: seconds of `scaling report`, fit included.
"""

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

RUNS = Path(__file__).resolve().parent.parent / "data" / "runs"
SWEEPS = ("prose-python", "prose-code", "prose-metamath")
LOADED = "return performance.getEntriesByType('navigation')[0].loadEventEnd"
TIMED = """const data = JSON.parse(document.getElementById("data").textContent), planner = makePlanner(data.fit, LAWS);
const ratios = Array.from({ length: 101 }, (_, i) => i / 100), found = { plan: [], curves: [] };
for (let i = 0; i < 20; i++) {
  let start = performance.now(); planner.plan(data.question); found.plan.push(performance.now() - start);
  start = performance.now(); planner.curves(data.question, ratios); found.curves.push(performance.now() - start);
}
return found"""


def browser() -> Any:
    """A headless Chromium that asks nobody for anything."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking"):
        options.add_argument(flag)
    return webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))


def measure(sweep: str, folder: Path) -> list[str]:
    """One row of the table."""
    page, start = folder / f"{sweep}.html", time.perf_counter()
    command = [sys.executable, "-m", "scaling.cli", "report", str(RUNS / f"{sweep}.parquet"), "--out", str(page)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    seconds, driver = time.perf_counter() - start, browser()
    try:
        opened = []
        for _ in range(6):
            driver.get(page.as_uri())
            opened.append(driver.execute_script(LOADED))
        timed = driver.execute_script(TIMED)
    finally:
        driver.quit()
    again = statistics.median(opened[1:])
    inside = [f"{statistics.median(timed[name]):.0f}" for name in ("plan", "curves")]
    return [sweep, f"{page.stat().st_size / 1e6:.2f}", f"{opened[0]:.0f}", f"{again:.0f}", *inside, f"{seconds:.1f}"]


def main() -> None:
    """Print the table."""
    print("| sweep | MB | first, ms | again, ms | plan, ms | curves, ms | write, s |\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for sweep in SWEEPS:
            print(f"| {' | '.join(measure(sweep, Path(folder)))} |", flush=True)


if __name__ == "__main__":
    main()
