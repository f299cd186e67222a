"""Reports on a terminal of 60, 80 and 120 columns: no line is longer, and no word is broken."""

from __future__ import annotations

import re
import zipfile
from fractions import Fraction
from io import BytesIO

import pytest
from rich.cells import cell_len

from tnt_sim.i18n.message import Bilingual, Lang
from tnt_sim.reporting.renderers.html import render_report_html
from tnt_sim.reporting.renderers.terminal import render_report
from tnt_sim.reporting.renderers.xlsx import build_report_workbook
from tnt_sim.reporting.report_tree import (
    Callout,
    Column,
    Kind,
    Listing,
    Output,
    Paragraph,
    Report,
    Section,
    Table,
    Tone,
)

WIDTHS = (60, 80, 120)
MONEY = [123_456_789_00, None, 5]
TITLES = ["Rénovation énergétique du groupe scolaire Jean-Jaurès", "", "Vélos en libre-service"]
WIDE = (
    Column(Bilingual("Dossier", "Dossier"), ["E-01", "DSIL-2021-000042", "E-03"]),
    Column(Bilingual("Intitulé du projet", "Title of the project"), TITLES),
    Column(Bilingual("Montant accordé", "Amount granted"), MONEY, Kind.MONEY),
    Column(Bilingual("Taux", "Rate"), [Fraction(1, 3), Fraction(0), None], Kind.RATE, optional=True),
    Column(Bilingual("Population des porteurs", "Applicants' population"), [1_234_567, 0, 12], Kind.COUNT),
    Column(Bilingual("Valeur", "Value"), ["320.75", "1", None], Kind.DECIMAL),
    Column(Bilingual("Non dépensé", "Unspent"), [8_800_000_000, 0, 1], Kind.ROUND_MONEY),
    Column("sha256", ["a" * 64] * 3, outputs=Output.FILES),
)


def build_report(*columns: Column, as_cards: bool = False, most: int = 20, spread: bool = False) -> Report:
    table = Table(columns, as_cards=as_cards, most=most, spread=spread)
    verdict = Bilingual(
        "Aucune répartition ne respecte toutes les règles : voici ce qui suffirait, le moins cher d'abord.",
        "No allocation satisfies every rule: here is what would be enough, cheapest first.",
    )
    return Report(
        title="x",
        subject="Dotation de soutien à l'investissement local, exercice 2026, région Provence-Alpes-Côte d'Azur",
        about=["dsil-2026"],
        nodes=[Callout(verdict, Tone.BAD), Section("Tout", [Paragraph(verdict), table])],
        synthetic=True,
    )


def read_words(text: str) -> list[str]:
    return re.findall("[^ ]+", text)  # a no-break space does not end a word


@pytest.mark.parametrize("lang", list(Lang))
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("as_cards", [False, True])
@pytest.mark.parametrize("n_columns", range(1, len(WIDE)))
def test_a_table_fits_without_a_broken_word(lang: Lang, width: int, as_cards: bool, n_columns: int) -> None:
    lines = [
        line.plain for line in render_report(build_report(*WIDE[:n_columns], as_cards=as_cards), lang, width)
    ]
    assert max(map(cell_len, lines)) <= width
    words = {word for line in lines for word in read_words(line)}
    for column in WIDE[:n_columns]:
        cells = column.format_values(lang, range(3))
        wanted = {word for cell in cells if cell != "–" for word in read_words(cell)}
        assert wanted <= words or column.optional


@pytest.mark.parametrize("width", [44, 48, 52, 60, 80])
def test_no_line_is_broken_at_a_no_break_space(width: int) -> None:
    text = (
        "Accordé\u00a0: «\u00a0numerique\u00a0», 1\u202f100\u202f000\u00a0€\u202f; reste\u00a0: 20\u202f%. "
        * 3
    )
    table = Table([Column("n", ["E-01"]), Column("Montant", [text.strip()])])
    report = Report(title="x", subject="y", about=[], nodes=[Paragraph(text), table])
    lines = [line.plain for line in render_report(report, Lang.FR, width)]
    assert max(map(cell_len, lines)) <= width
    for part in (lines[: lines.index("  n     Montant")], lines):
        assert {*read_words(text)} <= {word for line in part for word in read_words(line)}


def test_a_narrow_table_drops_what_is_optional_then_becomes_cards() -> None:
    shown = {
        width: "\n".join(line.plain for line in render_report(build_report(*WIDE[:6]), Lang.EN, width))
        for width in WIDTHS
    }
    assert ["Rate" in shown[width] for width in WIDTHS] == [True, False, True]
    assert ["Rate: 33.33%" in shown[width] for width in WIDTHS] == [True, False, False]


def test_a_card_begins_with_its_rank() -> None:
    rank = Column("Rank", [1, 2], Kind.COUNT)
    repair, what = Column("Repair", ["Raise", "Lower"]), Column("To write", ["--set a=1", ""])
    lines = [
        line.plain for line in render_report(build_report(rank, repair, what, as_cards=True), Lang.EN, 80)
    ]
    assert lines[-3:] == ["  1. Raise", "       To write: --set a=1", "  2. Lower"]


def test_a_terminal_lists_the_first_rows_or_rows_evenly_spread() -> None:
    column = Column("n", list(range(100)), Kind.COUNT)
    first = [line.plain.strip() for line in render_report(build_report(column, most=3), Lang.EN, 80)]
    assert first[-4:] == ["0", "1", "2", "… 97 more: --json"]
    spread = [
        line.plain.strip() for line in render_report(build_report(column, most=3, spread=True), Lang.EN, 80)
    ]
    assert spread[-4:] == ["0", "50", "99", "… 97 more: --json"]


def test_a_card_writes_a_strong_cell_as_plainly_as_its_first_one() -> None:
    names, strong, soft = Column("", ["A"]), Column("", ["plain"], strong=True), Column("", ["aside"])
    report = build_report(names, strong, soft, as_cards=True)
    styles = {line.plain.strip(): str(line.style) for line in render_report(report, Lang.EN, 80)}
    assert (styles["A"], styles["plain"], styles["aside"]) == ("", "", "dim")


def test_a_listing_keeps_its_lines_and_a_bare_report_has_no_head() -> None:
    rows = [("programme:", ""), ("  amount: 1 M€", "a.yaml:3"), ("  title: x", "a.yaml:4")]
    report = Report(title="Values", subject="Programme", nodes=[Listing(rows, "values")], bare=True)
    assert [line.plain for line in render_report(report, Lang.FR, 60)] == [
        "programme:",
        "  amount: 1 M€  # a.yaml:3",
        "  title: x      # a.yaml:4",
    ]
    page = render_report_html(report, Lang.FR)
    assert '  amount: 1 M€  <span class="soft"># a.yaml:3</span>' in page
    book = zipfile.ZipFile(BytesIO(build_report_workbook(report, Lang.FR)))
    texts = book.read("xl/sharedStrings.xml").decode()
    assert "  amount: 1 M€" in texts
    assert "a.yaml:3" in texts
