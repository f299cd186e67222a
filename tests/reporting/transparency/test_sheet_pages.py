"""The pages of sheets in a browser: no fault in both languages, on a phone and in the dark; found and printed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.accessibility_checks import CHECKS
from support.page_browser import list_violations, open_file
from support.paths import ROOT
from support.run_folders.motifs import copy_motifs

from tnt_sim.cli.main import main
from tnt_sim.engine.run_folder.run_access import open_stored
from tnt_sim.engine.run_folder.writer import write_run
from tnt_sim.engine.solve import solve
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.transparency.folder import build_anchor, iterate_documents
from tnt_sim.reporting.transparency.sheet import build_sheets
from tnt_sim.scenario.load import load_scenario

EVERYWHERE = (
    "code-is-valid", "ids-are-unique", "references-exist", "page-has-language", "languages-are-valid",
    "page-has-title", "headings-in-order", "landmarks", "lists-are-lists", "links-have-names",
    "letters-have-contrast", "no-presentation-tags", "reflow-at-320", "letters-of-200-percent", "spacing-of-text",
    "focus-is-seen", "no-trap",
)  # fmt: skip


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the scenario with one dossier for each reason."""
    return write_run(solve(load_scenario(copy_motifs(tmp_path_factory.mktemp("project")))), None)


@pytest.fixture(scope="module", params=list(Lang))
def pages(
    request: pytest.FixtureRequest, run_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Path]:
    """The page of all sheets, and some of one, in a language."""
    lang: Lang = request.param
    folder = tmp_path_factory.mktemp("sheets")
    files = {}
    for name, data in iterate_documents(open_stored(run_dir, lang=lang), lang):
        stem = Path(name).stem
        if name.endswith(".html") and stem in (
            "fiches",
            "sheets",
            "C-01",
            "C-05",
            "C-12",
            "J-1",
            "Q-1",
            "X-2",
        ):
            files[stem] = folder / f"{stem}.html"
            files[stem].write_bytes(data)
    return files


@pytest.mark.slow
@pytest.mark.crossed
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_has_a_fault(
    chromium: Any, pages: Mapping[str, Path], theme: str, subtests: pytest.Subtests
) -> None:
    for name, file in pages.items():
        with subtests.test(name), open_file(chromium, file, theme=theme) as page:
            assert list_violations(page) == []
            assert {check: faults for check in EVERYWHERE if (faults := CHECKS[check](page))} == {}


@pytest.mark.slow
def test_no_page_of_a_phone_is_wider(
    chromium: Any, pages: Mapping[str, Path], subtests: pytest.Subtests
) -> None:
    for name, file in pages.items():
        with subtests.test(name), open_file(chromium, file, width=390) as page:
            assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.slow
def test_a_sheet_is_found_shown_and_printed_alone(chromium: Any, pages: Mapping[str, Path]) -> None:
    file = pages.get("fiches") or pages["sheets"]
    with open_file(chromium, file) as page:
        assert page.locator("article:visible").count() == 0
        page.fill("#q", "reseau epci")
        assert page.locator("#index li:visible").all_inner_texts() == ["F-1 – Réseau de l'EPCI"]
        page.press("#q", "Enter")
        assert page.locator("article:visible").count() == 1
        assert page.locator("article:visible h2").inner_text().startswith("F-1")
        page.emulate_media(media="print")
        assert page.locator("article:visible").count() == 1
        assert page.locator("#search:visible, #index:visible").count() == 0


@pytest.mark.slow
def test_the_page_of_all_is_readable_without_a_script(chromium: Any, pages: Mapping[str, Path]) -> None:
    file = pages.get("fiches") or pages["sheets"]
    context = chromium.new_context(java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto(file.as_uri())
        assert page.locator("article").count() == 30
        assert page.locator("article").first.is_visible()
        assert not page.locator("#search").is_visible()
    finally:
        context.close()


def test_every_sheet_is_printed_on_one_page(run_dir: Path) -> None:
    weasyprint = pytest.importorskip("weasyprint", exc_type=ImportError)
    run = open_stored(run_dir, lang=Lang.FR)
    for sheet in build_sheets(run, Lang.FR, ["C-05", "Q-2", "X-1"]):
        assert len(weasyprint.HTML(string=sheet.to_html()).render().pages) == 1, sheet.dossier


def test_what_an_applicant_writes_is_text(tmp_path: Path) -> None:
    """A title that holds markup stands in the page as it was written."""
    (tmp_path / "data").mkdir()
    table = (ROOT / "scenarios" / "data" / "motifs.csv").read_text(encoding="utf-8")
    (tmp_path / "data" / "motifs.csv").write_text(
        table.replace("Guichet numérique", "<script>alert(1)</script>").replace(
            "C-03,C-03", '"C/3 ""&",C-03'
        ),
        encoding="utf-8",
    )
    (tmp_path / "motifs.yaml").write_bytes((ROOT / "scenarios" / "motifs.yaml").read_bytes())
    run = open_stored(write_run(solve(load_scenario(tmp_path / "motifs.yaml")), None))
    pages = dict(iterate_documents(run, Lang.FR))
    assert all(b"<script>alert" not in page for page in pages.values())
    assert b"&lt;script&gt;alert(1)&lt;/script&gt;" in pages["fiches/C-02.html"]
    assert b"<script" not in pages["fiches/C-02.html"]
    strange = next(name for name in pages if name.startswith("fiches/C-3"))
    assert "/" not in strange.removeprefix("fiches/")
    assert build_anchor('C/3 "&').isascii()


def test_the_verb_takes_no_unknown_dossier(
    run_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["transparency", str(run_dir), "--out", str(tmp_path / "f"), "--pdf", "C-99", "--lang", "en"]
    assert main(words) == 2
    assert "C-99" in capsys.readouterr().err
    assert not (tmp_path / "f").exists()
