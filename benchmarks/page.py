"""From a slider to the new list, in a browser: `uv run python benchmarks/page.py [SCENARIO ENVELOPE [SETTINGS]]`.

The page is started as planners start it, SETTINGS being the part of its address after `#`. A slider is put at 20
amounts around the written one. Each time is taken in the page, from the touch to the parts in their places; the
solve, its proof and its reading in it are as the page says them.
"""

from __future__ import annotations

import re
import shutil
import signal
import statistics
import subprocess
import sys
from typing import Any

from frozen import FLAGSHIP

N = 20
MOVE = """([box, share]) => new Promise(done => {
  const slider = document.querySelector(`input[type=range][data-id="${box}"]`);
  window.written ??= Number(slider.value);
  const page = document.querySelector("[data-page]"), began = performance.now(), from = page.dataset.answers;
  new MutationObserver((_, watch) => {
    if (page.dataset.answers === from) return;
    watch.disconnect();
    done([performance.now() - began, Number(document.querySelector("[data-seconds]").dataset.seconds) * 1000]);
  }).observe(page, { attributes: true });
  slider.value = String(window.written * share);
  slider.dispatchEvent(new Event("change", { bubbles: true }));
})"""


def main(scenario: str = str(FLAGSHIP), envelope: str = "deconcentre", settings: str = "") -> None:
    """Start the page, move the slider, tell the times."""
    command = [sys.executable, "-m", "tnt_sim", "app", scenario, "--no-browser"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        found = next(match for line in server.stderr if (match := re.search(r"http://\S+", line)))
        try:
            tell(measured(f"{found[0]}#{settings}", envelope), scenario, envelope)
        finally:
            server.send_signal(signal.SIGINT)


def measured(address: str, envelope: str) -> list[tuple[float, float]]:
    """Milliseconds of each move: all of it, and the solve in it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser: Any = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        tab = browser.new_page(viewport={"width": 1280, "height": 900})
        tab.goto(address)
        tab.wait_for_selector("[data-page][data-answers]", timeout=60_000)
        shares = [0.9 + 0.2 * ((7 * k) % N) / N + 0.003 for k in range(N)]
        return [tuple(tab.evaluate(MOVE, [envelope, share])) for share in shares]


def tell(times: list[tuple[float, float]], scenario: str, envelope: str) -> None:
    """Median and largest."""
    whole, solve = zip(*times, strict=True)
    print(f"{scenario}, {envelope}, {len(times)} amounts")
    for name, values in (("slider to list", whole), ("solve, proof, reading", solve)):
        print(f"  {name}: median {statistics.median(values):.0f} ms, largest {max(values):.0f} ms")


if __name__ == "__main__":
    main(*sys.argv[1:4])
