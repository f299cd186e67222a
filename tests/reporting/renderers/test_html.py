"""The structure of a page: the answer first, pictures beside tables, long tables and annexes folded."""

from __future__ import annotations

import re

from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.charts.bars import Bars
from tnt_sim.reporting.renderers.html import OPEN_CARDS, OPEN_ROWS, render_report_body, render_report_html
from tnt_sim.reporting.report_tree import (
    NARROW,
    WIDE,
    Callout,
    Chart,
    Column,
    Kind,
    Paragraph,
    Report,
    Section,
    Table,
    Tone,
)


class Picture:
    def draw(self, label: str, lang: Lang, width: int) -> str:
        return f'<svg viewBox="0 0 {width} 1" role="img" aria-label="{label} {lang.value}"></svg>'


def build_table(n: int, n_columns: int) -> Table:
    numbers = [Column(f"Montant {k}", [10**9] * n, Kind.MONEY) for k in range(n_columns - 1)]
    return Table([Column("Dossier", [f"D{k}" for k in range(n)]), *numbers])


REPORT = Report(
    title="T",
    foot={"s": "0" * 64},
    nodes=[
        Callout("verdict", Tone.GOOD),
        Paragraph("raison"),
        Section("Annexe", [build_table(3, 2)], annex=True),
        Section("Image", [Chart(Picture(), "trouvé", "demandé", "alt"), build_table(40, 2)]),
        Section("Large", [build_table(40, 9)]),
        Section("Vide", [Chart(Bars([]), alt="alt")]),
        Section("Court", [build_table(3, 2)]),
        Paragraph("après"),
    ],
)


def test_a_page_answers_first_and_folds_its_annexes() -> None:
    page = render_report_html(REPORT, Lang.FR)
    order = ["verdict", "raison", "<nav", "trouvé", "Large</h2>", "Court</h2>", "après", 'class="annexes"']
    places = [page.index(words, page.index("<main>")) for words in order]
    assert places == sorted(places)
    assert page.index("Annexe</h2>") > page.index('class="annexes"')
    assert re.findall(r'<a href="#(\w+)">', page) == ["s1", "s2", "s4", "annexes"]
    for anchor in ("s1", "s2", "s4", "annexes"):
        assert page.count(f'id="{anchor}"') == 1
    assert "Vide" not in page
    body = render_report_body(REPORT, Lang.FR)
    assert "Annexe" not in body
    assert "<nav" not in body


def test_a_picture_is_drawn_for_two_widths_on_a_page_and_once_elsewhere() -> None:
    page, body = render_report_html(REPORT, Lang.EN), render_report_body(REPORT, Lang.EN)
    assert re.findall(r'<svg[^>]*viewBox="0 0 (\d+)', page) == [str(WIDE), str(NARROW)]
    assert re.findall(r'<svg[^>]*viewBox="0 0 (\d+)', body) == [str(WIDE)]
    assert "<strong>trouvé</strong><span>demandé</span>" in page


def test_the_rows_of_a_long_table_are_there_once() -> None:
    page = render_report_html(REPORT, Lang.FR)
    tables = [table.count("<tr>") - 1 for table in re.findall(r"<table.*?</table>", page, re.DOTALL)]
    assert tables == [OPEN_ROWS, 40 - OPEN_ROWS, OPEN_CARDS, 40 - OPEN_CARDS, 3, 3]
    large = page[page.index("Large</h2>") : page.index("Court</h2>")]
    assert large.count('<table class="cards wider">') == 2
    assert large.count("data-head=") == 8 * 40
    image = page[page.index("Image</h2>") : page.index("Large</h2>")]
    assert "cards" not in image
