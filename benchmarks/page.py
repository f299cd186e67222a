"""From a slider to the new list, in a browser: `uv run python benchmarks/page.py [SCENARIO ENVELOPE [SETTINGS]]`.

The page is started as planners start it, SETTINGS being the part of its address after `#`. The first paint is that
of a fifth tab, from its request. A slider is put at 20 amounts around the written one. Each time is taken in the
page, from the touch to the parts in their places; the solve, its proof and its reading are as the page says them.

Then the curve under the slider is drawn: when its first exact steps are there, for how many places of the slider
the value is known before the answer, and how long the sentence of a place takes.

Then 20 tabs are opened without a browser, each at an amount of its own, and closed. Memory is that of the server.
"""

from __future__ import annotations

import http.client
import json
import re
import shutil
import signal
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from frozen import FLAGSHIP

N, TABS = 20, 20
PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
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


CURVE = """box => new Promise(done => {
  const slider = document.querySelector(`input[type=range][data-id="${box}"]`), began = performance.now();
  slider.closest("details")?.setAttribute("open", "");
  const place = document.querySelector(`[data-part="curve-${slider.id.slice(7)}"]`);
  const page = document.querySelector("[data-page]");
  const from = page.dataset.answers;
  let first = null;
  new MutationObserver((_, watch) => {
    const exact = place.querySelector("svg path.granted-line");
    if (exact && first === null) first = performance.now() - began;
    if (page.dataset.answers === from) return;
    watch.disconnect();
    const says = JSON.parse(place.querySelector("[data-places]").dataset.places).says;
    const touched = performance.now();
    slider.stepUp();
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    const told = performance.now() - touched;
    const known = says.filter(text => /, [0-9\\s,.\u202f\u00a0]+ (retenus|funded)/.test(text)).length;
    done([first, performance.now() - began, known, says.length, told]);
  }).observe(page, { attributes: true, childList: true, subtree: true });
  slider.focus();
})"""


def main(scenario: str = str(FLAGSHIP), envelope: str = "deconcentre", settings: str = "") -> None:
    """Start the page, move the slider, open and close tabs, tell times and memory."""
    command = [sys.executable, "-m", "tnt_sim", "app", scenario, "--no-browser"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        found = next(match for line in server.stderr if (match := re.search(r"http://\S+", line)))
        try:
            print(f"{scenario}, {envelope}, {N} amounts")
            opened = read_memory(server.pid)
            paint, written, times, curve = measured(f"{found[0]}#{settings}", envelope)
            tell(paint, times)
            tell_curve(curve)
            tell_memory(server.pid, found[0], envelope, written, opened)
        finally:
            server.send_signal(signal.SIGINT)


def measured(address: str, envelope: str) -> tuple[float, int, list[tuple[float, float]], list[Any]]:
    """Milliseconds to the first paint, the written amount, those of each move and of its solve, and the curve."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser: Any = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        for _ in range(4):
            tab = context.new_page()
            tab.goto(address)
            tab.wait_for_selector("[data-page][data-answers]", timeout=60_000)
        tab = context.new_page()
        tab.goto(re.sub(r"\?token=[^#]*", "", address))
        tab.wait_for_selector("[data-page][data-answers]", timeout=60_000)
        paint = float(tab.evaluate(PAINT))
        written = int(tab.input_value(f"input[type=range][data-id='{envelope}']"))
        shares = [0.9 + 0.2 * ((7 * k) % N) / N + 0.003 for k in range(N)]
        times = [tuple(tab.evaluate(MOVE, [envelope, share])) for share in shares]
        return paint, written, times, tab.evaluate(CURVE, envelope)


def tell(paint: float, times: list[tuple[float, float]]) -> None:
    """First paint; median and largest of the moves."""
    whole, solve = zip(*times, strict=True)
    print(f"  first paint: {paint:.0f} ms")
    for name, values in (("slider to list", whole), ("solve, proof, reading", solve)):
        print(f"  {name}: median {statistics.median(values):.0f} ms, largest {max(values):.0f} ms")


def tell_curve(curve: list[Any]) -> None:
    """First exact steps, the whole curve, places of the slider whose value is known, and their sentence."""
    first, whole, known, places, told = curve
    begun = "no exact steps" if first is None else f"exact after {first:.0f} ms"
    print(
        f"  curve: {begun}, whole after {whole:.0f} ms, {known} of {places} known, sentence in {told:.1f} ms"
    )


def tell_memory(process: int, address: str, envelope: str, written: int, opened: int) -> None:
    """Memory after the moves, with tabs, and once they are closed; twice, as the first time fills caches."""
    host = urlsplit(address).netloc
    door = http.client.HTTPConnection(host, timeout=120)

    def ask(method: str, path: str, event: object = None, **headers: str) -> tuple[Any, str]:
        body = None if event is None else json.dumps(event)
        door.request(method, path, body, {"Origin": f"http://{host}", **headers})
        with door.getresponse() as found:
            return found.headers, found.read().decode()

    cookie = ask("GET", address.removeprefix(f"http://{host}"))[0]["Set-Cookie"].split(";")[0]
    print(f"  memory: {opened} MB when the page is ready")
    for turn in range(2):
        before, tabs = read_memory(process), []
        for k in range(TABS):
            text = ask("GET", "/", Cookie=cookie)[1]
            tabs.append(re.findall(r'data-tab="([^"]+)"', text)[0])
            cents = written * (90 + k) // 100 + 100 * turn
            event = {"do": "amount", "id": envelope, "value": str(cents)}
            ask("POST", f"/tabs/{tabs[-1]}/events", event, Cookie=cookie)
        during = read_memory(process)
        for tab in tabs:
            ask("POST", f"/tabs/{tab}/close", {}, Cookie=cookie)
        print(
            f"  {TABS} tabs: {before} MB, {during} MB open ({(during - before) / TABS:.1f} MB per tab), "
            f"{read_memory(process)} MB closed"
        )


def read_memory(process: int) -> int:
    """Resident memory of a process in MB."""
    text = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    return int(re.findall(r"VmRSS:\s+(\d+)", text)[0]) // 1024


if __name__ == "__main__":
    main(*sys.argv[1:4])
