"""Pages of explain, audit, conflict and rule-prices in a browser: widths, letters, height, axe; from a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.flagship import FROZEN

import tnt_sim as tnt
from tnt_sim.analysis.explain.explanation import explain
from tnt_sim.analysis.shared.decided_run import of_result
from tnt_sim.cli.main import main
from tnt_sim.engine.solve import solve
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.renderers.html import render_report_html
from tnt_sim.reporting.reports.explanation_page import build_report
from tnt_sim.scenario.load import load_scenario

WIDTHS = (390, 768, 1280)
MOST_HEIGHT = 5 * 844
"""Most height on a phone with annexes folded, in CSS pixels: five screens."""
LEAST_LETTER = 12.99
SHOWN = "[...document.querySelectorAll('figure > svg')].filter(svg => svg.getBoundingClientRect().width > 0)"
LETTERS = f"""() => {SHOWN}.map(svg => svg.getBoundingClientRect().width / svg.viewBox.baseVal.width
  * parseFloat(svg.getAttribute('font-size')))"""
CUT = f"""() => {SHOWN}.flatMap(svg => [...svg.querySelectorAll('text')].filter(text => {{
  const box = text.getBoundingClientRect(), own = svg.getBoundingClientRect()
  return box.left < own.left - 6 || box.right > own.right + 6 }}).map(text => text.textContent))"""


@pytest.fixture(scope="module", params=list(Lang))
def pages(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Return the pages of the demo, by question."""
    lang: Lang = request.param
    folder = tmp_path_factory.mktemp("pages") / "demo"
    assert main(["new", str(folder), "--quiet"]) == 0
    scenario = tnt.Scenario.from_yaml(folder / "scenario.yaml")
    (folder / "list.csv").write_text("dossier\nE-01\nE-02\nE-04\nE-06\nE-14\nE-99\n", encoding="utf-8")
    clash = scenario.with_({"rules.part-communes.min": "70 %", "programme.min_use": "95 %"})
    result = scenario.solve()
    answers = {
        "why": result.explain("E-03"),
        "three": result.explain("E-01", "E-03", "E-12"),
        "all": result.explain(everyone=True),
        "audit": tnt.audit(scenario, folder / "list.csv"),
        "conflict": tnt.conflict(clash),
        "prices": tnt.prices(scenario.with_({"programme.amount": "1 M€"})),
    }
    made = {name: folder / f"{name}.html" for name in answers}
    for name, answer in answers.items():
        answer.to_html(made[name], lang)
    return made


def check_page(chromium: Any, file: Path, width: int, *, scheme: str = "light") -> None:
    """Check one page at one width."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    context = chromium.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if width == min(WIDTHS):
        assert page.evaluate("document.documentElement.scrollHeight") <= MOST_HEIGHT
    letters = page.evaluate(LETTERS)
    assert letters
    assert min(letters) >= LEAST_LETTER
    assert page.evaluate(CUT) == []
    found = axe.run(page)
    assert [(one["id"], len(one["nodes"])) for one in found.response["violations"]] == []
    assert asked == [file.as_uri()]
    context.close()


@pytest.mark.slow
@pytest.mark.crossed
@pytest.mark.parametrize("name", ["why", "three", "all", "audit", "conflict", "prices"])
def test_a_page_is_read_at_every_width(chromium: Any, pages: Mapping[str, Path], name: str) -> None:
    for width in WIDTHS:
        check_page(chromium, pages[name], width)
    check_page(chromium, pages[name], WIDTHS[0], scheme="dark")


@pytest.mark.slow
def test_the_explanation_of_the_flagship_is_light_and_short(chromium: Any, tmp_path: Path) -> None:
    decided = of_result(solve(load_scenario(FROZEN), cross_check="never"))
    whole = explain(decided, everyone=True, seconds=60)
    file = tmp_path / "all.html"
    file.write_text(render_report_html(build_report(whole.data, decided), Lang.FR), encoding="utf-8")
    assert file.stat().st_size <= 3_000_000
    for width in WIDTHS:
        check_page(chromium, file, width)
    number = next(entry.dossier for entry in whole.data.dossiers if not entry.funded and entry.eligible)
    one = explain(decided, [number], known=whole.data)
    file.write_text(render_report_html(build_report(one.data, decided), Lang.EN), encoding="utf-8")
    assert file.stat().st_size <= 500_000
    check_page(chromium, file, WIDTHS[0])
