"""A table with its own headers, on the first evening: what it becomes, and what is said on the way."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import xlsxwriter
from support.command_line import Run
from support.typed import as_typed

from tnt_sim.domain.budget_tree import EnvelopeSpec
from tnt_sim.i18n.message import Lang
from tnt_sim.i18n.numbers import format_significant, localise_amounts
from tnt_sim.reporting.report_tree import write_words
from tnt_sim.rules.envelopes.text import find_gaining_envelopes
from tnt_sim.studies.entry_thresholds.answer import read_no_loss

HEAD = ("id_projet", "dotation", "nom_terr", "echelon", "description", "cout_total", "montant_sub")
ROWS = [
    ("p1", "DETR", "A", "commune", "Serveur", 10000.0, 4000.25),
    ("p2", "DETR", "B", "com_com", "Tablettes", 20000.0, 8000.668),
    ("p3", "DSIL", "C", "commune", "Fibre", 90000.0, 30000.5),
]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A workbook as the ministry publishes it: numbers as numbers, fractions of a cent among them."""
    path = tmp_path / "x.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("Projets")
        for row, cells in enumerate([HEAD, *ROWS]):
            sheet.write_row(row, 0, cells)
    return path


def test_a_table_in_the_place_of_a_scenario_says_what_to_type(tnt: Run, table: Path) -> None:
    said = tnt("run", table)
    assert said.code == 2
    assert f"tnt-sim new ma-programmation --from {table}" in said.err
    assert f"tnt-sim new my-programme --from {table}" in tnt("validate", table, "--lang", "en").err


def test_what_was_granted_stands_for_what_was_asked_and_cents_are_rounded(tnt: Run, table: Path) -> None:
    folder = table.parent / "mine"
    said = tnt("new", folder, "--from", table)
    assert (said.code, said.err) == (0, "")
    page = " ".join(said.plain.split())
    assert "« montant_sub » donne des montants accordés ; ils sont pris pour les montants demandés." in page
    assert "echelon : « com_com » : que sont ces valeurs ?" in page
    text = (folder / "scenario.yaml").read_text(encoding="utf-8")
    assert 'title: "Dossiers de x.xlsx"' in text
    assert '- {id: "DETR"}   # demandé : 12\u202f000,92\u00a0€' in text
    assert "amount: 33 k€" in text
    assert "donc les moins chers d'abord" in text
    run = tnt("run", folder / "scenario.yaml", "--json").document
    assert (run["n_eligible"], run["title"]) == (3, "Dossiers de x.xlsx")
    again = [line.split("tnt-sim ")[1] for line in said.out.splitlines() if "tnt-sim run" in line]
    assert tnt(*again[0].split()).code == 0


def test_a_table_without_amounts_is_told_once(tnt: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("dossier;title\n" + "".join(f"D{k};x\n" for k in range(9)), encoding="utf-8")
    said = tnt("new", tmp_path / "a", "--from", path)
    (line,) = said.err.splitlines()
    assert "« requested » est vide partout" in line


def test_a_sweep_alone_goes_a_quarter_up(tnt: Run, demo: Path) -> None:
    found = tnt("sweep", "scenario.yaml", "--free", "--steps", "2", "--json").document
    assert [point["amount_cents"] for point in found["points"]] == [120_000_000, 135_000_000, 150_000_000]
    found = tnt("sweep", "scenario.yaml", "--free", "--steps", "1", "--from", "1.1 M€", "--json").document
    assert [point["amount_cents"] for point in found["points"]] == [110_000_000, 120_000_000]


def test_prices_that_a_person_can_read(tnt: Run, demo: Path) -> None:
    assert format_significant(Fraction("51.5464"), Lang.FR) == "51,5"
    assert format_significant(Fraction("0.0000515464"), Lang.EN) == "0.0000515"
    assert format_significant(Fraction(12345), Lang.EN) == "12,345"
    told = tnt("marginal-euro", "scenario.yaml").plain
    assert "e-0" not in told
    assert " / M€" in told or " / k€" in told


def test_thresholds_of_a_few_applications_are_computed(tnt: Run, demo: Path) -> None:
    found = tnt("entry-thresholds", "scenario.yaml", "--json").document
    waiting = [entry for entry in found["entries"] if entry["eligible"] and not entry["funded"]]
    assert waiting
    assert all(
        entry["no_loss_never"] or entry["no_loss_cents"] == entry["no_loss_upto_cents"] for entry in waiting
    )


@pytest.mark.parametrize("lang", Lang)
def test_one_amount_is_no_interval(tnt: Run, demo: Path, lang: Lang) -> None:
    told = as_typed(tnt("entry-thresholds", "scenario.yaml", "--at", "1 M€", "--lang", str(lang)).plain)
    at, interval = (
        ("À 1 000 000 € :", "De 1 000 000 €") if lang is Lang.FR else ("At €1,000,000:", "From €1,000,000")
    )
    assert at in told
    assert interval not in told


def test_nothing_to_price_is_said(tnt: Run, table: Path) -> None:
    assert tnt("new", table.parent / "mine", "--from", table).code == 0
    told = tnt("rule-prices", table.parent / "mine" / "scenario.yaml").plain
    assert "rien ne restreint le choix, hors l'enveloppe" in " ".join(told.split())


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0, None, "non calculé (--dossier)"),
        (500, None, "≥ 5 €"),
        (0, 500, "≤ 5 €"),
        (500, 700, "entre 5 € et 7 €"),
        (500, 500, "+5 €"),
        (0, 0, "dès aujourd'hui"),
    ],
)
def test_an_interval_in_words(low: int, high: int | None, said: str) -> None:
    entry: Any = SimpleNamespace(no_loss_cents=low, no_loss_upto_cents=high, no_loss_never=False)
    assert as_typed(write_words(read_no_loss(entry), Lang.FR)) == said


def test_amounts_of_a_comparison_are_written_as_people_do(tnt: Run, demo: Path) -> None:
    assert localise_amounts('[{"max": "50000.00 €"}]', Lang.EN) == '[{"max": "€50,000"}]'
    runs = [
        tnt("run", "scenario.yaml", "--set", f"programme.amount={amount}", "--json").document["run_dir"]
        for amount in ("1.2 M€", "1234567.89 €")
    ]
    assert "1 234 567,89 €" in tnt("compare", *runs).plain
    assert "1 200 000 € → 1 234 567,89 €" in tnt("core", *runs).plain


def test_one_dossier_is_one(tnt: Run, demo: Path) -> None:
    (demo / "liste.csv").write_text("dossier\nE-08\n", encoding="utf-8")
    told = tnt("audit", "scenario.yaml", "--selection", "liste.csv").plain
    assert "1 dossier retenu, " in told
    assert "(s)" not in told


def test_which_envelopes_may_get_free_money() -> None:
    def envelope(name: str, amount: str | None, **more: object) -> EnvelopeSpec:
        return EnvelopeSpec.model_validate({"id": name, "amount": amount, **more})

    def programme(**more: object) -> EnvelopeSpec:
        children = [
            {"id": "a", "amount": "4 €", "envelopes": [{"id": "aa", "amount": "4 €"}, {"id": "ab"}]},
            {"id": "b", "amount": "3 €", "ring_fenced": "true"},
        ]
        return envelope("p", "10 €", envelopes=children, **more)

    assert find_gaining_envelopes(programme()) == {"a": "p", "aa": "a"}
    assert find_gaining_envelopes(programme(unassigned="own")) == {}
    assert find_gaining_envelopes(programme(unassigned={"to": "b"})) == {}
    assert find_gaining_envelopes(programme(overbooked="true")) == {}
    assert find_gaining_envelopes(programme().model_copy(update={"amount": 700})) == {}


def test_validate_calls_a_condition_so_in_both_languages(tnt: Run, demo: Path) -> None:
    """The English table said « Rule » over ids of `eligibility`."""
    for lang, words in (("fr", "Pour ce seul motif"), ("en", "For this reason only")):
        lines = tnt("validate", demo / "scenario.yaml", "--lang", lang).plain.splitlines()
        (head,) = [line for line in lines if words in line]
        assert "Condition" in head
